"""
What this product may send to mServer, and the only place that builds it.

An order or invoice without an update action *creates* a document (pohoda-mserver.md 0.5). So one function makes
such elements, with the action always in them, and `tasks.mserver.guard` reads every finished request once more.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from lxml import etree

from blocks.pohoda import NOTES, Agenda, is_note
from tasks.errors import SettingError
from tasks.money import wire
from tasks.mserver.schema import NAMESPACES, tag
from tasks.tables import MARKS
from tasks.xml import Element

APPLICATION = "pohoda-payments"
NOTE = "Stav úhrad"
LONGEST_NAME = 16
"""Pohoda's XML takes no longer field name, its prefix included (pohoda-mserver.md 4.2)."""
IMPOSSIBLE_ID = 2**31 - 1
"""The last number of Pohoda's row ids, which count up from one: no document has it."""

_NSMAP: dict[str | None, str] = {**NAMESPACES}
_NAME = re.compile(r"VPr[A-Za-z0-9_]+", re.IGNORECASE)
_SHORT = {"issued_invoice": "FA", "advance_invoice": "ZAL", "received_order": "OBJ"}
_KIND = {
    "issued_invoice": "issuedInvoice",
    "advance_invoice": "issuedAdvanceInvoice",
    "received_order": "receivedOrder",
}
NOTE_ELEMENTS = {"Pozn2": "intNote", "Pozn": "note"}
"""What the header of orders and of invoices calls each of `blocks.pohoda.NOTES`; plain text without a limit."""
Form = Literal["ord", "inv"]
FORMS: tuple[Form, ...] = ("ord", "inv")
ELEMENT: dict[Form, str] = {"ord": "order", "inv": "invoice"}


def form_of(agenda: str) -> Form:
    """Under which schema the agenda's documents travel; both kinds of invoices share one."""
    return "ord" if agenda == "received_order" else "inv"


@dataclass(frozen=True)
class MarkFields:
    """The database names of the fields that one agenda's marks go to; empty where a mark is not written.

    Several marks may go to one note. Raises SettingError for a name that mServer could not take.
    """

    amount: str = ""
    count: str = ""
    paid: str = ""

    def __post_init__(self) -> None:
        for name in filter(None, (self.amount, self.count, self.paid)):
            if is_note(name):
                continue
            if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
                raise SettingError(
                    "A field for marks has a name that mServer cannot take",
                    evidence=f"{name!r}, {len(name)} characters",
                    next_step=f"name a VPr field of at most {LONGEST_NAME} characters, or one of "
                    f"{', '.join(NOTES.values())}, in the unit's agenda",
                )

    @classmethod
    def of(cls, agenda: Agenda) -> MarkFields:
        """The fields as set for one agenda of a unit; none when the agenda is not used."""
        if not agenda.active:
            return cls()
        return cls(agenda.amount_field, agenda.count_field, agenda.paid_field)

    @property
    def marks(self) -> frozenset[str]:
        """Which of amount, count and paid have a field."""
        return frozenset(name for name in MARKS if getattr(self, name))

    @property
    def noted(self) -> frozenset[str]:
        """Which of them go to a note."""
        return frozenset(name for name in MARKS if is_note(getattr(self, name)))

    @property
    def note(self) -> str:
        """The note's column; empty when no mark goes to one."""
        return next((NOTES[getattr(self, name).lower()] for name in MARKS if name in self.noted), "")


