"""
Whether a release of Pohoda takes updates of documents: found out by a harmless probe, remembered per release.

The published schema prepares the update of orders and has it switched off, and has none for invoices
(pohoda-mserver.md 0 and 3.2). So nothing is assumed about any release, also not that what one refuses the next
refuses too.
"""

from __future__ import annotations

import re
from typing import Literal, Protocol

from tasks.errors import OutcomeUnknown, Unavailable
from tasks.mserver.client import MServerClient
from tasks.mserver.requests import FORMS, IMPOSSIBLE_ID, Form, list_pack, probe_pack
from tasks.mserver.responses import ItemAnswer, PackAnswer

Verdict = Literal["accepts", "refuses", "unsafe", "unclear"]
"""`unsafe`: it did something else than update. `unclear` is the only one that is never remembered."""

_SCHEMA = re.compile(r"sch[ée]m|valid[aá]c", re.IGNORECASE)
_NOT_FOUND = re.compile(r"nenalez|nenašel|nebyl nalezen|nenájd|nenašiel|neexist|not found", re.IGNORECASE)


class Capabilities(Protocol):
    """Where the answers are remembered between runs. The ledger is one."""

    def capability(self, name: str) -> str | None:
        """The value remembered under the name, or None."""
        ...

    def remember_capability(self, name: str, value: str) -> None:
        """Remember the value under the name in place of any earlier one."""
        ...


class UpdateCapability:
    """What the release behind one mServer takes, per form of documents (orders; invoices of both kinds)."""

    def __init__(self, client: MServerClient, memory: Capabilities) -> None:
        self._client = client
        self._memory = memory
        self._found: dict[Form, Verdict] = {}
        self._complaints: dict[Form, str] = {}

    @property
    def release(self) -> str:
        """The release that last answered from this address, as it spells itself; empty when none ever did."""
        return self._memory.capability(f"mserver release {self._client.address}") or ""

    def verdict(self, form: Form) -> Verdict:
        """What is known of the last known release; `unclear` when nothing is."""
        known = self._found.get(form) or self._memory.capability(self._name(form))
        return known if known in ("accepts", "refuses", "unsafe") else "unclear"

    def complaint(self, form: Form) -> str:
        """What the release said to the probe, when it was probed just now."""
        return self._complaints.get(form, "")

    def find_out(self) -> None:
        """Make sure that what is known is of the release that answers now; probe a release not yet known.

        Costs no request while both forms are known to be accepted, one that only reads while they are not, and
        one probe per release. Raises what `MServerClient.post` raises, except OutcomeUnknown.
        """
        if all(self.verdict(form) == "accepts" for form in FORMS):
            return
        if self.release:
            self.notice(self._client.post(list_pack("received_order", IMPOSSIBLE_ID, self._client.ico)))
        if any(self.verdict(form) == "unclear" for form in FORMS):
            self._probe()

    @property
    def keeps_notes(self) -> bool:
        """Whether the last known release was seen to keep what people wrote in a note that it was given anew."""
        return self._memory.capability(self._notes_name) == "kept"

    def remember_notes_kept(self) -> None:
        """Keep that the release that answers now was seen to do so."""
        self._memory.remember_capability(self._notes_name, "kept")

    def notice(self, answer: PackAnswer) -> None:
        """Learn from any answer which release it is; what was known of another one no longer counts."""
        if answer.release and answer.release != self.release:
            self._memory.remember_capability(f"mserver release {self._client.address}", answer.release)
            self._found.clear()

    def remember(self, form: Form, verdict: Verdict) -> None:
        """Keep what was found out about the release that answers now."""
        self._found[form] = verdict
        if verdict != "unclear" and self.release:
            self._memory.remember_capability(self._name(form), verdict)

    def _probe(self) -> None:
        try:
            answer = self._client.post(probe_pack(self._client.ico))
        except OutcomeUnknown as error:
            # Whatever came of it, a probe changes nothing, so asking again is as good as never having asked.
            raise Unavailable("mServer did not answer a probe", evidence=error.evidence) from None
        self.notice(answer)
        for form in FORMS:
            item = answer.to(f"PROBE-{form}")
            self.remember(form, judged(item))
            self._complaints[form] = item.complaint[1] if item else ""

    @property
    def _notes_name(self) -> str:
        return f"mserver notes {self._client.address} {self.release}"

    def _name(self, form: Form) -> str:
        return f"mserver update {form} {self._client.address} {self.release}"


def judged(answer: ItemAnswer | None) -> Verdict:
    """What the answer to the probe says about the release.

    One that knows no update refuses the item by its schema before it looks at any document (pohoda-mserver.md
    2.5, 5.3 R2b). One that knows it looks for the document and finds none; in which shape it says so is not
    documented, so each of them counts. Anything else, a missing right for instance, tells nothing about it.
    """
    if answer is None:
        return "unclear"
    if answer.produced is not None:
        return "unsafe"
    _, note = answer.complaint
    understood = answer.inner in ("orderResponse", "invoiceResponse")
    if answer.state == "error" and not understood and _SCHEMA.search(note):
        return "refuses"
    if _NOT_FOUND.search(note) or (understood and "error" not in (answer.state, answer.inner_state)):
        return "accepts"
    return "unclear"
