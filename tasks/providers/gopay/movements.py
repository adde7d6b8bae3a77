"""
Movements of a GoPay account, and which of them are money for a document.

The column that holds a shop's order number holds a clearing number in payouts and fees, and it looks just like a
variable symbol (gopay.md 1.5 and 5.5). So the type is decided first, and only payments and refunds keep it.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tasks.days import Days, periods
from tasks.errors import BadRecord
from tasks.provider import Fault, Note
from tasks.symbols import symbol
from tasks.tables import INCOMING, table

KNOWN_TYPES: Mapping[str, str] = {
    "gopayplatba": "card",
    "gopaystornoplatby": "refund",
    "gopaystornopopl": "fee",
    "gopaypopl": "fee",
    "gopayvyuctovani": "settlement",
    "gopaydobitiuctu": "settlement",
    "blokacepohybu": "other",
}
UNMATCHED = "gopaynesparovane"
GUESSES = (
    ("popl", "fee"),
    ("storno", "refund"),
    ("vracen", "refund"),
    ("vyuct", "settlement"),
    ("vyplat", "settlement"),
    ("platba", "card"),
)
"""Words in readable names of types, the telling ones first: a fee "za platbu" is a fee."""


@dataclass(frozen=True)
class Movement:
    """One row of a statement. Amounts are signed hundredths; balances are missing where the form has none."""

    id: str
    day: dt.date
    type: str
    order: str
    amount: int
    currency: str
    counterparty: str = ""
    reverses: str = ""
    opening: int | None = None
    closing: int | None = None
    raw: str = ""


@dataclass
class Statement:
    """What a statement file says, and what in it could not be read."""

    movements: list[Movement] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    doubtful: set[dt.date] = field(default_factory=set)
    """Days with a row that could not be read or is missing."""
    whole: bool = True
    """Whether all rows are there and each unread one has its day in `doubtful`."""


def folded(text: str) -> str:
    """The text without accents, case, spaces and punctuation, for comparing headings and types."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum())


def kind_of(movement: Movement) -> tuple[str, str]:
    """What the movement is (`tasks.tables.KINDS`) and how sure that is: "known", "guessed" or "unknown".

    Raises BadRecord when the sign contradicts the type: such a row must not move any mark.
    """
    name = folded(movement.type)
    kind, sure = KNOWN_TYPES.get(name, ""), "known"
    if not kind:
        kind = next((kind for word, kind in GUESSES if word in name), "other")
        sure = "unknown" if kind == "other" or name.startswith(UNMATCHED) else "guessed"
        kind = "other" if sure == "unknown" else kind
    if (kind == "card" and movement.amount <= 0) or (kind == "refund" and movement.amount >= 0):
        raise BadRecord("Znaménko částky neodpovídá typu pohybu")
    return kind, "unknown" if kind == "other" else sure


def payment(movement: Movement, kind: str, source: str) -> dict[str, Any]:
    """The movement as a row of `tasks.tables.INCOMING`; only payments and refunds carry symbols."""
    for_document = kind in ("card", "refund")
    order = movement.order.strip() if for_document else ""
    return {
        "source": source,
        "payment_id": movement.id,
        "booked_on": movement.day,
        "amount": movement.amount,
        "currency": movement.currency,
        "variable_symbol": symbol(order),
        "reference": order or None,
        "counterparty": movement.counterparty or None,
        "kind": kind,
        "reverses": (movement.reverses or None) if kind == "refund" else None,
        "raw": movement.raw,
    }


def payments(statements: Iterable[Statement], source: str) -> tuple[Any, list[Fault], list[Note]]:
    """All movements as payments, each identity once, with the faults and notes that reading them gave.

    A movement told twice in the same words counts once; told differently, it is not believed either way.
    """
    rows: dict[str, dict[str, Any]] = {}
    faults: list[Fault] = []
    notes: list[Note] = []
    types: Counter[tuple[str, str]] = Counter()
    twofold: set[str] = set()
    for statement in statements:
        faults += statement.faults
        notes += statement.notes
        for movement in statement.movements:
            try:
                kind, sure = kind_of(movement)
            except BadRecord as error:
                faults.append(Fault(f"pohyb {movement.id}", error.cause, movement.raw))
                statement.doubtful.add(movement.day)
                continue
            row = payment(movement, kind, source)
            if rows.setdefault(movement.id, row) != row:
                twofold.add(movement.id)
                statement.doubtful.add(movement.day)
                faults.append(Fault(f"pohyb {movement.id}", "Pohyb je ve výpisu dvakrát a různě", movement.raw))
            elif rows[movement.id] is row and sure != "known":
                types[sure, _shown(movement.type)] += 1
    notes += _notes_of_types(types)
    return table(INCOMING, (row for id, row in rows.items() if id not in twofold)), faults, notes


def uneven_days(movements: list[Movement]) -> set[dt.date]:
    """Days on which balances do not follow from row to row: a row is missing among them or stands elsewhere."""
    chain = [m for m in movements if m.opening is not None and m.closing is not None]
    downwards = [(a, b) for a, b in pairwise(chain) if a.closing != b.opening]
    upwards = [(a, b) for a, b in pairwise(chain) if b.closing != a.opening]
    found = {m.day for m in chain if (m.opening or 0) + m.amount != m.closing}
    for pair in min(downwards, upwards, key=len):
        found |= set(Days(*sorted(m.day for m in pair)))
    return found


def note_of_uneven(days: set[dt.date], currency: str) -> Note:
    """The warning that a movement of these days may be missing."""
    listed = ", ".join(str(period) for period in periods(days))
    text = (
        f"Zůstatky ve výpisu GoPay ({currency}) na sebe nenavazují, dny: {listed}. Nějaký pohyb může chybět; "
        "porovnejte výpis s GoPay."
    )
    return Note("balance_mismatch", text, urgent=True)


def _notes_of_types(types: Counter[tuple[str, str]]) -> list[Note]:
    found: list[Note] = []
    for (sure, name), count in sorted(types.items()):
        if sure == "guessed":
            text = f"Typ pohybu GoPay „{name}“ ({count}×) je určen jen podle slov v názvu."
            found.append(Note("movement_type_guessed", text))
        else:
            text = f"Pohyby GoPay typu „{name}“ ({count}×) nejsou platbou dokladu a nepočítají se. Prověřte je."
            found.append(Note("movement_not_counted", text, urgent=True))
    return found


def _shown(kind: str) -> str:
    """The type without what follows a slash, which is free text."""
    return " ".join(kind.split("/")[0].split())[:40]
