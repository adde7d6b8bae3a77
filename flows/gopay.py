"""Payments by the gateway GoPay, from its account statements."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from blocks.gopay import GoPayAccount
from flows.forms import Account, DryRun, FirstDay, LastDay, Unit
from flows.marking import mark_payments, run_name
from tasks.providers.gopay import GoPay


@flow(name="gopay", flow_run_name=run_name)
def gopay(
    account: Account = "gopay",
    unit: Unit = "pohoda",
    first_day: FirstDay = None,
    last_day: LastDay = None,
    dry_run: DryRun = False,
) -> State[Any]:
    """Označí v Pohodě doklady zaplacené přes platební bránu GoPay.

    Args:
        account: Jméno bloku GoPay s účtem u platební brány.
        unit: Jméno bloku „Pohoda - účetní jednotka“.
        first_day: První den, který se má stáhnout; prázdné znamená vše, co ještě chybí.
        last_day: Poslední takový den; prázdné znamená jen první den.
        dry_run: Jen ukázat, co by se zapsalo; do Pohody se nezapíše nic.
    """
    return mark_payments(GoPay, GoPayAccount, account, unit, first_day, last_day, dry_run)
