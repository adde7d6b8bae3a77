"""What the sandbox's mServer demands of a request before it does anything, item by item, as Pohoda does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from lxml import etree

from tasks.xml import Element, parse

VERSION_2 = "http://www.stormware.cz/schema/version_2/"
NOT_VALID = "Nepodařila se validace dokumentu podle schématu."

_SEQUENCE = {
    "order": (
        "links",
        "actionType",
        "orderHeader",
        "orderDetail",
        "orderSummary",
        "linkedDocuments",
        "attachments",
        "print",
    ),
    "invoice": (
        "links",
        "cancelDocument",
        "correctiveDocument",
        "invoiceHeader",
        "invoiceRetentions",
        "invoiceDetail",
        "invoiceSummary",
        "linkedDocuments",
        "liquidations",
        "attachments",
        "EET",
        "print",
    ),
}
"""What a document may hold, in this order (3.1). Invoices have no actionType in any published schema."""
_AGENDAS = {
    "receivedOrder": "received_order",
    "issuedInvoice": "issued_invoice",
    "issuedAdvanceInvoice": "advance_invoice",
}
NOTES = {"intNote": "Pozn2", "note": "Pozn"}
"""The notes in a header, plain text of any length, and the columns they are kept in."""
_VALUES = {
    "currencyValue": re.compile(r"-?\d+(\.\d+)?"),
    "integerValue": re.compile(r"-?\d+"),
    "booleanValue": re.compile("true|false"),
    "textValue": re.compile(r"(?s).*"),
}
"""The lexical forms of parameters that the sandbox's fields can have (4.2)."""

Value = str | int | Decimal | bool


class Malformed(Exception):
    """The body is not XML at all: HTTP 400."""


class PackRefused(Exception):
    """The request is refused as a whole, with the reason."""


class Invalid(Exception):
    """One item is not valid by the schema; the others go on."""


@dataclass(frozen=True)
class Item:
    """One item that is valid by the schema."""

    element: str
    """order, invoice, liquidationWithoutLink, listOrderRequest or listInvoiceRequest."""
    action: str
    """add, update, delete, settle or list."""
    agendas: tuple[str, ...]
    """In which agendas the document can be."""
    row_id: int | None = None
    values: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Value element and text of each parameter by its field's name."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """The new notes by their columns."""
    amount: Decimal = Decimal(0)
    """How much is to be settled."""
    day: str = ""
    """The day on which it is to be settled; today when empty."""


def read_pack(body: bytes) -> Element:
    """The data pack in these bytes, its envelope valid."""
    try:
        root = parse(body, what="The request")
    except Exception as error:
        raise Malformed from error
    lacks = [name for name in ("version", "id", "application", "note") if root.get(name) is None]
    if _name(root) != "data:dataPack" or lacks or root.get("version") != "2.0" or not len(root):
        raise PackRefused(f"{NOT_VALID} Obálka dataPack není úplná.")
    if len(root.get("id", "")) > 64 or any(_name(item) != "data:dataPackItem" for item in root):
        raise PackRefused(f"{NOT_VALID} Obálka dataPack není platná.")
    return root


def read_item(item: Element, accepts_updates: bool) -> Item:
    """What the item asks for. Raises Invalid as the release's schema would."""
    if not 0 < len(item.get("id", "")) <= 64 or item.get("version") not in ("1.0", "2.0") or len(item) != 1:
        raise Invalid("Položka dataPackItem není platná.")
    content = item[0]
    match _name(content):
        case "order:order" | "invoice:invoice":
            return _document(content, accepts_updates)
        case "liquidationWithoutLink:liquidationWithoutLink":
            return _settlement(content)
        case "list:listOrderRequest" | "list:listInvoiceRequest":
            return _list(content)
        case other:
            raise Invalid(f"Prvek {other} není očekáván.")


def typed(element: str, text: str) -> Value:
    """The value of a parameter as Pohoda stores it."""
    kinds: dict[str, type[Decimal] | type[int]] = {"currencyValue": Decimal, "integerValue": int}
    return text == "true" if element == "booleanValue" else kinds.get(element, str)(text)


def _document(document: Element, accepts_updates: bool) -> Item:
    kind = etree.QName(document).localname
    sequence = [*_SEQUENCE[kind]]
    if accepts_updates and "actionType" not in sequence:
        sequence.insert(1, "actionType")
    parts = {_name(part).partition(":")[2]: part for part in document}
    places = [sequence.index(name) if name in sequence else -1 for name in parts]
    if (
        document.get("version") != "2.0"
        or -1 in places
        or places != sorted(places)
        or len(parts) != len(document)
    ):
        raise Invalid(f"Prvek {kind} obsahuje neočekávaný prvek, očekává se {', '.join(sequence)}.")
    header = parts.get(f"{kind}Header")
    values = _parameters(header) if header is not None else {}
    notes = _notes(header) if header is not None else {}
    action, row_id = _action(parts.get("actionType"), accepts_updates)
    return Item(kind, action, _agendas(kind, header), row_id, values, notes)


