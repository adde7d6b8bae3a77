"""Payments to an account at Fio banka."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from blocks.fio import FioAccount
from flows.forms import Account, DryRun, FirstDay, LastDay, Unit
from flows.marking import mark_payments, run_name
from tasks.providers.fio import Fio


@flow(name="fio", flow_run_name=run_name)
def fio(
    account: Account = "fio",
    unit: Unit = "pohoda",
    first_day: FirstDay = None,
    last_day: LastDay = None,
    dry_run: DryRun = False,
) -> State[Any]:
    """Označí v Pohodě doklady zaplacené na účet u Fio banky.

    Args:
        account: Jméno bloku „Fio banka“ s účtem.
        unit: Jméno bloku „Pohoda - účetní jednotka“.
        first_day: První den, který se má stáhnout; prázdné znamená vše, co ještě chybí.
        last_day: Poslední takový den; prázdné znamená jen první den.
        dry_run: Jen ukázat, co by se zapsalo; do Pohody se nezapíše nic.
    """
    return mark_payments(Fio, FioAccount, account, unit, first_day, last_day, dry_run)
