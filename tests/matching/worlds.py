"""Small random worlds in which payments and documents meet, collide and miss each other often."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from blocks.matching import Matching
from tasks.tables import AGENDAS, DOCUMENTS, PAYMENTS, table
from tests.matching.tables import DAY

SYMBOLS = ("20260001", "20260002", "20260003", "77001")
AMOUNTS = (1000, 2000, 3000, 5000)


def settings() -> st.SearchStrategy[Matching]:
    """Settings with the options that change which parts a payment is split into."""
    return st.builds(
        Matching,
        oldest_first=st.booleans(),
        refunds_to_payers=st.booleans(),
        series_prefixes=st.sampled_from([[], ["20"]]),
    )


@st.composite
def documents(draw: st.DrawFn, symbols: tuple[str, ...] = SYMBOLS, first: int = 1) -> pd.DataFrame:
    """Up to ten documents of few symbols and amounts, numbered from `first` on."""
    count = draw(st.integers(0, 10))
    return table(DOCUMENTS, [_document(draw, symbols, first + n) for n in range(count)])


def _document(draw: st.DrawFn, symbols: tuple[str, ...], number: int) -> dict[str, Any]:
    symbol = draw(st.sampled_from(symbols))
    return {
        "agenda": draw(st.sampled_from(AGENDAS)),
        "id": number,
        "number": f"{symbol[:2]}FV{number:05d}",
        "variable_symbol": symbol,
        "reference": draw(st.sampled_from([None, f"K-{symbol}"])),
        "total": draw(st.sampled_from((*AMOUNTS, -1000))),
        "currency": draw(st.sampled_from(["CZK", "CZK", "CZK", "EUR"])),
        "issued_on": DAY + dt.timedelta(days=draw(st.integers(-10, 70))),
        "cancelled": draw(st.sampled_from([False, False, False, True])),
        "customer": draw(st.sampled_from([None, "ico:1", "ico:1", "ico:2", "ad:1"])),
    }


@st.composite
def payments(draw: st.DrawFn, symbols: tuple[str, ...] = SYMBOLS, source: str = "fio:CZ1") -> pd.DataFrame:
    """Up to twelve payments of all kinds, some of which take others back."""
    count = draw(st.integers(0, 12))
    return table(PAYMENTS, [_payment(draw, symbols, source, n, count) for n in range(count)])


def _payment(draw: st.DrawFn, symbols: tuple[str, ...], source: str, n: int, count: int) -> dict[str, Any]:
    symbol = draw(st.sampled_from(symbols))
    kind = draw(st.sampled_from(["transfer"] * 6 + ["eshop", "refund", "reversal", "fee", "settlement"]))
    back = kind in ("refund", "reversal") or draw(st.sampled_from([False] * 7 + [True]))
    how = draw(st.sampled_from(["variable_symbol"] * 4 + ["symbol", "number", "reference", "none"]))
    return {
        "source": source,
        "payment_id": f"{source[-1]}{n}",
        "booked_on": DAY + dt.timedelta(days=draw(st.integers(0, 5))),
        "amount": draw(st.sampled_from((*AMOUNTS, 4000, 6000))) * (-1 if back else 1),
        "currency": draw(st.sampled_from(["CZK", "CZK", "CZK", "EUR"])),
        "variable_symbol": symbol if how == "variable_symbol" else None,
        "reference": f"K-{symbol}" if how == "reference" else None,
        "message": {"symbol": f"platba VS {symbol}", "number": f"za {symbol[:2]}FV00001"}.get(how),
        "counterparty": draw(st.sampled_from([None, "1/0100", "2/0100"])),
        "kind": kind,
        "reverses": f"{source[-1]}{draw(st.integers(0, count))}" if back and draw(st.booleans()) else None,
    }
