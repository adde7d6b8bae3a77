"""Payments through the gateway Comgate."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from blocks.comgate import ComgateShop
from flows.forms import Account, DryRun, FirstDay, LastDay, Unit
from flows.marking import mark_payments, run_name
from tasks.providers.comgate import Comgate


@flow(name="comgate", flow_run_name=run_name)
def comgate(
    account: Account = "comgate",
    unit: Unit = "pohoda",
    first_day: FirstDay = None,
    last_day: LastDay = None,
    dry_run: DryRun = False,
) -> State[Any]:
    """Zeptá se brány Comgate na klíče plateb na dokladech a označí v Pohodě zaplacené.

    Args:
        account: Jméno bloku Comgate s propojením obchodu.
        unit: Jméno bloku „Pohoda - účetní jednotka“.
        first_day: První den vystavení dokladů a výplat, na které se zeptat znovu; prázdné = co je třeba.
        last_day: Poslední takový den; prázdné znamená jen první den.
        dry_run: Jen ukázat, co by se zapsalo; do Pohody se nezapíše nic.
    """
    return mark_payments(Comgate, ComgateShop, account, unit, first_day, last_day, dry_run)
