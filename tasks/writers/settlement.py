"""
Payments as Pohoda's own settlement of invoices, through mServer and without link to a bank document.

It changes what the books say of an invoice (pohoda-mserver.md 3.5 B), so it is only ever used where a person has
chosen it. The mark is the settled amount, total less open amount. A settlement cannot be set again to the same
value, it adds up; so each payment has one for each document, noted before it is sent, and what is open tells
afterwards whether it was done.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Protocol

import pandas as pd

from blocks.pohoda import PohodaUnit
from tasks.errors import OutcomeUnknown, SettingError, Unavailable
from tasks.mserver.client import MServerClient
from tasks.mserver.requests import Settlement, settlement_pack
from tasks.mserver.responses import ItemAnswer
from tasks.mserver.unit import database_name, prove_same, says_same
from tasks.pohoda.catalogue import SETTLED_AGENDAS, read_period
from tasks.pohoda.connection import connected
from tasks.pohoda.documents import read_marks
from tasks.settlements.due import MOST_AT_ONCE
from tasks.settlements.fate import arrived, told_states
from tasks.tables import PARTS, SETTLED, table
from tasks.writers import Written

ACTION = "liquidationWithoutLink"
MOVED = Written("left_out", note="Zbývající částka dokladu se mezitím změnila; doklad zůstal, jak je.")
FOREIGN = Written("left_out", note="Doklad v cizí měně se nelikviduje, kurzový rozdíl patří účetní.")
BACK = Written(
    "refused",
    note="Zlikvidováno je víc, než kolik na doklad přišlo: peníze se vrátily, nebo platba patří jinam. Likvidaci "
    "nelze odvolat; zrušte ji v Pohodě ručně.",
)
NOT_AGAIN = Written("unknown", note="Zda se likvidace provedla, není známo; podruhé se neposílá.")
NOT_SENT = Written("left_out", note="Likvidace se neodeslala; přijde na ni příští běh.")
ALREADY = Written("accepted", note="Tuto platbu už Pohoda na dokladu jednou zlikvidovala.")
_UNCLEAR = Written("unknown", note="Odpovědi mServeru na tento doklad nelze rozumět.")

Key = tuple[str, int]


class Notebook(Protocol):
    """Where each settlement is noted before it is sent, once for ever. The ledger keeps one."""

    def intend(self, sending: pd.DataFrame) -> None:
        """Note these settlements (`tasks.tables.SETTLED`) in this order; ValueError for one sent before."""
        ...

    def settle(self, states: Mapping[str, str]) -> None:
        """Note what came of the settlements of these ids: settled or not_settled."""
        ...


@dataclass(frozen=True)
class Due:
    """The payments (`tasks.tables.PARTS`) that the changes are made of, and where their settling is noted."""

    parts: pd.DataFrame
    notebook: Notebook


class _Nowhere:
    def intend(self, sending: pd.DataFrame) -> None:
        raise ValueError("a settlement that is not noted may not be sent")

    def settle(self, states: Mapping[str, str]) -> None: ...


NOTHING_DUE = Due(table(PARTS), _Nowhere())
"""For who only asks whether payments could be settled."""


@dataclass(frozen=True)
class _Sending:
    """One settlement on its way: for which write, and how much of the document was settled before the write."""

    write: int
    before: int
    settlement: Settlement


class SettlementWriter:
    """Settles the issued and advance invoices of one accounting unit, each payment once."""

    def __init__(self, unit: PohodaUnit, due: Due, client: MServerClient | None = None) -> None:
        self._unit = unit
        self._client = client or MServerClient(unit.mserver, unit.ico)
        self._notebook = due.notebook
        self._parts: dict[Key, list[dict[Any, Any]]] = {}
        for part in due.parts.to_dict("records"):
            self._parts.setdefault((str(part["agenda"]), int(part["document_id"])), []).append(part)
        self._same_database: bool | None = None
        self._year: tuple[dt.date, dt.date] | None = None
        self._sent: set[int] = set()

    def marks(self, agenda: str) -> frozenset[str]:
        return settled_marks(self._unit, agenda)

    def ready(self) -> None:
        """Make sure of the login, and of the unit and year behind mServer."""
        if self._same_database is None:
            with connected(self._unit.database) as connection:
                self._year = read_period(connection)
            self._same_database = says_same(self._client.company(), database_name(self._unit.database))

    def write(self, changes: pd.DataFrame, writes: Sequence[int]) -> list[Written]:
        """One settlement for each payment that is due; a write whose number came before is not sent again."""
        self.ready()
        rows = changes.to_dict("records")
        if not self._client.wait_until_idle():
            raise Unavailable("mServer has another request in work, and what is open may still change")
        self._prove(rows[0])
        now = self._settled(changes)
        held = {write: self._held(row, write, now) for row, write in zip(rows, writes, strict=True)}
        sending = [
            one
            for row, write in zip(rows, writes, strict=True)
            if held[write] is None
            for one in self._settlements(row, write)
        ]
        said = self._send(sending)
        return [
            held[write] or _together([said[one] for one in sending if one.write == write]) for write in writes
        ]

    def _held(self, row: Mapping[Any, Any], write: int, now: Mapping[Key, int]) -> Written | None:
        """Why this row is not sent, if it is not."""
        old = _standing(row)
        if write in self._sent:
            return NOT_AGAIN
        if int(row["new_amount"]) <= old:
            return BACK
        if str(row["currency"]) != self._unit.home_currency:
            return FOREIGN
        return None if now.get(_key(row)) == old else MOVED

    def _settlements(self, row: Mapping[Any, Any], write: int) -> list[_Sending]:
        before = _standing(row)
        parts = self._parts.get(_key(row), [])
        if before + sum(int(part["amount"]) for part in parts) != int(row["new_amount"]):
            raise ValueError(f"{row['agenda']} {row['number']} is not made of its payments")
        return [_Sending(write, before, self._settlement(part)) for part in parts]

    def _settlement(self, part: Mapping[Any, Any]) -> Settlement:
        """A day outside the accounting year is left out, for Pohoda to take the day on which it settles."""
        day = part["booked_on"].date()
        within = self._year is not None and self._year[0] <= day <= self._year[1]
        texts = {name: str(part[name]) for name in ("agenda", "document", "source", "payment_id")}
        return Settlement(
            self._client.ico,
            **texts,
            document_id=int(part["document_id"]),
            amount=int(part["amount"]),
            day=day if within else None,
        )

    def _send(self, sending: Sequence[_Sending]) -> dict[_Sending, Written]:
        """Request by request, until an answer is lost. Raises Unavailable only when nothing was sent at all."""
        said: dict[_Sending, Written] = dict.fromkeys(sending, NOT_SENT)
        for some in _portions(sending):
            self._notebook.intend(noted(some))
            try:
                said |= self._answers(some)
            except Unavailable:
                self._notebook.settle({one.settlement.id: "not_settled" for one in some})
                if all(answer is NOT_SENT for answer in said.values()):
                    raise
                break
            self._sent |= {one.write for one in some}
            if not self._found_out(some, said):
                break
        return said

    def _answers(self, some: Sequence[_Sending]) -> dict[_Sending, Written]:
        self._same_database = False
        try:
            answer = self._client.post(settlement_pack([one.settlement for one in some], self._client.ico))
        except OutcomeUnknown as error:
            lost = Written("unknown", note=f"Odpověď mServeru se ztratila ({error.evidence}).")
            return dict.fromkeys(some, lost)
        return {one: outcome(one.settlement, answer.to(one.settlement.id)) for one in some}

    def _found_out(self, some: Sequence[_Sending], said: Mapping[_Sending, Written]) -> bool:
        """Note by what stands now which of these were done; whether every answer came.

        What cannot be read now stays noted as sent, and the next run finds it out.
        """
        self._notebook.settle(
            {one.settlement.id: "not_settled" for one in some if said[one].outcome == "refused"}
            | {one.settlement.id: "settled" for one in some if said[one] is ALREADY}
        )
        maybe = [one for one in some if said[one].outcome != "refused" and said[one] is not ALREADY]
        lost = any(said[one].outcome == "unknown" for one in some)
        if lost and not self._client.wait_until_idle():
            return False
        with suppress(Unavailable):
            places = dict.fromkeys(map(_place, maybe))
            now = self._settled(pd.DataFrame([*places], columns=["agenda", "document_id"]))
            for place in places:
                sent = [one for one in maybe if _place(one) == place]
                self._note(sent, now.get(place), all(said[one].outcome == "accepted" for one in sent))
        return not lost

    def _note(self, sent: Sequence[_Sending], now: int | None, accepted: bool) -> None:
        """Somebody may have settled besides; with mServer's word for each, at least so much is enough."""
        amounts = [one.settlement.amount for one in sent]
        if now is not None:
            all_done = accepted and now >= sent[0].before + sum(amounts)
            done = len(sent) if all_done else arrived(sent[0].before, amounts, now)
            self._notebook.settle(told_states([one.settlement.id for one in sent], done))

    def _settled(self, changes: pd.DataFrame) -> dict[Key, int]:
        found: dict[Key, int] = {}
        for agenda, ids in changes.groupby("agenda")["document_id"]:
            read = read_marks(self._unit, str(agenda), ids.tolist())
            pairs = zip(read["document_id"], read["marked_amount"].fillna(0), strict=True)
            found |= {(str(agenda), int(row_id)): int(amount) for row_id, amount in pairs}
        return found

    def _prove(self, row: Mapping[Any, Any]) -> None:
        """Before every batch, since somebody may open another year in this mServer while a run goes on."""
        known = self._same_database or says_same(self._client.company(), database_name(self._unit.database))
        if not known:
            prove_same(self._client, str(row["agenda"]), int(row["document_id"]), str(row["number"]))


