"""Every provider of the house by its name: the block that holds an account, and what asks with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prefect.blocks.core import Block

from blocks.byznysweb import ByznysWebShop
from blocks.ceska_sporitelna import CeskaSporitelnaAccount
from blocks.comgate import ComgateShop
from blocks.csob import CsobAccount
from blocks.fio import FioAccount
from blocks.gopay import GoPayAccount
from blocks.gp_webpay import GpWebpayMerchant
from tasks.provider import Provider
from tasks.providers.byznysweb import ByznysWeb
from tasks.providers.ceska_sporitelna import CeskaSporitelna
from tasks.providers.comgate import Comgate
from tasks.providers.csob import Csob
from tasks.providers.fio import Fio
from tasks.providers.gopay import GoPay
from tasks.providers.gp_webpay import GpWebpay

PROVIDERS: dict[str, tuple[type[Block], Callable[[Any, Any], Provider]]] = {
    "fio": (FioAccount, Fio),
    "csob": (CsobAccount, Csob),
    "ceska-sporitelna": (CeskaSporitelnaAccount, CeskaSporitelna),
    "comgate": (ComgateShop, Comgate),
    "gopay": (GoPayAccount, GoPay),
    "gp-webpay": (GpWebpayMerchant, GpWebpay),
    "byznysweb": (ByznysWebShop, ByznysWeb),
}
"""The name is that of the provider's flow and of its deployment in prefect.yaml."""
