"""XML from outside cannot do more than be read."""

import pytest

from tasks.errors import BadRecord
from tasks.xml import parse

BOMB = (
    b"""<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><b>&b;</b>"""
)
FILE = b"""<?xml version="1.0"?><!DOCTYPE b [<!ENTITY f SYSTEM "file:///etc/passwd">]><b>&f;</b>"""


@pytest.mark.parametrize("document", [BOMB, FILE], ids=["entity bomb", "file entity"])
def test_a_document_with_entities_of_its_own_is_refused(document: bytes) -> None:
    with pytest.raises(BadRecord, match="document type"):
        parse(document, what="An answer")


@pytest.mark.parametrize("body", [b"", b"not xml", b"<a>", b"<a/>\x00", b"\xff\xfe<a/>"])
def test_what_is_not_xml_is_a_bad_record(body: bytes) -> None:
    with pytest.raises(BadRecord, match="not well-formed"):
        parse(body, what="An answer")


def test_a_body_beyond_its_bound_is_not_even_parsed() -> None:
    with pytest.raises(BadRecord, match="larger than"):
        parse(b"<a>" + b" " * 100 + b"</a>", what="An answer", largest=50)


def test_windows_1250_is_read_by_the_declaration() -> None:
    body = '<?xml version="1.0" encoding="Windows-1250"?><a>Žluťoučký</a>'.encode("cp1250")
    assert parse(body, what="An answer").text == "Žluťoučký"
