"""Marks through mServer: updates by document id, for releases that accept them (pohoda-mserver.md 5.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from blocks.pohoda import PohodaUnit
from tasks.errors import OutcomeUnknown, SettingError
from tasks.mserver.capability import Capabilities, UpdateCapability, Verdict
from tasks.mserver.client import MServerClient
from tasks.mserver.requests import Form, MarkFields, Update, form_of, update_pack
from tasks.mserver.responses import ItemAnswer, PackAnswer, Produced
from tasks.mserver.unit import another_unit, database_name, prove_same, says_same
from tasks.tables import AGENDAS
from tasks.writers import Written
from tasks.writers.notes import Key, Note, Notes, first_alone, with_words

REFUSES = Written("refused", note="Tato verze Pohody úpravu dokladů této agendy přes mServer neumožňuje.")
_NOT_CONFIRMED = Written("unknown", note="Odpovědi mServeru na tento doklad nelze rozumět.")
_NOT_FOUND = Written("refused", note="mServer doklad nenašel a nic neupravil.")
_UNFIT: Mapping[Verdict, tuple[str, str]] = {
    "unsafe": (
        "This release of POHODA does something else with an update than update, so nothing is sent to it",
        "check the latest documents in POHODA, then choose another way of writing in the unit",
    ),
    "refuses": (
        "This release of POHODA refuses updates of documents through mServer, so nothing was written",
        "ask Stormware for a release that updates documents by XML, or choose another way of writing in the unit",
    ),
    "unclear": (
        "It cannot be told whether this release of POHODA takes updates of documents through mServer",
        "check the rights of the mServer user in POHODA, then run the check",
    ),
}


class MServerWriter:
    """Writes the marks of one accounting unit through its mServer."""

    def __init__(self, unit: PohodaUnit, memory: Capabilities, client: MServerClient | None = None) -> None:
        self._client = client or MServerClient(unit.mserver, unit.ico)
        self._fields = {name: MarkFields.of(unit.agenda(name)) for name in AGENDAS}
        self._database = database_name(unit.database)
        self._same_database = False
        self._ready = False
        self._notes = Notes(unit)
        self.capability = UpdateCapability(self._client, memory)

    def marks(self, agenda: str) -> frozenset[str]:
        return self._fields[agenda].marks

    def ready(self) -> None:
        """Make sure of the login, of the unit and year behind mServer, and that its release takes updates."""
        if self._ready:
            return
        self._same_database = says_same(self._client.company(), self._database)
        self.capability.find_out()
        self._demand_updates()
        self._ready = True

    def write(self, changes: pd.DataFrame, writes: Sequence[int]) -> list[Written]:
        """One request for the whole batch. A lost answer leaves each row unknown, once mServer came to rest.

        The first note in which people wrote goes alone, as long as the release was not seen to keep their words.
        """
        self.ready()
        rows = changes.to_dict("records")
        self._prove(rows[0])
        notes = self._notes.prepared(rows)
        updates = [self._update(row, write, notes) for row, write in zip(rows, writes, strict=True)]
        numbers = {update.id: row["number"] for update, row in zip(updates, rows, strict=True)}
        results = {update.id: held for update in updates if (held := self._held(update, notes))}
        going = [update for update in updates if update.id not in results]
        for part in [going] if self.capability.keeps_notes else first_alone(going, notes):
            self.ready()
            results |= self._sent(part, numbers)
            if self._notes.kept(with_words(part, notes)):
                self.capability.remember_notes_kept()
        return [results[update.id] for update in updates]

    def _held(self, update: Update, notes: Mapping[Key, Note]) -> Written | None:
        """Why this one is not sent, if it is not."""
        if self.capability.verdict(form_of(update.agenda)) != "accepts":
            return REFUSES
        note = notes.get((update.agenda, update.document_id))
        return note.held if note else None

    def _sent(self, updates: Sequence[Update], numbers: Mapping[str, Any]) -> dict[str, Written]:
        if not updates:
            return {}
        self._same_database = False
        try:
            answer = self._client.post(update_pack(updates, self._client.ico))
        except OutcomeUnknown as error:
            self._ready = False  # a frozen mServer is to be recognised before it is made to lose another answer
            self._client.wait_until_idle()
            lost = Written("unknown", note=f"Odpověď mServeru se ztratila ({error.evidence}).")
            return {update.id: lost for update in updates}
        self._watch(updates, numbers, answer)
        return {update.id: outcome(update, answer.to(update.id)) for update in updates}

    def _update(self, row: Mapping[Any, Any], write: int, notes: Mapping[Key, Note]) -> Update:
        agenda, document_id = str(row["agenda"]), int(row["document_id"])
        note = notes.get((agenda, document_id))
        return Update(
            agenda=agenda,
            document_id=document_id,
            amount=int(row["new_amount"]),
            count=int(row["new_count"]),
            paid=bool(row["new_paid"]),
            fields=self._fields[agenda],
            write=int(write),
            note=note.after if note else None,
        )

    def _prove(self, row: Mapping[Any, Any]) -> None:
        """Before every batch, since somebody may open another year in this mServer while a run goes on."""
        if not (self._same_database or says_same(self._client.company(), self._database)):
            prove_same(self._client, str(row["agenda"]), int(row["document_id"]), str(row["number"]))

    def _watch(self, updates: Sequence[Update], numbers: Mapping[str, Any], answer: PackAnswer) -> None:
        """Stop at once when mServer touched anything else than was meant; notice when it is another release."""
        self._ready = answer.release in ("", self.capability.release)
        self.capability.notice(answer)
        for update in updates:
            item = answer.to(update.id)
            done = item.produced if item else None
            if done is None:
                continue
            if done.id != update.document_id or done.action not in ("update", ""):
                self.capability.remember(form_of(update.agenda), "unsafe")
                raise _astray(update, done)
            if done.number and done.number != numbers[update.id]:
                raise another_unit(
                    f"document {done.id} is {numbers[update.id]} in the database, {done.number} in mServer"
                )

    def _demand_updates(self) -> None:
        forms: set[Form] = {form_of(agenda) for agenda in AGENDAS if self.marks(agenda)}
        verdicts = {self.capability.verdict(form) for form in forms}
        if "unsafe" in verdicts or (forms and "accepts" not in verdicts):
            cause, next_step = next(_UNFIT[verdict] for verdict in _UNFIT if verdict in verdicts)
            said = "; ".join(sorted({self.capability.complaint(form) for form in forms} - {""}))
            evidence = f"release {self.capability.release or 'unknown'}"
            raise SettingError(
                cause, evidence=f"{evidence} said: {said}" if said else evidence, next_step=next_step
            )


def _astray(update: Update, done: Produced) -> SettingError:
    return SettingError(
        "mServer did something else with an update than update; nothing more is sent to it",
        evidence=f"{done.action or 'no action'} of document {done.id} {done.number} for {update.id}",
        next_step="check that document in POHODA, and ask for help before anything is written again",
    )


def outcome(update: Update, answer: ItemAnswer | None) -> Written:
    """What the answer says of one update: a success only if item, inner response and produced record all say so.

    A duplicate means that an earlier sending of this very write was taken (pohoda-mserver.md 1.7).
    """
    if answer is None:
        return _NOT_CONFIRMED
    code, note = answer.complaint
    if update.document_id in answer.duplicates:
        return Written("accepted", note=note)
    if "error" in (answer.state, answer.inner_state):
        return Written("refused", code, note)
    if answer.inner not in ("orderResponse", "invoiceResponse") or answer.inner_state != "ok":
        return _NOT_CONFIRMED
    if answer.produced is None:
        return _NOT_FOUND
    right = answer.produced.id == update.document_id and answer.produced.action == "update"
    return Written("accepted") if right else _NOT_CONFIRMED
