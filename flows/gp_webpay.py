"""Payments through the gateway GP webpay."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from blocks.gp_webpay import GpWebpayMerchant
from flows.forms import Account, DryRun, FirstDay, LastDay, Unit
from flows.marking import mark_payments, run_name
from tasks.providers.gp_webpay import GpWebpay


@flow(name="gp-webpay", flow_run_name=run_name)
def gp_webpay(
    account: Account = "gp-webpay",
    unit: Unit = "pohoda",
    first_day: FirstDay = None,
    last_day: LastDay = None,
    dry_run: DryRun = False,
) -> State[Any]:
    """Zeptá se brány GP webpay na čísla plateb podle dokladů a označí v Pohodě zaplacené.

    Args:
        account: Jméno bloku GP webpay s číslem obchodníka a klíči.
        unit: Jméno bloku „Pohoda - účetní jednotka“.
        first_day: První den vystavení dokladů, na které se zeptat znovu; prázdné = co je třeba.
        last_day: Poslední takový den; prázdné znamená jen první den.
        dry_run: Jen ukázat, co by se zapsalo; do Pohody se nezapíše nic.
    """
    return mark_payments(GpWebpay, GpWebpayMerchant, account, unit, first_day, last_day, dry_run)
