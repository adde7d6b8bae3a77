"""Why a document is marked as it is, or what became of a payment: one page, in the UI or at the command line."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed
from rich.console import Console
from rich.markdown import Markdown

from blocks.pohoda import PohodaUnit
from flows.command_line import add_home, prefect_of
from flows.forms import Unit, titled
from flows.runs import block_named, scheduled_day, unit_named
from flows.settling import payments_horizon
from flows.telling import leave, masked_logs, told
from tasks.days import ONE_DAY, prague_day
from tasks.errors import PohodaPaymentsError, SettingError
from tasks.ledger import Ledger
from tasks.matching.explain import document_page, payment_page
from tasks.matching.tracing import explain_document, explain_payment
from tasks.pohoda.finding import located
from tasks.pohoda.years import read_years
from tasks.reporting import key_of
from tasks.reporting.text import escaped


def question() -> str:
    """What a run is asked, for the list of runs in the UI."""
    given = flow_run.parameters
    return f"explain {given.get('document') or given.get('payment')}"


@flow(name="explain", flow_run_name=question)
def explain(
    document: Annotated[str, titled("Číslo dokladu")] = "",
    payment: Annotated[str, titled("Číslo platby")] = "",
    unit: Unit = "pohoda",
) -> State[Any]:
    """Vysvětlí, proč je doklad označen tak, jak je, nebo co se stalo s platbou. Nic nemění.

    Args:
        document: Číslo dokladu; prázdné, když se ptáte na platbu.
        payment: Číslo platby ze zprávy o běhu; prázdné, když se ptáte na doklad.
        unit: Jméno bloku „Pohoda - účetní jednotka“.
    """

    def story() -> State[Any]:
        pohoda = unit_named(unit)
        with masked_logs(pohoda):
            found = "\n\n".join(pages(pohoda, document.strip(), payment.strip(), scheduled_day()))
        leave(found, key_of("vysvetleni", unit), escaped(document or payment))
        return Completed(message="Vysvětlení je v přiložené stránce")

    return told(story)


def pages(pohoda: PohodaUnit, document: str, payment: str, today: dt.date) -> list[str]:
    """The pages, in Markdown, of every document of this number or every payment of this id.

    Raises SettingError when nothing of that name is known.
    """
    with Ledger.of_unit(pohoda.ico, pohoda.ledger) as ledger:
        found = list(_pages(pohoda, ledger, today, document, payment))
    if not found:
        raise SettingError(
            "There is nothing of that name to explain",
            evidence=f"document {document!r}, payment {payment!r}, within {pohoda.horizon_days} days",
            next_step="take the document's number from Pohoda, or the payment's from a report",
        )
    return found


def _pages(pohoda: PohodaUnit, ledger: Ledger, today: dt.date, document: str, payment: str) -> Iterator[str]:
    documents = read_years(pohoda, today)
    payments = ledger.payments(today - ONE_DAY * payments_horizon(pohoda))
    freshness = ledger.freshness()
    for row in documents[documents["number"] == document].itertuples() if document else ():
        known = explain_document(payments, documents, pohoda.matching, str(row.agenda), int(str(row.id)))
        history = ledger.history(pohoda.ico, known.agenda, known.number)
        yield document_page(known, history, freshness, today)
    for row in payments[payments["payment_id"] == payment].itertuples() if payment else ():
        explained = explain_payment(payments, documents, pohoda.matching, str(row.source), payment)
        yield payment_page(explained, freshness)


def main(arguments: Sequence[str] | None = None) -> int:
    """The same at the command line: `python -m flows.explain 260100101`."""
    parser = argparse.ArgumentParser(prog="python -m flows.explain", description=__doc__)
    parser.add_argument("document", nargs="?", default="", help="number of a document")
    parser.add_argument("--payment", default="", help="id of a payment, as the reports show it")
    parser.add_argument("--unit", default="pohoda", help="name of the accounting unit's block")
    add_home(parser)
    asked = parser.parse_args(arguments)
    console = Console()
    try:
        today = prague_day(dt.datetime.now(dt.UTC))
        with prefect_of(asked.home):
            pohoda = located(block_named(PohodaUnit, asked.unit), today)
        for page in pages(pohoda, asked.document, asked.payment, today):
            console.print(Markdown(page))
    except PohodaPaymentsError as error:
        console.print(str(error), style="red")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
