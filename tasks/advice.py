"""What the firm's people should set, judging by the payments that came."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd

from blocks.matching import Matching
from tasks.days import prague_day
from tasks.ledger.restoring import Restored
from tasks.matching.words import GATEWAYS
from tasks.provider import Note
from tasks.reporting.text import day

DAYS_TOLD = 7
"""How long reports tell of a restored ledger."""


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


def note_of_restored(restored: Restored | None, today: dt.date) -> list[Note]:
    """For a week, the sentence that the ledger has been restored from its own copy."""
    if restored is None or (today - prague_day(dt.datetime.fromisoformat(restored.at))).days > DAYS_TOLD:
        return []
    kept = f" Poškozený soubor zůstal vedle ní ve složce {Path(restored.aside).name}." if restored.aside else ""
    text = (
        f"Evidence plateb byla poškozená nebo chyběla a obnovila se z vlastní zálohy ze dne "
        f"{day(restored.copy_of)}. Novější platby se stáhly znovu a zápisy do Pohody "
        f"jsou doplněny z druhého záznamu ({restored.writes}).{kept} Nechte zkontrolovat disk počítače."
    )
    return [Note("ledger_restored", text, urgent=True)]
