"""The answers of the sandbox's mServer, in the shapes that real ones have been seen to send (5.3)."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from sandbox.mserver_validation import VERSION_2
from tasks.xml import Element

RELEASE = "14000.1 SQL (1.1.2026)"
UNIT_KEY = "00000000-0000-4000-8000-000000000000"
AGENDA_TYPES = {
    "received_order": "prijate_objednavky",
    "issued_invoice": "vydane_faktury",
    "advance_invoice": "vydane_zalohove_faktury",
}
_FILES = {
    "rsp": "response",
    "rdc": "documentresponse",
    "ord": "order",
    "inv": "invoice",
    "lst": "list",
    "typ": "type",
    "lwl": "liquidationWithoutLink",
}
_NSMAP: dict[str | None, str] = {prefix: f"{VERSION_2}{file}.xsd" for prefix, file in _FILES.items()}


def tag(prefix: str, name: str) -> str:
    return f"{{{_NSMAP[prefix]}}}{name}"


def pack(pack_id: str, ico: str, note: str, release: str, *, refused: bool = False) -> Element:
    """The answer to a whole request, without items yet. A refused one does not repeat the id (R2)."""
    attributes = {
        "version": "2.0",
        "id": "" if refused else pack_id,
        "state": "error" if refused else "ok",
        "programVersion": release,
        "ico": ico,
        "key": UNIT_KEY,
        "note": note,
    }
    return etree.Element(tag("rsp", "responsePack"), attributes, nsmap=_NSMAP)


def item(parent: Element, item_id: str, state: str, note: str = "") -> Element:
    attributes = {"version": "2.0", "id": item_id, "state": state} | ({"note": note} if note else {})
    return etree.SubElement(parent, tag("rsp", "responsePackItem"), attributes)


def inner(parent: Element, kind: str, state: str) -> Element:
    prefix = {"order": "ord", "invoice": "inv"}.get(kind, "lwl")
    name = tag(prefix, f"{kind}Response")
    return etree.SubElement(parent, name, {"version": "2.0", "state": state})


def produced(parent: Element, row_id: int, number: str, action: str) -> None:
    details = etree.SubElement(parent, tag("rdc", "producedDetails"))
    for name, text in (("id", str(row_id)), ("number", number), ("actionType", action)):
        if text:
            etree.SubElement(details, tag("rdc", name)).text = text


def complaint(parent: Element, errno: int, note: str) -> None:
    detail = etree.SubElement(etree.SubElement(parent, tag("rdc", "importDetails")), tag("rdc", "detail"))
    for name, text in (("state", "error"), ("errno", str(errno)), ("note", note)):
        etree.SubElement(detail, tag("rdc", name)).text = text


def duplicity(parent: Element, agenda: str, row_id: int, number: str) -> None:
    detail = etree.SubElement(parent, tag("rsp", "errorDetail"))
    record = etree.SubElement(detail, tag("rsp", "recordDuplicity"))
    for name, text in (("agendaType", AGENDA_TYPES[agenda]), ("id", str(row_id)), ("number", number)):
        etree.SubElement(record, tag("rsp", name)).text = text


def listed(parent: Element, agenda: str, found: Mapping[int, str]) -> None:
    """A list of documents: id, kind and number, as far as anybody here asks for."""
    kind, prefix = ("order", "ord") if agenda == "received_order" else ("invoice", "inv")
    spelled = {
        "received_order": "receivedOrder",
        "issued_invoice": "issuedInvoice",
        "advance_invoice": "issuedAdvanceInvoice",
    }[agenda]
    moment = {"dateTimeStamp": "2026-01-20T08:00:00", "dateValidFrom": "2026-01-20"}
    whole = etree.SubElement(
        parent, tag("lst", f"list{kind.title()}"), {"version": "2.0", **moment, "state": "ok"}
    )
    for row_id, number in found.items():
        document = etree.SubElement(whole, tag("lst", kind), {"version": "2.0"})
        header = etree.SubElement(document, tag(prefix, f"{kind}Header"))
        etree.SubElement(header, tag(prefix, "id")).text = str(row_id)
        etree.SubElement(header, tag(prefix, f"{kind}Type")).text = spelled
        numbered = etree.SubElement(header, tag(prefix, "number"))
        etree.SubElement(numbered, tag("typ", "numberRequested")).text = number


def status(told: Mapping[str, str], company: Mapping[str, str]) -> Element:
    root = etree.Element("mServer")
    for name, text in told.items():
        etree.SubElement(root, name).text = text
    if company:
        detail = etree.SubElement(root, "companyDetail")
        for name, text in company.items():
            etree.SubElement(detail, name).text = text
    return root


def windows_1250(root: Element) -> bytes:
    """The bytes as Pohoda sends them (1.5)."""
    text = '<?xml version="1.0" encoding="Windows-1250"?>\r\n' + etree.tostring(root, encoding="unicode")
    return text.encode("cp1250", errors="xmlcharrefreplace")
