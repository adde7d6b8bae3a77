"""A check of everything that the runs of one accounting unit need, which changes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from typing import Annotated, Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from blocks.pohoda import PohodaUnit
from flows.deployed import accounts_of
from flows.forms import Unit, titled
from flows.noticing import tell_of_check
from flows.providers import PROVIDERS
from flows.runs import block_named, scheduled_day
from flows.telling import leave, masked_logs, told
from tasks.checking import Finding, failed, looked
from tasks.checking.accounts import AREA as ACCOUNTS
from tasks.checking.accounts import account_findings, news_of_account
from tasks.checking.backup import backup_findings
from tasks.checking.database import AREA as DATABASE
from tasks.checking.database import database_findings, list_findings
from tasks.checking.ledger import AREA as LEDGER
from tasks.checking.ledger import last_complete, ledger_findings
from tasks.checking.memory import Scratch
from tasks.checking.mserver import mserver_findings
from tasks.errors import PohodaPaymentsError
from tasks.ledger import Ledger
from tasks.pohoda.finding import located
from tasks.reporting.check import check_key, check_markdown, check_summary
from tasks.secrets import masked, secrets_of


def check_name() -> str:
    """Which unit and day a check is about, for the list of runs in the UI."""
    return f"{flow_run.parameters.get('unit')} {scheduled_day()}"


@flow(name="check", flow_run_name=check_name)
def check(unit: Unit = "pohoda", accounts: Annotated[list[str] | None, titled("Účty")] = None) -> State[Any]:
    """Zkontroluje databázi, mServer, evidenci a účty poskytovatelů a nic při tom nezmění.

    Zpráva u každé věci říká, jak je na tom, podle čeho se to pozná a co udělat dál.

    Args:
        unit: Jméno bloku „Pohoda - účetní jednotka“.
        accounts: Účty ve tvaru poskytovatel/blok, např. fio/fio; prázdné = všechny účty této jednotky.
    """

    def story() -> State[Any]:
        findings, secrets = findings_of(unit, accounts_of(unit) if accounts is None else accounts)
        get_run_logger().info(check_summary(findings))
        tell_of_check(findings, unit, scheduled_day())
        leave(masked(check_markdown(unit, findings), secrets), check_key(unit), check_summary(findings))
        wrong = [f"{finding.area}: {finding.name}" for finding in findings if finding.state == "wrong"]
        if wrong:
            return Failed(message=f"Špatně: {len(wrong)} ({', '.join(wrong)})")
        return Completed(message=check_summary(findings))

    return told(story)


def findings_of(unit: str, accounts: Iterable[str]) -> tuple[list[Finding], list[Any]]:
    """All findings, and the secrets that no report may hold."""
    today = scheduled_day()
    try:
        pohoda = block_named(PohodaUnit, unit)
    except PohodaPaymentsError as error:
        return [failed("Nastavení", f"Blok {unit}", error)], []
    with ExitStack() as open_things:
        open_things.enter_context(masked_logs(pohoda))
        found, memory = _opened_ledger(pohoda, open_things)
        found = [*_of_pohoda(pohoda, memory, today), *found]
        secrets = secrets_of(pohoda)
        for label in accounts:
            more, theirs = _of_account(label, memory, today)
            found += more
            secrets += theirs
    return found, secrets


def _opened_ledger(pohoda: PohodaUnit, open_things: ExitStack) -> tuple[list[Finding], Any]:
    """What is told of the ledger, and what remembers in its place when it cannot be used."""
    try:
        ledger = open_things.enter_context(Ledger.of_unit(pohoda.ico, pohoda.ledger, mend=False))
    except PohodaPaymentsError as error:
        return [failed(LEDGER, "Celistvost", error)], Scratch()
    return looked(LEDGER, "Celistvost", lambda: ledger_findings(ledger, dt.datetime.now(dt.UTC))), ledger


def _of_pohoda(pohoda: PohodaUnit, memory: Any, today: dt.date) -> list[Finding]:
    by_list = not pohoda.database.name
    try:
        pohoda = located(pohoda, today)
    except PohodaPaymentsError as error:
        return [failed(DATABASE, "Nalezení databáze", error), *mserver_findings(pohoda, memory)]
    return [
        *database_findings(pohoda, today),
        *(list_findings(pohoda) if by_list else []),
        *backup_findings(pohoda),
        *mserver_findings(pohoda, memory),
    ]


def _of_account(label: str, memory: Any, today: dt.date) -> tuple[list[Finding], list[Any]]:
    provider, _, name = label.partition("/")
    if provider not in PROVIDERS:
        cause = "Takového poskytovatele program nezná."
        return [Finding(ACCOUNTS, label, "wrong", cause, "", f"Napište jeden z: {', '.join(PROVIDERS)}.")], []
    kind, made = PROVIDERS[provider]
    try:
        account = block_named(kind, name or provider)
    except PohodaPaymentsError as error:
        return [failed(ACCOUNTS, label, error)], []
    with masked_logs(account):
        found = account_findings(label, lambda: made(account, memory), today)
        if isinstance(memory, Ledger):
            with suppress(PohodaPaymentsError):  # that the account cannot be used is among the findings already
                source = made(account, memory).source
                found += _news(label, account, source, memory, today)
        return found, secrets_of(account)


def _news(label: str, account: Any, source: str, ledger: Ledger, today: dt.date) -> list[Finding]:
    def look() -> list[Finding]:
        return [news_of_account(label, last_complete(ledger, source, today), account.late_after_days, today)]

    return looked(ACCOUNTS, f"{label}: úplnost dat", look)
