"""The state of an mServer as its /status tells it (pohoda-mserver.md 1.6)."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from tasks.errors import BadRecord
from tasks.outside import one_line
from tasks.xml import parse

LONGEST = 300
"""Of each thing told, which may end up in a report."""


@dataclass(frozen=True)
class Status:
    """How an mServer is, and which accounting unit it serves. What it does not tell is empty."""

    name: str
    """The name of its configuration in Pohoda."""
    state: str
    """`idle` or `working`."""
    processing: int
    """How many requests it has in work."""
    company: str
    database: str
    year: str
    period: str

    @property
    def idle(self) -> bool:
        return self.state == "idle" and not self.processing


def read_status(body: bytes) -> Status:
    """The state in these bytes. Raises BadRecord when they are not mServer's.

    The nesting inside `companyDetail` is not documented, so its values are taken from any depth.
    """
    root = parse(body, what="The state of mServer")
    if etree.QName(root).localname != "mServer":
        raise BadRecord("The state of mServer cannot be understood", evidence="it has another root element")
    told = {
        etree.QName(node).localname: one_line(node.text or "")[:LONGEST]
        for node in root.iter(etree.Element)
        if not len(node)
    }
    processing = told.get("processing", "")
    return Status(
        name=told.get("name", ""),
        state=told.get("status", "").lower(),
        processing=int(processing) if processing.isascii() and processing.isdigit() else 0,
        company=told.get("company", ""),
        database=told.get("databaseName", ""),
        year=told.get("year", ""),
        period=told.get("period", ""),
    )
