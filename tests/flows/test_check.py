"""The check: what is wrong is said with its next step, and nothing changes by being looked at."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State

from flows.check import check
from flows.deployed import accounts_of
from flows.providers import PROVIDERS
from sandbox.demo import PROVIDERS as OPENED
from sandbox.pohoda_system import list_units
from tasks.errors import Unavailable
from tests.flows.conftest import Firm
from tests.flows.test_marking import completed, failed

Open = Callable[..., Firm]
FACTS = ("payments", "coverage", "writes", "answers", "cursors", "faults")


def checked(firm: Firm, *accounts: str) -> State[Any]:
    return check(unit=firm.unit, accounts=list(accounts), return_state=True)


def report(firm: Firm) -> str:
    with get_client(sync_client=True) as client:
        found = [a for a in client.read_artifacts() if a.key == f"kontrola-{firm.unit}"]
    return str(max(found, key=lambda a: str(a.updated)).data)


def facts(firm: Firm) -> dict[str, Any]:
    with closing(sqlite3.connect(firm.folder / "ledger.db")) as ledger:
        names = {row[0] for row in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return {name: ledger.execute(f"SELECT * FROM {name}").fetchall() for name in FACTS if name in names}


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("StwPh_*")}


def test_every_provider_that_can_be_run_can_be_checked() -> None:
    assert set(PROVIDERS) == set(OPENED)


def test_all_is_right_in_the_sandbox_and_nothing_changes_by_being_looked_at(open_firm: Open) -> None:
    firm = open_firm()
    accounts = [f"{name}/{firm.opened_account(name)}" for name in ("fio", "comgate", "gp-webpay")]
    completed(firm.run("fio"))
    before, known, marks = files(firm.folder), facts(firm), firm.pohoda.marks()
    sent = len(firm.mserver.import_requests)
    message = completed(checked(firm, *accounts))
    assert message.startswith("Špatně: 0")
    assert files(firm.folder) == before
    assert facts(firm) == known
    assert firm.pohoda.marks() == marks
    assert all(b"PROBE" in request.body for request in firm.mserver.import_requests[sent:])
    assert firm.mserver.created == []


def test_whether_data_are_complete_is_not_left_out_where_it_cannot_be_found_out(
    open_firm: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object) -> None:
        raise Unavailable("The ledger is locked.", next_step="Run again later.")

    firm = open_firm()
    account = f"fio/{firm.opened_account('fio')}"
    completed(firm.run("fio"))
    monkeypatch.setattr("flows.check.last_complete", unavailable)
    assert failed(checked(firm, account)) == f"Špatně: 1 (Účty: {account}: úplnost dat)"


def test_a_check_before_the_first_run_asks_mserver_by_a_probe_alone(open_firm: Open) -> None:
    firm = open_firm()
    completed(checked(firm))
    assert [b"PROBE-ord" in request.body for request in firm.mserver.import_requests] == [True]


def test_each_thing_that_is_wrong_is_counted_and_told_with_its_next_step(open_firm: Open) -> None:
    firm = open_firm(accepts_updates=False)
    block = firm.pohoda.unit(firm.mserver.address, firm.ledger)
    block.issued_invoices.amount_field = "VPrNeniTu"
    block.issued_invoices.count_field = "VPrUhrazeno"
    block.save(firm.unit, overwrite=True)
    message = failed(checked(firm, "fio/nobody", "bank-of-nowhere/x"))
    assert message.startswith("Špatně: 5")
    told = report(firm)
    assert "Pole VPrNeniTu v Pohodě není." in told
    assert "Použijte některé z polí tohoto druhu: VPrUhrazeno \\(„Uhrazeno“\\)." in told
    assert "Pole VPrUhrazeno není druhu" in told
    assert "Tato verze Pohody úpravu odmítá." in told
    assert "Blok se nepodařilo načíst." in told
    assert "Takového poskytovatele program nezná." in told


def test_a_frozen_mserver_is_recognised(open_firm: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.mserver import client as wire

    firm = open_firm()
    firm.mserver.frozen = True
    quick = {"read_seconds": 5.0, "quick_seconds": 0.3}
    monkeypatch.setattr(wire.MServerClient.__init__, "__kwdefaults__", quick)
    failed(checked(firm))
    assert "mServer je zamrzlý" in report(firm)


def test_a_unit_that_mserver_does_not_serve_is_told(open_firm: Open) -> None:
    firm = open_firm()
    firm.mserver.database = "StwPh_12345678_2019"
    failed(checked(firm))
    assert "mServer obsluhuje jinou účetní jednotku nebo jiný rok." in report(firm)


def test_a_damaged_ledger_hides_nothing_else(open_firm: Open) -> None:
    firm = open_firm()
    (firm.folder / "ledger.db").write_bytes(b"not a database at all" * 100)
    failed(checked(firm, f"fio/{firm.opened_account('fio')}"))
    told = report(firm)
    assert "Soubor evidence plateb je poškozený" in told
    assert "Fio přijalo token" in told


def test_a_unit_found_by_its_number_is_checked_with_its_past(open_firm: Open) -> None:
    firm = open_firm()
    block = firm.pohoda.unit(firm.mserver.address, firm.ledger)
    found = list_units(firm.folder, [firm.pohoda])
    block.model_copy(update={"database": found}).save(firm.unit, overwrite=True)
    completed(checked(firm))
    assert "StwPh\\_sys" in report(firm)
    block.model_copy(update={"database": found, "ico": "99999999"}).save(firm.unit, overwrite=True)
    failed(checked(firm))
    assert "nenašla databáze letošního roku" in report(firm)


def test_a_unit_whose_block_is_not_there_is_one_finding(open_firm: Open) -> None:
    open_firm()
    state = check(unit="nobody", accounts=[], return_state=True)
    assert failed(state).startswith("Špatně: 1")


def test_every_account_is_checked_when_none_is_named_but_those_of_other_units(
    open_firm: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.deployed.PAGE", 2)
    firm = open_firm()
    ours = f"gopay/{firm.opened_account('gopay')}"
    assert ours in accounts_of(firm.unit)
    with get_client(sync_client=True) as client:
        flow = client.create_flow_from_name("gopay")
        for number, unit in enumerate(("other", "another", "third", firm.unit)):
            given = {"account": ours.partition("/")[2], "unit": unit}
            client.create_deployment(flow, f"{firm.unit}-{number}", parameters=given)
            assert (ours in accounts_of(firm.unit)) == (unit == firm.unit)
    assert ours in accounts_of("third")
    assert ours not in accounts_of("nobody")
