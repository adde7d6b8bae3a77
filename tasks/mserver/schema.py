"""The namespaces of Pohoda's XML, version 2 (pohoda-mserver.md 2.1)."""

from __future__ import annotations

from typing import Literal

Prefix = Literal["dat", "rsp", "rdc", "ord", "inv", "ftr", "typ", "lst", "lwl"]

_FILES: dict[Prefix, str] = {
    "dat": "data",
    "rsp": "response",
    "rdc": "documentresponse",
    "ord": "order",
    "inv": "invoice",
    "ftr": "filter",
    "typ": "type",
    "lst": "list",
    "lwl": "liquidationWithoutLink",
}

NAMESPACES: dict[str, str] = {
    prefix: f"http://www.stormware.cz/schema/version_2/{file}.xsd" for prefix, file in _FILES.items()
}


def tag(prefix: Prefix, name: str) -> str:
    """The name of an element as lxml spells it: `{namespace}name`."""
    return f"{{{NAMESPACES[prefix]}}}{name}"
