"""
The last look at a request before it leaves: it may update or settle existing documents or read, and nothing else.

The guard trusts nothing that the builder meant: it reads the finished bytes as Pohoda will. An order or invoice
without an update action would create a document (pohoda-mserver.md 0.5).
"""

from __future__ import annotations

import re

from tasks.mserver.requests import ELEMENT, FORMS, NOTE_ELEMENTS, Form, Pack
from tasks.mserver.schema import tag
from tasks.xml import Element, parse

_ID = re.compile("[1-9][0-9]*")
_AMOUNT = re.compile(r"(?!0+\.00)[0-9]{1,14}\.[0-9]{2}")
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_READING = (tag("lst", "listOrderRequest"), tag("lst", "listInvoiceRequest"))


def guard(pack: Pack) -> None:
    """Raise ValueError unless every item updates or settles one existing document, or the whole pack only reads.

    Which document that is, its id says. A settlement is always of an issued or advance invoice and above zero.

    A ValueError here is a fault of this product, never of a setting or of an input.
    """
    root = parse(pack.body, what="A request to mServer")
    if root.tag != tag("dat", "dataPack") or not len(root):
        raise ValueError("a request to mServer must be a data pack with items")
    for item in root:
        if item.tag != tag("dat", "dataPackItem") or len(item) != 1:
            raise ValueError("an item of a request must hold just one element")
        may = _updates(item[0]) or _settles(item[0]) if pack.imports else item[0].tag in _READING
        if not may:
            raise ValueError(f"item {item.get('id')} does more than it may and is not sent")


def _updates(document: Element) -> bool:
    for form in FORMS:
        if document.tag == tag(form, ELEMENT[form]):
            parts = list(document)
            return 1 <= len(parts) <= 2 and _by_id(form, parts[0]) and all(_marks(form, p) for p in parts[1:])
    return False


def _settles(document: Element) -> bool:
    """Whether this settles one invoice of ours by an amount above zero; it has no way to make a document."""
    if document.tag != tag("lwl", "liquidationWithoutLink") or len(document) not in (3, 4):
        return False
    identity, record, *day, amount = document
    return (
        identity.tag == tag("lwl", "extId")
        and record.tag == tag("lwl", "record")
        and len(record.attrib) == 1
        and record.get("agenda") in ("issuedInvoice", "issuedAdvanceInvoice")
        and len(record) == 1
        and _chosen(record[0], (tag("ftr", "filter"),))
        and all(part.tag == tag("lwl", "date") and _DAY.fullmatch(part.text or "") for part in day)
        and amount.tag == tag("lwl", "amountHome")
        and _AMOUNT.fullmatch(amount.text or "") is not None
    )


def _by_id(form: Form, action: Element) -> bool:
    """Whether this is actionType/update/filter/id, each the only child, none with an attribute such as `add`."""
    return _chosen(action, (tag(form, "actionType"), tag(form, "update"), tag("ftr", "filter")))


def _chosen(node: Element, names: tuple[str, ...]) -> bool:
    for name in names:
        if node.tag != name or node.attrib or len(node) != 1:
            return False
        node = node[0]
    return node.tag == tag("ftr", "id") and not len(node) and _ID.fullmatch(node.text or "") is not None


def _marks(form: Form, header: Element) -> bool:
    texts = [tag(form, name) for name in ("invoiceType", *NOTE_ELEMENTS.values())]
    return header.tag == tag(form, f"{ELEMENT[form]}Header") and all(
        part.tag == tag(form, "parameters") or (part.tag in texts and not len(part)) for part in header
    )