def settled_marks(unit: PohodaUnit, agenda: str) -> frozenset[str]:
    """What settlement tells of the agenda's documents: of invoices the amount."""
    return frozenset({"amount"} if agenda in SETTLED_AGENDAS and unit.agenda(agenda).active else ())


def outcome(settlement: Settlement, answer: ItemAnswer | None) -> Written:
    """What the answer says of one settlement: done only if item, inner response and action all say so.

    A duplicate means that this payment was settled on this document before. Raises SettingError when mServer did
    anything else, so that nothing more is sent to it.
    """
    if answer is None:
        return _UNCLEAR
    code, note = answer.complaint
    if answer.duplicates:
        return ALREADY
    if "error" in (answer.state, answer.inner_state):
        return Written("refused", code, note)
    if answer.inner != f"{ACTION}Response" or answer.inner_state != "ok" or answer.produced is None:
        return _UNCLEAR
    if answer.produced.action != ACTION:
        raise SettingError(
            "mServer did something else with a settlement than settle; nothing more is sent to it",
            evidence=f"{answer.produced.action or 'no action'} of {answer.produced.id} for {settlement.id}",
            next_step="check that document in POHODA, and ask for help before anything is written again",
        )
    return Written("accepted")


def _together(parts: Sequence[Written]) -> Written:
    """What came of a document, of what came of its payments: the worst."""
    worst = ("refused", "unknown", "left_out", "accepted")
    return min(parts, key=lambda part: worst.index(part.outcome))


def noted(some: Sequence[_Sending]) -> pd.DataFrame:
    """These settlements as they are noted before they are sent, `tasks.tables.SETTLED`."""
    rows = [
        {
            "id": one.settlement.id,
            **{name: getattr(one.settlement, name) for name in ("agenda", "document", "source", "payment_id")},
            "amount": one.settlement.amount,
            "before": one.before,
            "state": "sent",
        }
        for one in some
    ]
    return table(SETTLED, rows)


def _portions(sending: Sequence[_Sending]) -> Generator[list[_Sending]]:
    """As many as go into one request; a document's payments, never more than that, stay together."""
    portion: list[_Sending] = []
    for _, document in groupby(sending, key=lambda one: one.write):
        payments = list(document)
        if len(portion) + len(payments) > MOST_AT_ONCE:
            yield portion
            portion = []
        portion += payments
    if portion:
        yield portion


def _standing(row: Mapping[Any, Any]) -> int:
    return 0 if pd.isna(row["old_amount"]) else int(row["old_amount"])


def _key(row: Mapping[Any, Any]) -> Key:
    return str(row["agenda"]), int(row["document_id"])


def _place(one: _Sending) -> Key:
    return one.settlement.agenda, one.settlement.document_id
