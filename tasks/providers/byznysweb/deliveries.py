"""What one look at the shop amounts to: payments, places of reading, and what people should know. Pure."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from blocks.byznysweb import ByznysWebShop
from tasks.errors import BadRecord
from tasks.provider import Delivery, Fault, Note
from tasks.providers.byznysweb.evidence import decide
from tasks.providers.byznysweb.orders import Order, order_of
from tasks.providers.byznysweb.reading import Entry, Reading
from tasks.providers.byznysweb.standing import Standing, change
from tasks.tables import INCOMING, table

WATERMARK = "watermark"
STATUSES = "statuses"
UNCLEAR = "unclear"
"""Numbers of orders that could not be read or decided; each run asks for them again, one by one."""
MOST_UNCLEAR = 100
"""With more than so many something is wrong with the answer, and the reading does not count as complete."""
SHOWN = 30

NOT_KNOWN = "E-shop neřekl vše, podle čeho se pozná úhrada; označení dokladu zůstává"
NOT_DECIDED = "Z údajů e-shopu nejde určit, kolik je zaplaceno; označení dokladu zůstává"
SENTENCES = {
    "signs_disagree": "Znamení úhrady si odporují u objednávek {orders}. Prověřte je v e-shopu.",
    "payment_taken_back": "E-shop vzal zpět úhradu objednávek {orders}; na dokladech se sníží.",
    "paid_status_left": "Objednávky {orders} byly zaplacené a jejich stav to už neříká; úhrada zůstala.",
    "amount_rounded": "Částky objednávek {orders} má e-shop přesnější než na haléře; jsou zaokrouhlené.",
}


@dataclass
class Told:
    """What is found out order by order."""

    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    faults: list[Fault] = field(default_factory=list[Fault])
    cursors: dict[str, str] = field(default_factory=dict[str, str])
    unclear: list[str] = field(default_factory=list[str])
    complete: bool = True
    """Whether all orders were there, and every unclear one has its number in `unclear`."""
    changed: str = ""
    """The latest change among the orders, by the shop's clock."""
    about: dict[str, list[str]] = field(default_factory=lambda: {code: [] for code in SENTENCES})


def delivery(reading: Reading, shop: ByznysWebShop, source: str) -> Delivery:
    """The reading as a delivery.

    The watermark and the days follow only when no order was missing; an unclear one is asked for again by number.
    """
    told = Told()
    remembered = reading.remembered or {}
    for order, entry in _latest(reading, told):
        _tell(order, entry, reading, shop, source, remembered, told)
    if reading.holes:
        cause = f"E-shop nevydal {reading.holes} objednávek; načtou se příště"
        told.faults.append(Fault("seznam objednávek", cause))
        told.complete = False
    if reading.broken:
        told.faults.append(Fault("seznam objednávek", reading.broken))
        told.complete = False
    covered: tuple[dt.date, ...] = ()
    if reading.days and told.complete and len(told.unclear) <= MOST_UNCLEAR:
        covered = tuple(day for day in reading.days if day < reading.asked_on)
        told.cursors[UNCLEAR] = json.dumps(sorted(set(told.unclear)))
        told.cursors |= _watermark(reading, told.changed, remembered.get(WATERMARK))
    told.cursors |= {STATUSES: json.dumps(dict(reading.statuses))} if reading.statuses else {}
    return Delivery(
        payments=table(INCOMING, told.rows),
        covered=covered,
        faults=tuple(told.faults),
        notes=tuple(_notes(reading, shop, told, remembered)),
        cursors=tuple(told.cursors.items()),
    )


def _latest(reading: Reading, told: Told) -> list[tuple[Order, Entry]]:
    """Each order once, as it was last; what cannot be read becomes a fault."""
    found: dict[str, tuple[Order, Entry]] = {}
    for number, entry in enumerate(reading.entries, start=1):
        try:
            order = order_of(entry.order, partial=entry.partial)
        except BadRecord as error:
            _not_read(entry, number, error.cause, told)
            continue
        if order.number not in found or found[order.number][0].changed <= order.changed:
            found[order.number] = (order, entry)
    return list(found.values())


def _not_read(entry: Entry, place: int, cause: str, told: Told) -> None:
    number = entry.order.get("order_num")
    if isinstance(number, str) and number.strip():
        told.unclear.append(number.strip())
        told.faults.append(Fault(f"objednávka {number.strip()[:40]}", cause, _raw(entry)))
    else:
        told.complete = False
        told.faults.append(Fault(f"objednávka {place}. v seznamu", cause, _raw(entry)))


def _tell(
    order: Order,
    entry: Entry,
    reading: Reading,
    shop: ByznysWebShop,
    source: str,
    remembered: Mapping[str, str],
    told: Told,
) -> None:
    told.changed = max(told.changed, order.changed)
    decision = decide(order, shop, reading.rules)
    if decision.outcome in ("unknown", "undecided"):
        cause = NOT_KNOWN if decision.outcome == "unknown" else NOT_DECIDED
        told.faults.append(Fault(f"objednávka {order.number}", cause, _raw(entry)))
        told.unclear.append(order.number)
        return
    before = Standing.read(remembered.get(cursor_of(order.id)))
    step = change(order, decision, before)
    told.rows += [row | {"source": source, "raw": _raw(entry)} for row in step.rows]
    if step.standing != before:
        told.cursors[cursor_of(order.id)] = step.standing.text()
    facts = {
        "signs_disagree": decision.conflict,
        "payment_taken_back": step.lowered,
        "paid_status_left": step.left,
        "amount_rounded": order.rounded,
    }
    for code, holds in facts.items():
        told.about[code] += [order.number] if holds else []


def cursor_of(order: str) -> str:
    """The name under which is remembered what of an order was delivered."""
    return f"order:{order}"


def _watermark(reading: Reading, changed: str, before: str | None) -> dict[str, str]:
    """The latest change less the time that reading took.

    What changed on an early page while later ones were read is not newer than that, so it is asked for again.
    """
    if not changed:
        return {}
    seconds = dt.timedelta(seconds=int(reading.seconds) + 1)
    reached = (dt.datetime.fromisoformat(changed) - seconds).isoformat(" ")
    return {WATERMARK: max(reached, before or "")}


def _notes(reading: Reading, shop: ByznysWebShop, told: Told, remembered: Mapping[str, str]) -> list[Note]:
    notes = [
        Note(code, SENTENCES[code].format(orders=_shown(orders)), urgent=code != "amount_rounded")
        for code, orders in told.about.items()
        if orders
    ]
    for rule in shop.rules:
        if rule not in reading.rules:
            notes.append(
                Note("sign_unavailable", f"Tento e-shop neumí ukázat znamení {rule}; nepoužívá se.", True)
            )
    known: dict[str, str] = json.loads(remembered.get(STATUSES, "{}"))
    for id, name in reading.statuses.items():
        if known.get(id, name) != name:
            text = f"Stav objednávky {id} se teď jmenuje „{name}“, dříve „{known[id]}“. Platí dál podle čísla."
            notes.append(Note("status_renamed", text))
    return notes


def _shown(orders: list[str]) -> str:
    more = f" a dalších {len(orders) - SHOWN}" if len(orders) > SHOWN else ""
    return ", ".join(orders[:SHOWN]) + more


def _raw(entry: Entry) -> str:
    return json.dumps(dict(entry.order), ensure_ascii=False, default=str)
