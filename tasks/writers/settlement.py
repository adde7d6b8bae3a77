"""
Payments as Pohoda's own settlement of invoices, through mServer and without link to a bank document.

It changes what the books say of an invoice (pohoda-mserver.md 3.5 B), so it is only ever used where a person has
chosen it. The mark is the settled amount, total less open amount. A settlement cannot be set again to the same
value, it adds up; so what is open is read just before, and no settlement is ever sent twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from blocks.pohoda import PohodaUnit
from tasks.errors import OutcomeUnknown, SettingError, Unavailable
from tasks.mserver.client import MServerClient
from tasks.mserver.requests import Settlement, settlement_pack
from tasks.mserver.responses import ItemAnswer
from tasks.mserver.unit import database_name, prove_same, says_same
from tasks.pohoda.catalogue import SETTLED_AGENDAS
from tasks.pohoda.documents import read_marks
from tasks.writers import Written

ACTION = "liquidationWithoutLink"
MOVED = Written("left_out", note="Zbývající částka dokladu se mezitím změnila; doklad zůstal, jak je.")
FOREIGN = Written("left_out", note="Doklad v cizí měně se nelikviduje, kurzový rozdíl patří účetní.")
BACK = Written("refused", note="Peníze se vrátily, ale likvidaci nelze odvolat; zrušte ji v Pohodě ručně.")
NOT_AGAIN = Written("unknown", note="Zda se likvidace provedla, není známo; podruhé se neposílá.")
_UNCLEAR = Written("unknown", note="Odpovědi mServeru na tento doklad nelze rozumět.")

Key = tuple[str, int]


class SettlementWriter:
    """Settles the issued and advance invoices of one accounting unit, each payment once."""

    def __init__(self, unit: PohodaUnit, client: MServerClient | None = None) -> None:
        self._unit = unit
        self._client = client or MServerClient(unit.mserver, unit.ico)
        self._same_database: bool | None = None
        self._sent: set[int] = set()

    def marks(self, agenda: str) -> frozenset[str]:
        return frozenset({"amount"} if agenda in SETTLED_AGENDAS and self._unit.agenda(agenda).active else ())

    def ready(self) -> None:
        """Make sure of the login, and of the unit and year behind mServer."""
        if self._same_database is None:
            self._same_database = says_same(self._client.company(), database_name(self._unit.database))

    def write(self, changes: pd.DataFrame, writes: Sequence[int]) -> list[Written]:
        """One request for all that can be settled; a write whose number came before is not sent again."""
        self.ready()
        rows = changes.to_dict("records")
        if not self._client.wait_until_idle():
            raise Unavailable("mServer has another request in work, and what is open may still change")
        self._prove(rows[0])
        now = self._settled(changes)
        held = {write: self._held(row, write, now) for row, write in zip(rows, writes, strict=True)}
        sent = {
            write: _settlement(row, write) for row, write in zip(rows, writes, strict=True) if not held[write]
        }
        results = self._answers(sent) if sent else {}
        return [held[write] or results[write] for write in writes]

    def _held(self, row: Mapping[Any, Any], write: int, now: Mapping[Key, int]) -> Written | None:
        """Why this row is not sent, if it is not."""
        old = 0 if pd.isna(row["old_amount"]) else int(row["old_amount"])
        if write in self._sent:
            return NOT_AGAIN
        if int(row["new_amount"]) <= old:
            return BACK
        if str(row["currency"]) != self._unit.home_currency:
            return FOREIGN
        return None if now.get((str(row["agenda"]), int(row["document_id"]))) == old else MOVED

    def _answers(self, sent: Mapping[int, Settlement]) -> dict[int, Written]:
        self._sent |= sent.keys()
        try:
            answer = self._client.post(settlement_pack([*sent.values()], self._client.ico))
        except OutcomeUnknown as error:
            self._client.wait_until_idle()
            lost = Written("unknown", note=f"Odpověď mServeru se ztratila ({error.evidence}).")
            return dict.fromkeys(sent, lost)
        except Unavailable:
            self._sent -= sent.keys()
            raise
        return {write: outcome(settlement, answer.to(settlement.id)) for write, settlement in sent.items()}

    def _settled(self, changes: pd.DataFrame) -> dict[Key, int]:
        found: dict[Key, int] = {}
        for agenda, ids in changes.groupby("agenda")["document_id"]:
            read = read_marks(self._unit, str(agenda), ids.tolist())
            pairs = zip(read["document_id"], read["marked_amount"].fillna(0), strict=True)
            found |= {(str(agenda), int(row_id)): int(amount) for row_id, amount in pairs}
        return found

    def _prove(self, row: Mapping[Any, Any]) -> None:
        if not self._same_database:
            prove_same(self._client, str(row["agenda"]), int(row["document_id"]), str(row["number"]))
            self._same_database = True


def _settlement(row: Mapping[Any, Any], write: int) -> Settlement:
    old = 0 if pd.isna(row["old_amount"]) else int(row["old_amount"])
    amount = int(row["new_amount"]) - old
    return Settlement(str(row["agenda"]), int(row["document_id"]), amount, int(write))


def outcome(settlement: Settlement, answer: ItemAnswer | None) -> Written:
    """What the answer says of one settlement: done only if item, inner response and action all say so.

    Raises SettingError when mServer did anything else, so that nothing more is sent to it.
    """
    if answer is None:
        return _UNCLEAR
    code, note = answer.complaint
    if settlement.document_id in answer.duplicates:
        return Written("accepted", note=note)
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