@dataclass(frozen=True)
class Update:
    """New marks of one existing document. `amount` is hundredths.

    `write` is the ledger's number of this very write. It is part of the identity, since mServer's duplicity check
    would otherwise take a mark that comes back to an earlier value for a repetition (pohoda-mserver.md 1.7).
    """

    agenda: str
    document_id: int
    amount: int
    count: int
    paid: bool
    fields: MarkFields
    write: int
    note: str | None = field(default=None, repr=False)
    """The whole new text of the note, people's words included, where a mark goes to one."""

    def __post_init__(self) -> None:
        if (self.note is not None) != bool(self.fields.note):
            raise ValueError(f"{self.agenda} {self.document_id} needs the text of its note, and no other one")

    @property
    def id(self) -> str:
        """At most 64 characters, the same for the same write of the same content and for nothing else."""
        content = [f"{name}={value}" for name, _, value in self.values]
        content += [] if self.note is None else [f"{self.fields.note}={self.note}"]
        digest = _digest([self.agenda, str(self.document_id), *content, str(self.write)])
        return f"{_SHORT[self.agenda]}-{self.document_id}-{digest[:16]}"

    @property
    def values(self) -> list[tuple[str, str, str]]:
        """Field name, value element and its text, for each mark with a user field (pohoda-mserver.md 4.2)."""
        known = [
            (self.fields.amount, "currencyValue", wire(self.amount)),
            (self.fields.count, "integerValue", str(self.count)),
            (self.fields.paid, "booleanValue", "true" if self.paid else "false"),
        ]
        return [value for value in known if value[0] and not is_note(value[0])]


@dataclass(frozen=True)
class Settlement:
    """So much of one existing invoice is to be settled by one payment, in hundredths of the home currency.

    `document` is the invoice's name that outlasts its id, `ico` the accounting unit's. Without a day Pohoda takes
    the one on which it is done.
    """

    ico: str
    agenda: str
    document_id: int
    document: str
    source: str
    payment_id: str
    amount: int
    day: dt.date | None = None

    @property
    def id(self) -> str:
        """At most 64 characters, always the same for this payment on this document, telling of neither."""
        digest = _digest(map(repr, (self.ico, self.agenda, self.document, self.source, self.payment_id)))
        return f"LIK-{_SHORT[self.agenda]}-{digest[:40]}"


@dataclass(frozen=True)
class Pack:
    """A finished request: its id, the ids of its items in order, and the bytes to send."""

    id: str
    items: tuple[str, ...]
    body: bytes
    imports: bool
    """Whether it asks Pohoda to change anything, so that a lost answer leaves the outcome unknown."""


def update_pack(updates: Sequence[Update], ico: str) -> Pack:
    """The request that puts these marks on existing documents. Each document at most once, at least one."""
    return _pack([(update.id, _marked(update)) for update in updates], ico, imports=True)


def settlement_pack(settlements: Sequence[Settlement], ico: str) -> Pack:
    """The request that settles these invoices without link to a bank document. Each payment once, at least one.

    All of a unit's settlements share one pack id, since Pohoda tells a repetition by pack and item together
    (pohoda-mserver.md 1.7): so it knows a payment that it has settled in whatever company that comes again.
    """
    items = [(settlement.id, _settled(settlement)) for settlement in settlements]
    return _pack(items, ico, imports=True, identity=f"PP-LIK-{_digest([ico])[:40]}")


def probe_pack(ico: str) -> Pack:
    """A question to the release whether it takes updates at all; items "PROBE-ord" and "PROBE-inv".

    It cannot change or create anything: it asks for an update (never `add`) of an id that no document has, and it
    carries no header, so there is neither a value to set nor anything that a new document could be made of.
    """
    return _pack([(f"PROBE-{form}", _document(form, IMPOSSIBLE_ID)) for form in FORMS], ico, imports=True)


def list_pack(agenda: str, document_id: int, ico: str) -> Pack:
    """The question for one document; item "LIST". It only reads."""
    form = form_of(agenda)
    name = ELEMENT[form]
    request = etree.Element(
        tag("lst", f"list{name.title()}Request"),
        {"version": "2.0", f"{name}Type": _KIND[agenda], f"{name}Version": "2.0"},
        nsmap=_NSMAP,
    )
    _filtered(etree.SubElement(request, tag("lst", f"request{name.title()}")), document_id)
    restriction = etree.SubElement(request, tag("lst", "restrictionData"))
    etree.SubElement(restriction, tag("lst", "parameters")).text = "false"
    return _pack([("LIST", request)], ico, imports=False)


