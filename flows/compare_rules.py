"""What other rules would change, tried on the firm's own payments before they are saved."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from blocks.matching import Matching
from blocks.pohoda import PohodaUnit
from flows.runs import block_named
from flows.settling import payments_horizon
from tasks.days import ONE_DAY, prague_day
from tasks.errors import PohodaPaymentsError
from tasks.ledger import Ledger
from tasks.matching.comparing import compare
from tasks.pohoda.documents import read_documents
from tasks.reporting import key_of
from tasks.reporting.differences import differences_page


@flow(name="compare-rules", flow_run_name="compare rules of {unit}")
def compare_rules(proposed: Matching, unit: str = "pohoda", days: int = 90) -> State[Any]:
    """Ukáže doklad po dokladu, co by se změnilo s jinými pravidly. Nic nemění a nic neukládá.

    Args:
        proposed: Navrhovaná pravidla; dosavadní zůstávají v bloku, dokud je tam sami nezměníte.
        unit: Jméno bloku „Pohoda - účetní jednotka“.
        days: Kolik dnů zpět vystavené doklady porovnat.
    """
    try:
        pohoda = block_named(PohodaUnit, unit)
        today = prague_day(dt.datetime.now(dt.UTC))
        with Ledger.of_unit(pohoda.ico, pohoda.ledger) as ledger:
            payments = ledger.payments(today - ONE_DAY * payments_horizon(pohoda))
        documents = read_documents(pohoda, today)
    except PohodaPaymentsError as error:
        get_run_logger().error("%s: %s", type(error).__name__, error)
        return Failed(message=str(error))
    recent = documents.loc[documents["issued_on"] >= pd.Timestamp(today - ONE_DAY * days), ["agenda", "id"]]
    differences = compare(payments, documents, pohoda.matching, proposed).merge(
        recent.rename(columns={"id": "document_id"}), on=["agenda", "document_id"]
    )
    create_markdown_artifact(differences_page(differences, days), key=key_of("pravidla", unit))
    return Completed(message=f"Jinak by dopadlo dokladů: {len(differences)}")
