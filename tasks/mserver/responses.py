"""What mServer answers: a pack of item results, read strictly and matched by item id (pohoda-mserver.md 2.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from lxml import etree

from tasks.errors import BadRecord
from tasks.mserver.requests import ELEMENT, FORMS
from tasks.mserver.schema import tag
from tasks.outside import one_line
from tasks.xml import Element, parse

WHAT = "The answer of mServer"
LONGEST_NOTE = 300
_INTEGER = re.compile("-?[0-9]{1,18}")
_STATES = ("ok", "error")
_DETAIL_STATES = (*_STATES, "warning")


@dataclass(frozen=True)
class Detail:
    """One finding about an item; warnings exist only here and accompany a success."""

    state: str
    errno: int | None
    note: str


@dataclass(frozen=True)
class Produced:
    """What Pohoda did and to which record. `id` is missing when it is not a number."""

    id: int | None
    number: str
    action: str


@dataclass(frozen=True)
class ItemAnswer:
    """The result of one item. Only `state`, `inner_state` and `produced` together tell a success."""

    id: str
    state: str
    note: str
    inner: str
    """Local name of the element inside: orderResponse, invoiceResponse, listOrder, errorDetail …, or empty."""
    inner_state: str
    details: tuple[Detail, ...]
    produced: Produced | None
    duplicates: tuple[int | None, ...]
    """Ids of the documents that an earlier import of the very same item went to; None for a deleted one."""
    numbers: tuple[tuple[int, str], ...]
    """Id and number of each document in a list."""

    @property
    def complaint(self) -> tuple[str, str]:
        """Code and text of the first error, or the item's own note where no numbered one is given."""
        errors = [detail for detail in self.details if detail.state == "error"]
        if not errors:
            return "", self.note
        return ("" if errors[0].errno is None else str(errors[0].errno)), errors[0].note or self.note


@dataclass(frozen=True)
class PackAnswer:
    """The answer to one request. `state` says nothing about the items."""

    id: str
    state: str
    note: str
    release: str
    """The program's version as it spells it, e.g. "13907.6 SQL (12.3.2025)"."""
    ico: str
    items: tuple[ItemAnswer, ...]

    def to(self, item: str) -> ItemAnswer | None:
        """The one result for this item; None when there is none or more than one, so that nothing is known."""
        found = [answer for answer in self.items if answer.id == item]
        return found[0] if len(found) == 1 else None


def read_answer(body: bytes) -> PackAnswer:
    """The answer in these bytes, decoded as its XML declaration says. Raises BadRecord unless whole."""
    root = parse(body, what=WHAT)
    if root.tag != tag("rsp", "responsePack"):
        _not_understood("it is not a response pack")
    return PackAnswer(
        id=root.get("id", ""),
        state=_one_of(root.get("state"), _STATES),
        note=_note(root.get("note")),
        release=_note(root.get("programVersion")),
        ico=_note(root.get("ico")),
        items=tuple(_item(item) for item in root.iterchildren(etree.Element)),
    )


def _item(item: Element) -> ItemAnswer:
    if item.tag != tag("rsp", "responsePackItem") or len(item) > 1:
        _not_understood("an item has an unknown shape")
    inner = item[0] if len(item) else None
    return ItemAnswer(
        id=item.get("id", ""),
        state=_one_of(item.get("state"), _STATES),
        note=_note(item.get("note")),
        inner="" if inner is None else etree.QName(inner).localname,
        inner_state="" if inner is None else inner.get("state", ""),
        details=() if inner is None else tuple(map(_detail, inner.iterfind(".//" + tag("rdc", "detail")))),
        produced=None if inner is None else _produced(inner.find(tag("rdc", "producedDetails"))),
        duplicates=() if inner is None else _duplicates(inner),
        numbers=() if inner is None else _numbers(inner),
    )


def _detail(detail: Element) -> Detail:
    errno = detail.findtext(tag("rdc", "errno"))
    state = _one_of(detail.findtext(tag("rdc", "state")), _DETAIL_STATES)
    return Detail(state, _integer(errno), _note(detail.findtext(tag("rdc", "note"))))


def _produced(produced: Element | None) -> Produced | None:
    if produced is None:
        return None
    return Produced(
        id=_integer(produced.findtext(tag("rdc", "id"))),
        number=_note(produced.findtext(tag("rdc", "number"))),
        action=_note(produced.findtext(tag("rdc", "actionType"))),
    )


def _duplicates(inner: Element) -> tuple[int | None, ...]:
    found = inner.iterfind(tag("rsp", "recordDuplicity"))
    return tuple(_integer(record.findtext(tag("rsp", "id"))) for record in found)


def _numbers(inner: Element) -> tuple[tuple[int, str], ...]:
    found: list[tuple[int, str]] = []
    for form in FORMS:
        for header in inner.iter(tag(form, f"{ELEMENT[form]}Header")):
            row = _integer(header.findtext(tag(form, "id")))
            number = header.findtext(f"{tag(form, 'number')}/{tag('typ', 'numberRequested')}")
            if row is not None:
                found.append((row, _note(number)))
    return tuple(found)


def _one_of(value: str | None, known: tuple[str, ...]) -> str:
    if value not in known:
        _not_understood(f"a state is none of {', '.join(known)}")
    return value


def _integer(text: str | None) -> int | None:
    plain = (text or "").strip()
    return int(plain) if _INTEGER.fullmatch(plain) else None


def _note(text: str | None) -> str:
    """One line of bounded length: what mServer says ends up in reports."""
    return one_line(text or "")[:LONGEST_NOTE]


def _not_understood(why: str) -> NoReturn:
    raise BadRecord(f"{WHAT} cannot be understood", evidence=why)
