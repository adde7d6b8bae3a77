"""Payments that came to an account at Česká spořitelna."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from blocks.ceska_sporitelna import CeskaSporitelnaAccount
from flows.forms import Account, DryRun, FirstDay, LastDay, Unit
from flows.marking import mark_payments, run_name
from tasks.providers.ceska_sporitelna import CeskaSporitelna


@flow(name="ceska-sporitelna", flow_run_name=run_name)
def ceska_sporitelna(
    account: Account = "ceska-sporitelna",
    unit: Unit = "pohoda",
    first_day: FirstDay = None,
    last_day: LastDay = None,
    dry_run: DryRun = False,
) -> State[Any]:
    """Stáhne zaúčtované pohyby účtu u České spořitelny a označí v Pohodě zaplacené doklady.

    Bez zadaných dnů čte dnešek, znovu několik posledních dnů (banka někdy účtuje pozdě) a vše, co od posledního
    úplného dne chybí. Opakované stažení stejných dnů nic nezmění.

    Args:
        account: Jméno bloku „Česká spořitelna“ s účtem.
        unit: Jméno bloku „Pohoda - účetní jednotka“.
        first_day: První den pohybů, které stáhnout znovu; prázdné = co chybí.
        last_day: Poslední takový den; prázdné znamená jen první den.
        dry_run: Jen ukázat, co by se zapsalo; do Pohody se nezapíše nic.
    """
    return mark_payments(CeskaSporitelna, CeskaSporitelnaAccount, account, unit, first_day, last_day, dry_run)
