"""What other rules would change, tried on the firm's own payments before they are saved."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import pandas as pd
from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from blocks.matching import Matching
from flows.forms import Unit, titled
from flows.runs import scheduled_day, unit_named
from flows.settling import payments_horizon
from flows.telling import leave, masked_logs, told
from tasks.days import ONE_DAY
from tasks.ledger import Ledger
from tasks.matching.comparing import compare
from tasks.pohoda.years import read_years
from tasks.reporting import key_of
from tasks.reporting.differences import differences_page


@flow(name="compare-rules", flow_run_name="compare rules of {unit}")
def compare_rules(
    proposed: Annotated[Matching, titled("Navrhovaná pravidla")],
    unit: Unit = "pohoda",
    days: Annotated[int, titled("Kolik dnů zpět")] = 90,
) -> State[Any]:
    """Ukáže doklad po dokladu, co by se změnilo s jinými pravidly. Nic nemění a nic neukládá.

    Args:
        proposed: Navrhovaná pravidla; dosavadní zůstávají v bloku, dokud je tam sami nezměníte.
        unit: Jméno bloku „Pohoda - účetní jednotka“.
        days: Kolik dnů zpět vystavené doklady porovnat.
    """

    def story() -> State[Any]:
        pohoda, today = unit_named(unit), scheduled_day()
        with masked_logs(pohoda), Ledger.of_unit(pohoda.ico, pohoda.ledger) as ledger:
            payments = ledger.payments(today - ONE_DAY * payments_horizon(pohoda))
            documents = read_years(pohoda, today)
        differences = compare(payments, documents, pohoda.matching, proposed)
        shown = issued_since(differences, documents, today - ONE_DAY * days)
        summary = f"Jinak by dopadlo dokladů: {len(shown)}"
        leave(differences_page(shown, days), key_of("pravidla", unit), summary)
        return Completed(message=summary)

    return told(story)


def issued_since(differences: pd.DataFrame, documents: pd.DataFrame, first: dt.date) -> pd.DataFrame:
    """The differences of documents issued on this day or later."""
    recent = documents.loc[documents["issued_on"] >= pd.Timestamp(first), ["agenda", "id"]]
    return differences.merge(recent.rename(columns={"id": "document_id"}), on=["agenda", "document_id"])
