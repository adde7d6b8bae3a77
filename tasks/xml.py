"""XML as this product reads it: no entities, no DTD, no network, bounded size and depth."""

from __future__ import annotations

from lxml import etree

from tasks.errors import BadRecord

Element = etree._Element  # pyright: ignore[reportPrivateUsage]
"""The type of an element; lxml has no public name for it."""

LARGEST = 64 * 1024 * 1024


def parser() -> etree.XMLParser:
    """A parser that expands nothing and fetches nothing; lxml's own bounds on depth and size stay on."""
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )


def parse(body: bytes, *, what: str, largest: int = LARGEST) -> Element:
    """The root element of the document. Raises BadRecord when it is not well-formed, too large or has a DTD."""
    if len(body) > largest:
        raise BadRecord(f"{what} is larger than {largest // 1024 // 1024} MiB", evidence=f"{len(body)} bytes")
    try:
        root = etree.fromstring(body, parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadRecord(f"{what} is not well-formed XML", evidence=type(error).__name__) from None
    if root.getroottree().docinfo.doctype:
        raise BadRecord(f"{what} declares a document type, which is never needed here")
    return root
