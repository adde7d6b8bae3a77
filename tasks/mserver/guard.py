"""The last look at a request before it leaves: it may update existing documents or read, and nothing else.

The guard trusts nothing that the builder meant: it reads the finished bytes as Pohoda will. An order or invoice
without an update action would create a document (pohoda-mserver.md 0.5).
"""

from __future__ import annotations

import re

from tasks.mserver.requests import ELEMENT, FORMS, Form, Pack
from tasks.mserver.schema import tag
from tasks.xml import Element, parse

_ID = re.compile("[1-9][0-9]*")
_READING = (tag("lst", "listOrderRequest"), tag("lst", "listInvoiceRequest"))


def guard(pack: Pack) -> None:
    """Raise ValueError unless every item updates one existing document by its id, or the whole pack only reads.

    A ValueError here is a fault of this product, never of a setting or of an input.
    """
    root = parse(pack.body, what="A request to mServer")
    if root.tag != tag("dat", "dataPack") or not len(root):
        raise ValueError("a request to mServer must be a data pack with items")
    for item in root:
        if item.tag != tag("dat", "dataPackItem") or len(item) != 1:
            raise ValueError("an item of a request must hold just one element")
        if not (_updates(item[0]) if pack.imports else item[0].tag in _READING):
            raise ValueError(f"item {item.get('id')} does more than it may and is not sent")


def _updates(document: Element) -> bool:
    for form in FORMS:
        if document.tag == tag(form, ELEMENT[form]):
            parts = list(document)
            return 1 <= len(parts) <= 2 and _by_id(form, parts[0]) and all(_marks(form, p) for p in parts[1:])
    return False


def _by_id(form: Form, action: Element) -> bool:
    """Whether this is actionType/update/filter/id, each the only child, none with an attribute such as `add`."""
    node = action
    for name in (tag(form, "actionType"), tag(form, "update"), tag("ftr", "filter")):
        if node.tag != name or node.attrib or len(node) != 1:
            return False
        node = node[0]
    return node.tag == tag("ftr", "id") and not len(node) and _ID.fullmatch(node.text or "") is not None


def _marks(form: Form, header: Element) -> bool:
    allowed = (tag(form, "parameters"), tag(form, "invoiceType"))
    return header.tag == tag(form, f"{ELEMENT[form]}Header") and all(part.tag in allowed for part in header)
