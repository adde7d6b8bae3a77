"""
Czech payments and documents with known truth, for measuring how well and how fast they are matched.

Deals are numbered one after another and share few price points, so that a mistyped symbol often is somebody
else's. A deal has an invoice, sometimes an order and an advance invoice, all with one symbol. How its money comes
is drawn by `SHARES`; how symbols are mistyped by `ERRORS`. The same size and seed give the same sample.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tasks.tables import DOCUMENTS, PAYMENTS, checked

Ints = npt.NDArray[np.int64]

SHARES: dict[str, float] = {
    "symbol": 0.665,
    "gateway": 0.08,
    "eshop": 0.01,
    "eshop_and_money": 0.01,
    "symbol_in_message": 0.03,
    "number_in_message": 0.01,
    "creditor_reference": 0.01,
    "prefix": 0.01,
    "long_symbol": 0.005,
    "instalments": 0.02,
    "lump": 0.02,
    "monthly": 0.01,
    "twins": 0.004,
    "typing_error": 0.02,
    "no_symbol": 0.005,
    "refunded": 0.01,
    "reversed": 0.002,
    "paid_twice": 0.003,
    "overpaid": 0.002,
    "underpaid": 0.004,
    "other_currency": 0.002,
    "unpaid": 0.068,
}
"""How deals are paid, as shares of all deals."""

ERRORS = {"substitution": 0.75, "swap": 0.13, "missing": 0.06, "extra": 0.06}
"""How symbols are mistyped, as shares of all typing errors."""

CERTAIN = frozenset(
    {"symbol", "gateway", "eshop", "symbol_in_message", "number_in_message", "creditor_reference", "prefix"}
    | {"long_symbol", "instalments", "lump", "refunded", "reversed", "overpaid", "underpaid"}
)
"""Tiers whose payments name their documents unmistakably, in a spelling that can be normalised."""

PRICES = np.array(
    [9900, 19900, 24900, 29900, 39900, 49900, 59900, 79900, 99000, 129000, 149900, 199000, 249000, 499000]
)
START = np.datetime64("2026-01-01", "D")
DAYS = 250
IGNORED_ACCOUNT = "2900123456/2010"
PREFIX = "91"
HABITS = (
    "VS {}",
    "VS:{}",
    "/VS/{}/SS//KS",
    "v.s. {}",
    "var. symbol {}",
    "variabilni symbol: {}",
    "platba vs.{} dekuji",
    "/VS0{}/SS0000000000/KS0308",
    "/DO2026-03-01/SP/VS/{}",
    "VS č. {}",
)
SMALL_TALK = (
    "",
    "",
    "",
    "",
    "platba",
    "Dekujeme za nakup {}",
    "objednavka ze dne {}.3.2026",
    "Novak Jan\nzbozi dle dohody",
)


@dataclass(frozen=True)
class Sample:
    """Payments and documents, and which payment was truly meant for which document."""

    payments: pd.DataFrame
    documents: pd.DataFrame
    tiers: pd.Series
    """For each payment how it was made: a key of `SHARES`, or "noise"."""
    meant: pd.DataFrame
    """Columns payment, document (rows of the tables), amount: the truth, without money told twice."""
    mistyped: npt.NDArray[np.bool_]
    """Payments whose payer wrote a wrong symbol."""


@dataclass
class _Batches:
    """Payments as they are made, columns in portions."""

    columns: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    deals: list[tuple[Ints, Ints]] = field(default_factory=list[tuple[Ints, Ints]])
    size: int = 0

    def add(self, tier: str, deals: Ints | None, amounts: Ints, days: Ints, **columns: Any) -> Ints:
        """Payments for one deal each (or for none); returns their rows."""
        rows = np.arange(self.size, self.size + len(amounts))
        self.size += len(amounts)
        self.columns.append({"tier": tier, "amount": amounts, "day": days, "rows": len(amounts), **columns})
        if deals is not None:
            self.deals.append((rows, deals))
        return rows


def generate(documents: int, seed: int, message_only: float | None = None) -> Sample:
    """A sample of about as many payments as documents, which are just this many.

    `message_only` raises the share of payments that carry nothing but a message, at the cost of plain symbols.
    """
    return _Firm(documents, np.random.default_rng(seed), message_only).sample()


class _Firm:
    """One sample being made."""

    def __init__(self, documents: int, random: np.random.Generator, message_only: float | None) -> None:
        self.random = random
        shares = dict(SHARES)
        if message_only is not None:
            texts = ("symbol_in_message", "number_in_message", "creditor_reference")
            factor = message_only / sum(shares[name] for name in texts)
            extra = (factor - 1) * sum(shares[name] for name in texts)
            shares |= {name: shares[name] * factor for name in texts}
            shares["symbol"] -= extra
        self.size = max(int(documents / 1.15), 1)
        self.tiers = random.choice(
            len(shares), self.size, p=np.array(list(shares.values())) / sum(shares.values())
        )
        self.names = list(shares)
        self.documents_wanted = documents
        self.days = np.sort(random.integers(0, DAYS, self.size))
        self.prices = PRICES[np.minimum(random.geometric(0.25, self.size) - 1, len(PRICES) - 1)]
        self.customers = random.integers(0, max(self.size // 3, 1), self.size)
        self.symbols = 2026 * 10**6 + np.arange(1, self.size + 1)
        self.euro = random.random(self.size) < 0.08
        self.batches = _Batches()

    def of(self, *tiers: str) -> Ints:
        return np.flatnonzero(np.isin(self.tiers, [self.names.index(tier) for tier in tiers]))

    def sample(self) -> Sample:
        self._share_symbols()
        self._long_and_prefixed()
        documents = self._documents()
        self._pay()
        self._noise(documents)
        return self._assembled(documents)

    def _share_symbols(self) -> None:
        """Customers' own symbols, each on several deals: lumps of 2 to 5, months, and twins of one price."""
        for start, tier, sizes in ((551, "lump", (2, 6)), (552, "monthly", (3, 8)), (553, "twins", (2, 3))):
            deals = self.of(tier)
            group = self._groups(deals, *sizes)
            self.symbols[deals] = start * 10**6 + group
            self.customers[deals] = self.size + start * 10**6 + group
            self.euro[deals] = False
            if tier == "twins":
                self.prices[deals] = PRICES[group % len(PRICES)]

    def _groups(self, deals: Ints, smallest: int, beyond: int) -> Ints:
        sizes = self.random.integers(smallest, beyond, len(deals) + 1)
        return np.repeat(np.arange(len(sizes)), sizes)[: len(deals)]

    def _long_and_prefixed(self) -> None:
        long, prefixed = self.of("long_symbol"), self.of("prefix")
        self.symbols[long] = 31202600000000 + long
        self.symbols[prefixed] = int(PREFIX) * 10**8 + 26 * 10**6 + prefixed

    def _documents(self) -> pd.DataFrame:
        """An invoice for each deal, and orders and advance invoices until there are documents enough."""
        rest = self.documents_wanted - self.size
        several = np.setdiff1d(np.arange(self.size), self.of("lump", "monthly", "twins", "number_in_message"))
        orders = np.sort(self.random.permutation(several)[: rest * 3 // 4])
        advances = np.sort(self.random.permutation(several)[: rest - len(orders)])
        self.deal = np.concatenate([np.arange(self.size), advances, orders])
        agendas = (
            ["issued_invoice"] * self.size
            + ["advance_invoice"] * len(advances)
            + ["received_order"] * len(orders)
        )
        series = ["FV"] * self.size + ["ZAL"] * len(advances) + ["OBJ"] * len(orders)
        deal = self.deal.tolist()
        keyed = np.isin(self.deal, self.of("gateway", "eshop", "eshop_and_money"))
        columns = {
            "agenda": agendas,
            "id": np.concatenate([np.arange(n) for n in (self.size, len(advances), len(orders))]) + 1,
            "number": [f"26{letters}{n:06d}" for letters, n in zip(series, deal, strict=True)],
            "variable_symbol": self.symbols[self.deal].astype(str),
            "specific_symbol": None,
            "constant_symbol": None,
            "reference": [_key(n) if some else None for n, some in zip(deal, keyed.tolist(), strict=True)],
            "total": self.prices[self.deal],
            "currency": np.where(self.euro[self.deal], "EUR", "CZK"),
            "issued_on": START + self.days[self.deal] - np.r_[np.zeros(self.size, int), np.ones(rest, int)],
            "cancelled": False,
            "open_amount": None,
            "customer": self.customers[self.deal].astype(str),
            "marked_amount": None,
            "marked_count": None,
            "marked_paid": None,
        }
        return checked(DOCUMENTS, pd.DataFrame(columns).astype(dict(DOCUMENTS)))

    def _pay(self) -> None:
        self._once("symbol", variable_symbol=True, message=SMALL_TALK)
        self._once("gateway", source="comgate:123456", kind="card", reference=True)
        self._once("eshop", source="byznysweb:shop", kind="eshop", reference=True)
        self._once("eshop_and_money", source="byznysweb:shop", kind="eshop", reference=True)
        self._once("eshop_and_money", variable_symbol=True)
        for tier in ("long_symbol", "prefix"):
            carried = self.symbols % (10**10 if tier == "long_symbol" else 10**8)
            self._once(tier, symbols=carried, variable_symbol=True)
        self._once("no_symbol")
        self._once("refunded", variable_symbol=True, taken_back="refund")
        self._once("reversed", variable_symbol=True, taken_back="reversal")
        self._once("paid_twice", variable_symbol=True)
        self._once("paid_twice", variable_symbol=True)
        self._once("overpaid", variable_symbol=True, times=1.25)
        self._once("underpaid", variable_symbol=True, times=0.5)
        self._once("other_currency", variable_symbol=True, other_currency=True)
        self._once("monthly", variable_symbol=True)
        self._once("twins", variable_symbol=True)
        self._in_messages()
        self._instalments()
        self._lumps()
        self._mistyped()

    def _once(
        self, tier: str, *, times: float = 1.0, symbols: Ints | None = None, deals: Ints | None = None, **how: Any
    ) -> Ints:
        """One payment for each deal of the tier."""
        chosen = self.of(tier) if deals is None else deals
        written = (self.symbols if symbols is None else symbols)[chosen]
        amounts = (self.prices[chosen] * times).astype(np.int64)
        later = self.random.integers(0, 25, len(chosen))
        return self._made(tier, chosen, amounts, self.days[chosen] + later, written, **how)

    def _made(self, tier: str, deals: Ints, amounts: Ints, days: Ints, written: Ints, **how: Any) -> Ints:
        columns: dict[str, Any] = {
            "source": how.get("source", "fio:CZ1"),
            "kind": how.get("kind", "transfer"),
            "euro": ~self.euro[deals] if how.get("other_currency") else self.euro[deals],
            "counterparty": [f"{n + 10**8}/0100" for n in self.customers[deals].tolist()],
        }
        if how.get("variable_symbol"):
            columns["variable_symbol"] = written.astype(str)
        if how.get("reference"):
            columns["reference"] = [_key(n) for n in deals.tolist()]
        if texts := how.get("message"):
            columns["message"] = [
                texts[n].format(deal % 29) or None
                for n, deal in zip(
                    self.random.integers(0, len(texts), len(deals)).tolist(), deals.tolist(), strict=True
                )
            ]
        if "messages" in how:
            columns["message"] = how["messages"]
        rows = self.batches.add(tier, deals, amounts, days, **columns)
        if kind := how.get("taken_back"):
            back = columns | {"kind": kind, "reverses": [_identity(row) for row in rows.tolist()]}
            if kind == "refund":
                half = len(rows) // 2
                back["reverses"] = back["reverses"][:half] + [None] * (len(rows) - half)
            self.batches.add(tier, deals, -amounts, days + 5, **back)
        return rows

    def _in_messages(self) -> None:
        deals = self.of("symbol_in_message")
        habits = self.random.integers(0, len(HABITS), len(deals)).tolist()
        said = [HABITS[habit].format(n) for habit, n in zip(habits, self.symbols[deals].tolist(), strict=True)]
        self._once("symbol_in_message", messages=said)
        deals = self.of("number_in_message")
        asked = ("uhrada faktury cislo 26FV{:06d} dekuji", "Zasilame platbu za zbozi dle 26FV{:06d}")
        said = [_cut(asked[n % 2].format(n)) for n in deals.tolist()]
        self._once("number_in_message", messages=said)
        deals = self.of("creditor_reference")
        self._once("creditor_reference", messages=[creditor_reference(n) for n in self.symbols[deals].tolist()])

    def _instalments(self) -> None:
        deals = self.of("instalments")
        first = self.prices[deals] // 3
        for amounts, later in ((first, 1), (first, 20), (self.prices[deals] - 2 * first, 40)):
            self._made(
                "instalments", deals, amounts, self.days[deals] + later, self.symbols[deals], variable_symbol=True
            )

    def _lumps(self) -> None:
        """One payment for all deals of a group, some weeks after the last of them."""
        deals = self.of("lump")
        _, firsts, group = np.unique(self.symbols[deals], return_index=True, return_inverse=True)
        amounts = np.zeros(len(firsts), np.int64)
        np.add.at(amounts, group, self.prices[deals])
        last = np.zeros(len(firsts), np.int64)
        np.maximum.at(last, group, self.days[deals])
        self.days[deals] = last[group]
        self.lump_days = last
        rows = self._made(
            "lump", deals[firsts], amounts, last + 10, self.symbols[deals[firsts]], variable_symbol=True
        )
        self.batches.deals[-1] = (rows[group], deals)

    def _mistyped(self) -> None:
        deals = self.of("typing_error")
        kinds = self.random.choice(list(ERRORS), len(deals), p=list(ERRORS.values())).tolist()
        places = self.random.integers(1, 9, len(deals)).tolist()
        digits = self.random.integers(1, 10, len(deals)).tolist()
        symbols = self.symbols[deals].tolist()
        wrong = [mistyped(str(n), *how) for n, *how in zip(symbols, kinds, places, digits, strict=True)]
        written = np.zeros(self.size, np.int64)
        written[deals] = [int(text) for text in wrong]
        self._once("typing_error", symbols=written, variable_symbol=True)

    def _noise(self, documents: pd.DataFrame) -> None:
        """What is on every account besides: payouts, fees, our own payments, money that is for no document."""
        missing = max(self.documents_wanted - self.batches.size, 0)
        colliding = self.random.choice(documents["variable_symbol"].to_numpy(dtype=object), missing)
        kinds = ("settlement", "fee", "transfer", "transfer", "transfer")
        for n, kind in enumerate(kinds):
            rows = colliding[n :: len(kinds)]
            amounts = PRICES[self.random.integers(0, len(PRICES), len(rows))] * (-1 if n in (1, 2) else 1)
            symbols = [f"88{row:06d}" for row in range(len(rows))] if n == 4 else rows.tolist()
            account = IGNORED_ACCOUNT if n == 3 else "7777777777/0800"
            days = self.random.integers(0, DAYS, len(rows))
            columns = {"variable_symbol": symbols, "counterparty": account, "euro": np.zeros(len(rows), np.bool_)}
            self.batches.add("noise", None, amounts, days, source="fio:CZ1", kind=kind, **columns)

    def _assembled(self, documents: pd.DataFrame) -> Sample:
        frames = [self._frame(batch) for batch in self.batches.columns]
        payments = pd.concat(frames, ignore_index=True)
        payments["payment_id"] = [_identity(row) for row in range(len(payments))]
        tiers = payments.pop("tier")
        payments = payments[list(PAYMENTS)].astype(dict(PAYMENTS))
        wrong = (tiers == "typing_error").to_numpy()
        meant = self._meant(payments, documents, tiers)
        order = self.random.permutation(len(payments))
        place = np.argsort(order)
        meant["payment"] = place[meant["payment"]]
        return Sample(
            checked(PAYMENTS, _as_read(payments.iloc[order].reset_index(drop=True))),
            checked(DOCUMENTS, _as_read(documents)),
            tiers.iloc[order].reset_index(drop=True),
            meant,
            wrong[order],
        )

    def _frame(self, batch: dict[str, Any]) -> pd.DataFrame:
        size = batch["rows"]
        columns = {
            "tier": [batch["tier"]] * size,
            "source": batch["source"],
            "booked_on": START + batch["day"].astype("timedelta64[D]"),
            "amount": batch["amount"],
            "currency": np.where(batch["euro"], "EUR", "CZK"),
            "kind": batch["kind"],
        }
        names = (
            "variable_symbol",
            "specific_symbol",
            "constant_symbol",
            "reference",
            "message",
            "counterparty",
            "reverses",
        )
        columns |= {name: pd.Series(batch.get(name), index=range(size), dtype="str") for name in names}
        return pd.DataFrame(columns)

    def _meant(self, payments: pd.DataFrame, documents: pd.DataFrame, tiers: pd.Series) -> pd.DataFrame:
        rows = np.concatenate([rows for rows, _ in self.batches.deals])
        deals = np.concatenate([deals for _, deals in self.batches.deals])
        pairs = pd.DataFrame({"payment": rows, "deal": deals}).merge(
            pd.DataFrame({"deal": self.deal, "document": np.arange(len(documents))}), on="deal"
        )
        tier = tiers.to_numpy()[pairs["payment"]]
        kind = payments["kind"].to_numpy()[pairs["payment"]]
        pairs["amount"] = np.where(
            tier == "lump",
            documents["total"].to_numpy()[pairs["document"]],
            payments["amount"].to_numpy()[pairs["payment"]],
        )
        told_twice = (tier == "eshop_and_money") & (kind == "eshop")
        foreign = tier == "other_currency"
        return pairs.loc[~told_twice & ~foreign, ["payment", "document", "amount"]].reset_index(drop=True)


def _as_read(frame: pd.DataFrame) -> pd.DataFrame:
    """The same with every text a thing of its own, in the order of rows, as whoever reads a table makes them."""
    own = frame.copy()
    for name in own.columns[own.dtypes == "str"]:
        texts = own[name].to_numpy(dtype=object).copy()
        some = ~pd.isna(texts)
        if some.any():
            texts[some] = np.array("\0".join(texts[some]).split("\0"), dtype=object)
        own[name] = pd.array(texts, dtype="str")
    return own


def _identity(row: int) -> str:
    return f"{27000000000 + row}"


def _key(deal: int) -> str:
    """A gateway's key of a deal."""
    signs = f"{(deal + 1) * 2654435761 % 2**48:012X}"
    return f"{signs[:4]}-{signs[4:8]}-{signs[8:]}"


def _cut(text: str) -> str:
    """The text in the pieces of 35 characters that a bank makes of it."""
    return "\n".join(text[start : start + 35].strip() for start in range(0, len(text), 35))


def creditor_reference(symbol: int) -> str:
    """The reference of ISO 11649 that carries the symbol."""
    check = 98 - int(f"{symbol}271500") % 97
    return f"RF{check:02d}{symbol}"


def mistyped(symbol: str, kind: str, place: int, digit: int) -> str:
    """The symbol with one typing error of the kind at the place."""
    if kind == "swap":
        swapped = symbol[: place - 1] + symbol[place] + symbol[place - 1] + symbol[place + 1 :]
        return swapped if swapped != symbol else mistyped(symbol, "substitution", place, digit)
    if kind == "missing":
        return symbol[:place] + symbol[place + 1 :]
    if kind == "extra":
        return symbol[:place] + str(digit) + symbol[place:]
    return symbol[:place] + str((int(symbol[place]) + digit) % 10) + symbol[place + 1 :]
