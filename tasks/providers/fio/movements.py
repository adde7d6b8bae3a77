"""Movements of a statement as payments: dates, symbols, kinds, and which movement takes which one back."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tasks.days import prague_day
from tasks.errors import BadRecord
from tasks.money import hundredths
from tasks.providers.fio.statement import Json
from tasks.symbols import symbol

REVERSED_WITHIN = dt.timedelta(days=30)
"""A movement is a reversal when it takes back one of so many days before. A fixed span, and not whatever was
fetched together, so that the answer is the same however the days are grouped."""

KINDS = {
    "Poplatek": "fee",
    "Sankční poplatek": "fee",
    "Evidovaný poplatek": "fee",
    "Přijatý poplatek": "fee",
    "Poplatek - platební karta": "fee",
    "Poplatek - pojištění hypotéky": "fee",
    "Úrok z úvěru": "interest",
    "Připsaný úrok": "interest",
    "Vyplacený úrok": "interest",
    "Evidovaný úrok": "interest",
    "Odvod daně z úroků": "interest",
    "Vklad pokladnou": "cash",
    "Výběr pokladnou": "cash",
    "Vklad v hotovosti": "cash",
    "Výběr v hotovosti": "cash",
    "Vlastní platba pokladnou": "cash",
    "Vlastní příjem pokladnou": "cash",
    "Posel - předání": "cash",
    "Posel - příjem": "cash",
    "Platba kartou": "card",
}
"""Types that tell more than the sign does (fio.md 6). All others, unknown and missing ones too, are transfers."""

CORRECTION = "opravný pohyb"


def _plain(type_text: str) -> str:
    """Sources differ in hyphens and dashes (fio.md 6)."""
    return re.sub(r"\s+", " ", re.sub(r"[‐-―]", "-", type_text)).strip().casefold()


_KIND_OF = {_plain(text): kind for text, kind in KINDS.items()}


@dataclass(frozen=True)
class Movement:
    """One movement whose identity, day and amount are readable."""

    id: str
    booked_on: dt.date
    amount: int
    currency: str
    instruction: str | None
    """ID pokynu: shared by a payment and its reversal, but also by a payment and its fee (fio.md 6)."""
    type: str
    content: Json

    @property
    def kind(self) -> str:
        """The kind that type and sign alone give."""
        if self.type == CORRECTION:
            return "reversal"
        return _KIND_OF.get(self.type, "transfer")


def movement(content: Any, currency: str) -> Movement:
    """The movement, readable in what a payment cannot be without.

    Raises BadRecord otherwise, with the bank's own name of the field at fault as its evidence.
    """
    if not isinstance(content, dict):
        raise BadRecord("A movement is not an object", evidence="celý pohyb")
    if (_text(content, 14) or currency) != currency:
        raise BadRecord("A movement is in another currency than its account", evidence="Měna")
    return Movement(
        id=identity(content),
        booked_on=_day(_value(content, 0)),
        amount=_amount(_value(content, 1)),
        currency=currency,
        instruction=_text(content, 17),
        type=_plain(_text(content, 8) or ""),
        content=content,
    )


def payment(found: Movement, source: str, reverses: str | None) -> dict[str, Any]:
    """The movement as a row of `tasks.tables.INCOMING`; `reverses` is the id of the movement it takes back.

    Money that the bank returned without our knowing which payment of ours carries the supplier's symbols and
    words: they stay in the raw record, so that they find no document of ours.
    """
    kind = found.kind if reverses is None else "reversal"
    ours = kind == "reversal" and reverses is None and found.amount > 0
    return {
        "source": source,
        "payment_id": found.id,
        "booked_on": found.booked_on,
        "amount": found.amount,
        "currency": found.currency,
        **({} if ours else _said(found.content)),
        "counterparty": _counterparty(found.content),
        "kind": kind,
        "reverses": reverses,
        "raw": as_json(found.content),
    }


def reversals(movements: Iterable[Movement]) -> Mapping[str, str]:
    """Which movement (id) takes back which one: same instruction, exactly opposite amount, later (fio.md 6)."""
    standing: dict[tuple[str | None, int], list[Movement]] = {}
    found: dict[str, str] = {}
    for one in sorted(movements, key=lambda m: (m.booked_on, int(m.id))):
        if one.instruction is None or one.kind in ("fee", "interest"):
            continue
        candidates = standing.get((one.instruction, -one.amount), [])
        original = next((m for m in candidates if one.booked_on - m.booked_on <= REVERSED_WITHIN), None)
        if original is None:
            standing.setdefault((one.instruction, one.amount), []).append(one)
        else:
            candidates.remove(original)
            found[one.id] = original.id
    return found


def tagged(text: str, tag: str) -> str | None:
    """The symbol that stands behind its tag: "/VS/123", "VS0123", "vs: 123" (fio.md 7); None when there is none.

    More digits than a symbol can have are no symbol.
    """
    found = re.search(rf"(?<![^\W_]){tag}[\s:/.\-]*([0-9]+)", text, re.IGNORECASE)
    return symbol(found[1]) if found and len(found[1]) <= 10 else None


def _said(content: Json) -> dict[str, str | None]:
    """What the payer says the payment is for."""
    return {**_symbols(content), "message": _message(content)}


def _symbols(content: Json) -> dict[str, str | None]:
    """Each symbol from its own column, else from the payer's reference, where it stands by rule (fio.md 7).

    Symbols in other texts are left to matching, which reads the message.
    """
    reference = _text(content, 27) or ""
    whole = symbol(reference) if len(reference) <= 10 else None
    return {
        "variable_symbol": symbol(_text(content, 5)) or tagged(reference, "VS") or whole,
        "specific_symbol": symbol(_text(content, 6)) or tagged(reference, "SS"),
        "constant_symbol": symbol(_text(content, 4)) or tagged(reference, "KS"),
    }


def _message(content: Json) -> str | None:
    """Payer's reference, message, comment, identification: in the order of looking for symbols (fio.md 7)."""
    lines = [line for number in (27, 16, 25, 7) if (line := _text(content, number))]
    return "\n".join(dict.fromkeys(lines)) or None


