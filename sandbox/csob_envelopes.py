"""What Business Connector's envelopes say and how they look (csob.md 4.2)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree
from starlette.responses import Response

from tasks.days import PRAGUE
from tasks.xml import Element

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
LIST = "http://ceb-bc.csob.cz/CEBBCWS/GetDownloadFileList_v4"
ERROR = "http://ceb-bc.csob.cz/CEBBCWS/CEBBCError_v2"
TICKET = "CBAPIceb-int19020521573282700183"


@dataclass(frozen=True)
class Question:
    """What a client wants listed."""

    contract: int
    since: dt.datetime | None
    kinds: tuple[str, ...]
    formats: tuple[str, ...]
    name: str
    created_after: dt.datetime | None
    created_before: dt.datetime | None


def question(body: bytes) -> Question:
    """The question in an envelope; raises ValueError for one that the bank would not take."""
    root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    asked = root.find(f"{{{SOAP}}}Body/{{{LIST}}}GetDownloadFileListRequest_v4")
    if asked is None:
        raise ValueError("no question in the envelope")

    def texts(path: str) -> tuple[str, ...]:
        steps = "/".join(f"{{{LIST}}}{step}" for step in path.split("/"))
        return tuple((found.text or "").strip() for found in asked.findall(steps))

    def moment(path: str) -> dt.datetime | None:
        written = "".join(texts(path))
        return dt.datetime.fromisoformat(written) if written else None

    return Question(
        contract=int("".join(texts("ContractNumber"))),
        since=moment("PrevQueryTimestamp"),
        kinds=texts("Filter/FileTypes/FileType"),
        formats=texts("Filter/FileFormats/FileFormat"),
        name="".join(texts("Filter/FileName")),
        created_after=moment("Filter/CreatedAfter"),
        created_before=moment("Filter/CreatedBefore"),
    )


def listing(now: dt.datetime, details: Iterable[Mapping[str, Any]]) -> Response:
    """The list of files; without files there is no list at all."""
    answer = etree.Element(f"{{{LIST}}}GetDownloadFileListResponse_v4", nsmap={"ns2": LIST})
    _add(answer, "QueryTimestamp", _written(now))
    files = [_detail(detail) for detail in details]
    if files:
        _add(answer, "FileList").extend(files)
    _add(answer, "TicketId", TICKET)
    return _enveloped(answer, 200)


def failure(code: str, text: str) -> Response:
    """The bank's own error inside a SOAP fault."""
    fault = etree.Element(f"{{{SOAP}}}Fault", nsmap={"soap": SOAP})
    etree.SubElement(fault, "faultcode").text = "soap:Server"
    etree.SubElement(fault, "faultstring").text = "CEBBCError"
    error = etree.SubElement(etree.SubElement(fault, "detail"), f"{{{ERROR}}}CEBBCError", nsmap={"ns3": ERROR})
    for name, value in (("Code", code), ("Text", text), ("TicketId", TICKET)):
        etree.SubElement(error, f"{{{ERROR}}}{name}").text = value
    return _enveloped(fault, 500)


def _detail(detail: Mapping[str, Any]) -> Element:
    element = etree.Element(f"{{{LIST}}}FileDetail")
    if detail["url"]:
        _add(element, "Url", detail["url"])
    _add(element, "Filename", detail["name"])
    _add(element, "Type", detail["kind"])
    if detail["format"]:
        _add(element, "Format", detail["format"])
    created: dt.datetime = detail["created"]
    _add(element, "CreationDateTime", _naive(created) if detail["naive"] else _written(created))
    _add(element, "Size", str(detail["size"]))
    _add(element, "Status", detail["status"])
    return element


def _add(parent: Element, name: str, text: str | None = None) -> Element:
    child = etree.SubElement(parent, f"{{{LIST}}}{name}")
    child.text = text
    return child


def _written(moment: dt.datetime) -> str:
    return moment.astimezone(PRAGUE).isoformat(timespec="seconds")


def _naive(moment: dt.datetime) -> str:
    return moment.astimezone(PRAGUE).replace(tzinfo=None).isoformat(timespec="milliseconds")


def _enveloped(content: Element, status: int) -> Response:
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
    etree.SubElement(envelope, f"{{{SOAP}}}Body").append(content)
    body = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
    return Response(body, status, media_type="text/xml; charset=utf-8")