def _document(form: Form, document_id: int) -> Element:
    """The one place where an order or invoice element is made: always an update of an existing document."""
    document = etree.Element(tag(form, ELEMENT[form]), {"version": "2.0"}, nsmap=_NSMAP)
    action = etree.SubElement(document, tag(form, "actionType"))
    _filtered(etree.SubElement(action, tag(form, "update")), document_id)
    return document


def _marked(update: Update) -> Element:
    form = form_of(update.agenda)
    document = _document(form, update.document_id)
    header = etree.SubElement(document, tag(form, f"{ELEMENT[form]}Header"))
    if form == "inv":
        etree.SubElement(header, tag("inv", "invoiceType")).text = _KIND[update.agenda]
    if not update.fields.marks:
        raise ValueError(f"{update.agenda} has no field for any mark")
    if update.note is not None:
        etree.SubElement(header, tag(form, NOTE_ELEMENTS[update.fields.note])).text = update.note
    if update.values:
        _add_parameters(etree.SubElement(header, tag(form, "parameters")), update.values)
    return document


def _add_parameters(parameters: Element, values: Iterable[tuple[str, str, str]]) -> None:
    for name, value_element, value in values:
        parameter = etree.SubElement(parameters, tag("typ", "parameter"))
        etree.SubElement(parameter, tag("typ", "name")).text = name
        etree.SubElement(parameter, tag("typ", value_element)).text = value


def _settled(settlement: Settlement) -> Element:
    """Pohoda's own settlement; its parts are a sequence, so their order matters (pohoda-mserver.md 3.5 B)."""
    if form_of(settlement.agenda) != "inv" or settlement.amount <= 0:
        raise ValueError(f"{settlement.agenda} {settlement.document_id} cannot be settled by {settlement.amount}")
    document = etree.Element(tag("lwl", "liquidationWithoutLink"), {"version": "2.0"}, nsmap=_NSMAP)
    identity = etree.SubElement(document, tag("lwl", "extId"))
    etree.SubElement(identity, tag("typ", "ids")).text = settlement.id
    etree.SubElement(identity, tag("typ", "exSystemName")).text = APPLICATION
    record = etree.SubElement(document, tag("lwl", "record"), {"agenda": _KIND[settlement.agenda]})
    _filtered(record, settlement.document_id)
    if settlement.day:
        etree.SubElement(document, tag("lwl", "date")).text = settlement.day.isoformat()
    etree.SubElement(document, tag("lwl", "amountHome")).text = wire(settlement.amount)
    return document


def _filtered(parent: Element, document_id: int) -> None:
    if document_id < 1:
        raise ValueError(f"{document_id} is not a document's id")
    chosen = etree.SubElement(parent, tag("ftr", "filter"))
    etree.SubElement(chosen, tag("ftr", "id")).text = str(document_id)


def _pack(items: Sequence[tuple[str, Element]], ico: str, *, imports: bool, identity: str = "") -> Pack:
    ids = tuple(name for name, _ in items)
    if not ids or len(set(ids)) != len(ids):
        raise ValueError("a request needs items, each of its own id")
    identity = identity or f"PP-{_digest([ico, *ids])[:40]}"
    root = etree.Element(
        tag("dat", "dataPack"),
        {"version": "2.0", "id": identity, "ico": ico, "application": APPLICATION, "note": NOTE},
        nsmap=_NSMAP,
    )
    for name, content in items:
        etree.SubElement(root, tag("dat", "dataPackItem"), {"version": "2.0", "id": name}).append(content)
    etree.cleanup_namespaces(root)
    return Pack(identity, ids, _windows_1250(root), imports)


def _windows_1250(root: Element) -> bytes:
    """The document as Pohoda wants it; what Windows-1250 cannot hold becomes numeric references (1.5)."""
    text = '<?xml version="1.0" encoding="Windows-1250"?>\n' + etree.tostring(root, encoding="unicode")
    return text.encode("cp1250", errors="xmlcharrefreplace")


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
