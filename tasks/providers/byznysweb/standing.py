"""
Payments as rows that are only added to: what the shop said stays, and what it takes back gets a row of its own.

The shop tells its present state and no history (byznysweb.md 1.10). So what of an order was delivered before is
remembered beside the payments, and each new look at the order gives the difference. A payment that was taken back
and comes again is a new payment, so that both steps, and the third one, stay in the history.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import Any

from tasks.providers.byznysweb.evidence import WHOLE_ORDER, Decision, Part
from tasks.providers.byznysweb.orders import Order


@dataclass(frozen=True)
class Counted:
    """A payment of an order that stands in the ledger."""

    payment_id: str
    amount: int
    currency: str
    day: str


@dataclass
class Standing:
    """What of one order stands in the ledger, by the key of its evidence, and how often each was taken back."""

    counted: dict[str, Counted] = field(default_factory=dict[str, Counted])
    taken_back: dict[str, int] = field(default_factory=dict[str, int])

    @classmethod
    def read(cls, text: str | None) -> Standing:
        """From the text that `text` gave; nothing stands when there is none."""
        content = json.loads(text) if text else {"counted": {}, "taken_back": {}}
        return cls({key: Counted(*value) for key, value in content["counted"].items()}, content["taken_back"])

    def text(self) -> str:
        counted = {key: [c.payment_id, c.amount, c.currency, c.day] for key, c in self.counted.items()}
        return json.dumps({"counted": counted, "taken_back": self.taken_back}, sort_keys=True)

    @property
    def amount(self) -> int:
        return sum(counted.amount for counted in self.counted.values())


@dataclass(frozen=True)
class Change:
    """What a new look at an order changes."""

    rows: tuple[dict[str, Any], ...]
    standing: Standing
    lowered: bool
    """Whether less is paid than before."""
    left: bool
    """Whether the order no longer has a sign that it is paid, though nothing took its payment back."""


def change(order: Order, decision: Decision, before: Standing) -> Change:
    """Rows (without source and raw) that bring what stands to what the decision says, and what stands then.

    A status that merely moved on takes nothing back: only an excluded one does, or evidence that is gone.
    """
    after = Standing(dict(before.counted), dict(before.taken_back))
    wanted = {part.key: part for part in decision.parts}
    total = sum(part.amount for part in decision.parts)
    whole = before.counted.get(WHOLE_ORDER)
    left = (
        decision.outcome != "excluded"
        and WHOLE_ORDER not in wanted
        and whole is not None
        and total < whole.amount
    )
    if left:
        wanted = {}
    gone = [key for key in before.counted if key not in wanted and _is_gone(key, decision, bool(wanted))]
    rows = [_taken_back(order, key, after) for key in gone]
    rows += [_counted(order, part, after) for part in wanted.values()]
    return Change(tuple(rows), after, after.amount < before.amount, left)


def _is_gone(key: str, decision: Decision, replaced: bool) -> bool:
    if decision.outcome == "excluded" or replaced:
        return True
    return key != WHOLE_ORDER and key not in decision.offered


def _counted(order: Order, part: Part, after: Standing) -> dict[str, Any]:
    old = after.counted.get(part.key)
    times = after.taken_back.get(part.key, 0)
    identity = f"{order.id}/{part.key}" + (f"~{times + 1}" if times else "")
    day = old.day if old and part.key == WHOLE_ORDER else part.day.isoformat()
    after.counted[part.key] = Counted(identity, part.amount, order.currency, day)
    return _row(order, after.counted[part.key], "eshop" if part.amount > 0 else "refund")


def _taken_back(order: Order, key: str, after: Standing) -> dict[str, Any]:
    old = after.counted.pop(key)
    after.taken_back[key] = after.taken_back.get(key, 0) + 1
    if old.amount < 0:
        return _row(order, Counted(old.payment_id, 0, old.currency, old.day), "refund")
    back = Counted(f"{old.payment_id}/back", -old.amount, old.currency, order.changed_on.isoformat())
    return _row(order, back, "reversal") | {"reverses": old.payment_id}


def _row(order: Order, counted: Counted, kind: str) -> dict[str, Any]:
    return {
        "payment_id": counted.payment_id,
        "booked_on": dt.date.fromisoformat(counted.day),
        "amount": counted.amount,
        "currency": counted.currency,
        "reference": order.number,
        "kind": kind,
    }
