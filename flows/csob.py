"""Payments to accounts at ČSOB."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from blocks.csob import CsobAccount
from flows.forms import Account, DryRun, FirstDay, LastDay, Unit
from flows.marking import mark_payments, run_name
from tasks.providers.csob import Csob


@flow(name="csob", flow_run_name=run_name)
def csob(
    account: Account = "csob",
    unit: Unit = "pohoda",
    first_day: FirstDay = None,
    last_day: LastDay = None,
    dry_run: DryRun = False,
) -> State[Any]:
    """Přečte nová avíza ČSOB ze složky nebo z Business Connectoru a označí v Pohodě zaplacené doklady.

    Args:
        account: Jméno bloku ČSOB.
        unit: Jméno bloku „Pohoda - účetní jednotka“.
        first_day: První den, jehož avíza se mají přečíst znovu; prázdné = jen co je nové.
        last_day: Poslední takový den; prázdné znamená jen první den.
        dry_run: Jen ukázat, co by se zapsalo; do Pohody se nezapíše nic.
    """
    return mark_payments(Csob, CsobAccount, account, unit, first_day, last_day, dry_run)
