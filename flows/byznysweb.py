"""The payment state of an e-shop's orders on ByznysWeb."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from blocks.byznysweb import ByznysWebShop
from flows.forms import Account, DryRun, FirstDay, LastDay, Unit
from flows.marking import mark_payments, run_name
from tasks.providers.byznysweb import ByznysWeb


@flow(name="byznysweb", flow_run_name=run_name)
def byznysweb(
    account: Account = "byznysweb",
    unit: Unit = "pohoda",
    first_day: FirstDay = None,
    last_day: LastDay = None,
    dry_run: DryRun = False,
) -> State[Any]:
    """Přenese do Pohody stav úhrady objednávek z e-shopu na ByznysWebu.

    Args:
        account: Jméno bloku ByznysWeb s e-shopem.
        unit: Jméno bloku „Pohoda - účetní jednotka“.
        first_day: Od kterého dne se mají načíst změny objednávek; prázdné znamená vše, co ještě chybí.
        last_day: Poslední takový den; změny se vždy čtou až do teď.
        dry_run: Jen ukázat, co by se zapsalo; do Pohody se nezapíše nic.
    """
    return mark_payments(ByznysWeb, ByznysWebShop, account, unit, first_day, last_day, dry_run)
