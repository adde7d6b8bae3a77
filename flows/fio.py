"""Payments to an account at Fio banka."""

from __future__ import annotations

from datetime import date
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from blocks.fio import FioAccount
from flows.marking import mark_payments, run_name
from tasks.providers.fio import Fio


@flow(name="fio", flow_run_name=run_name)
def fio(
    account: str = "fio",
    unit: str = "pohoda",
    first_day: date | None = None,
    last_day: date | None = None,
    dry_run: bool = False,
) -> State[Any]:
    """Označí v Pohodě doklady zaplacené na účet u Fio banky.

    Args:
        account: Jméno bloku „Fio banka“ s účtem.
        unit: Jméno bloku „Pohoda - účetní jednotka“.
        first_day: První den, který se má stáhnout; prázdné znamená vše, co ještě chybí.
        last_day: Poslední den, který se má stáhnout; prázdné znamená do dneška.
        dry_run: Jen ukázat, co by se zapsalo.
    """
    return mark_payments(Fio, FioAccount, account, unit, first_day, last_day, dry_run)
