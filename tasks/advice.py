"""What the firm's people should set, judging by the payments that came."""

from __future__ import annotations

import pandas as pd

from blocks.matching import Matching
from tasks.matching.words import GATEWAYS
from tasks.provider import Note


def advice(payments: pd.DataFrame, settings: Matching) -> list[Note]:
    """A note when money comes both through a gateway and to a bank, and nobody said which account the gateway
    pays out from: such a payout must not be taken for a customer's payment."""
    providers = set(payments["source"].str.split(":").str[0].unique())
    gateways = sorted(providers & set(GATEWAYS))
    if not gateways or not providers - set(GATEWAYS) or settings.ignored_accounts:
        return []
    text = (
        f"Platby chodí přes bránu ({', '.join(gateways)}) i na účet, ale v nastavení párování nejsou nepočítané "
        "protiúčty. Doplňte tam účet, ze kterého brána vyplácí, ať se její výplata nezapočte jako platba."
    )
    return [Note("payout_account_unknown", text, urgent=True)]