def _action(action_type: Element | None, accepts_updates: bool) -> tuple[str, int | None]:
    """Without an action type the document is a new one: that is what makes Pohoda dangerous here (0.5)."""
    if action_type is None:
        return "add", None
    known = ("add", "update", "delete") if accepts_updates else ("add", "delete")
    if len(action_type) != 1 or (name := etree.QName(action_type[0]).localname) not in known:
        raise Invalid(f"Prvek actionType obsahuje neočekávaný prvek, očekává se {', '.join(known)}.")
    return name, (_filter_id(action_type[0]) if name != "add" else None)


def _agendas(kind: str, header: Element | None) -> tuple[str, ...]:
    told = None if header is None else header.findtext(f"{{*}}{kind}Type")
    if kind == "invoice" and header is not None and told not in _AGENDAS:
        raise Invalid("Prvek invoiceType chybí nebo má neznámou hodnotu.")
    if told:
        return (_AGENDAS[told],)
    return ("received_order",) if kind == "order" else ("issued_invoice", "advance_invoice")


def _parameters(header: Element) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for parameter in header.iterfind("{*}parameters/{*}parameter"):
        if [_name(part).partition(":")[0] for part in parameter] != ["type", "type"]:
            raise Invalid("Prvek parameter má mít název a jednu hodnotu.")
        name, value = parameter[0].text or "", parameter[1].text or ""
        element = etree.QName(parameter[1]).localname
        if not 0 < len(name) <= 16:
            raise Invalid(f"Prvek name: hodnota '{name}' je delší než 16 znaků nebo prázdná.")
        if element not in _VALUES or not _VALUES[element].fullmatch(value):
            raise Invalid(f"Prvek {element}: hodnota '{value}' není platná.")
        found[name] = element, value
    return found


def _notes(header: Element) -> dict[str, str]:
    told = [part for part in header if _name(part).partition(":")[2] in NOTES]
    found = {NOTES[_name(part).partition(":")[2]]: part.text or "" for part in told}
    if len(found) != len(told) or any(len(part) for part in told):
        raise Invalid("Poznámka je v hlavičce dvakrát, nebo v ní není jen text.")
    return found


def _settlement(content: Element) -> Item:
    parts = [_name(part).partition(":")[2] for part in content]
    record, amount = content.find("{*}record"), content.findtext("{*}amountHome") or ""
    agenda = "" if record is None else record.get("agenda", "")
    day = content.findtext("{*}date") or ""
    expected = ["extId", "record", *(["date"] if day else []), "amountHome"]
    if parts != expected or record is None or content.get("version") != "2.0":
        raise Invalid("Prvek liquidationWithoutLink má mít extId, record, případně date, a amountHome.")
    if day and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
        raise Invalid(f"Prvek date: hodnota '{day}' není platná.")
    if agenda not in ("issuedInvoice", "issuedAdvanceInvoice") or not _VALUES["currencyValue"].fullmatch(amount):
        raise Invalid("Prvek liquidationWithoutLink má neznámou agendu nebo neplatnou částku.")
    row_id = _filter_id(record)
    return Item("liquidationWithoutLink", "settle", (_AGENDAS[agenda],), row_id, amount=Decimal(amount), day=day)


def _list(request: Element) -> Item:
    kind = "order" if etree.QName(request).localname == "listOrderRequest" else "invoice"
    asked = request.find(f"{{*}}request{kind.title()}")
    if asked is None or request.get(f"{kind}Type") not in _AGENDAS or request.get(f"{kind}Version") != "2.0":
        raise Invalid("Požadavek na seznam není úplný.")
    return Item(
        f"list{kind.title()}Request", "list", (_AGENDAS[request.get(f"{kind}Type", "")],), _filter_id(asked)
    )


def _filter_id(parent: Element) -> int:
    text = parent.findtext("{*}filter/{*}id") or ""
    if not re.fullmatch("[1-9][0-9]*", text):
        raise Invalid("Filtr nemá platné id; podle ničeho jiného pískoviště nehledá.")
    return int(text)


def _name(element: Element) -> str:
    """Schema file and local name, such as "order:actionType"; comments and other namespaces have no such name."""
    if not isinstance(element.tag, str) or not element.tag.startswith("{" + VERSION_2):
        return "?:?"
    return element.tag.removeprefix("{" + VERSION_2).replace(".xsd}", ":")
