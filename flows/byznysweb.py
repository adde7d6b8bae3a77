"""The payment state of an e-shop's orders on ByznysWeb."""

from __future__ import annotations

from datetime import date
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from blocks.byznysweb import ByznysWebShop
from flows.marking import mark_payments, run_name
from tasks.providers.byznysweb import ByznysWeb


@flow(name="byznysweb", flow_run_name=run_name)
def byznysweb(
    account: str = "byznysweb",
    unit: str = "pohoda",
    first_day: date | None = None,
    last_day: date | None = None,
    dry_run: bool = False,
) -> State[Any]:
    """Přenese do Pohody stav úhrady objednávek z e-shopu na ByznysWebu.

    Args:
        account: Jméno bloku ByznysWeb s e-shopem.
        unit: Jméno bloku „Pohoda - účetní jednotka“.
        first_day: Od kterého dne se mají načíst změny objednávek; prázdné znamená vše, co ještě chybí.
        last_day: Poslední takový den; změny se vždy čtou až do teď.
        dry_run: Jen ukázat, co by se zapsalo.
    """
    return mark_payments(ByznysWeb, ByznysWebShop, account, unit, first_day, last_day, dry_run)