def _counterparty(content: Json) -> str | None:
    account = re.sub(r"\s", "", _text(content, 2) or "")
    bank = _text(content, 3)
    if not account or not bank or account[:2].isalpha():
        return account or None
    return f"{account}/{bank}"


def identity(content: Any) -> str:
    """The movement's own number, unique in the bank. Raises BadRecord when there is none."""
    number = str(_value(content, 22)) if isinstance(content, dict) else ""
    if not re.fullmatch(r"[0-9]{1,18}", number):
        raise BadRecord("A movement has no ID pohybu", evidence="ID pohybu")
    return number


def as_json(content: Any) -> str:
    """The movement as text: sorted and with exact numbers, so that the same movement always gives the same."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)


def booked_on(content: Any) -> dt.date | None:
    """The day of a movement that may be unreadable otherwise; None when it does not tell."""
    try:
        return _day(_value(content, 0)) if isinstance(content, dict) else None
    except BadRecord:
        return None


def _day(value: Any) -> dt.date:
    """Text begins with the date; a number is milliseconds of midnight in Prague, never of UTC (fio.md 5.3)."""
    try:
        if isinstance(value, str):
            return dt.date.fromisoformat(value[:10])
        if isinstance(value, int) and not isinstance(value, bool):
            return prague_day(dt.datetime.fromtimestamp(value / 1000, dt.UTC))
    except (ValueError, OverflowError, OSError):
        pass
    raise BadRecord("A movement has no readable date", evidence="Datum")


def _amount(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise BadRecord("A movement has no amount", evidence="Objem")
    try:
        return hundredths(value)
    except BadRecord as error:
        raise BadRecord(error.cause, evidence="Objem") from None


def _value(content: Json, number: int) -> Any:
    cell = content.get(f"column{number}")
    return cell.get("value") if isinstance(cell, dict) else None


def _text(content: Json, number: int) -> str | None:
    """The text of a column; a blank one is as good as none (fio.md 5.2)."""
    value = _value(content, number)
    return None if value is None else str(value).strip() or None
