"""Requests to Business Connector and the sandbox's answers, against the bank's own description."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import zeep
from lxml import etree

from sandbox.csob_envelopes import ERROR, LIST, SOAP, failure, listing
from tasks.providers.csob.connector import BINDING, WSDL
from tasks.xml import Element

REFERENCE = Path(__file__).resolve().parents[2] / ".." / "shared" / "wsdl" / "csob"
pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference schemas are not there")

NOW = dt.datetime(2026, 1, 13, 12, tzinfo=dt.UTC)
SINCE = "2026-01-12T09:00:00.000+01:00"
QUESTIONS: list[dict[str, Any]] = [
    {"ContractNumber": 1234567},
    {"ContractNumber": 1234567, "PrevQueryTimestamp": SINCE},
    {
        "ContractNumber": 1234567,
        "PrevQueryTimestamp": SINCE,
        "Filter": {"FileTypes": {"FileType": ["AVIZO"]}},
    },
]


def schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(REFERENCE / name)))


def content(envelope: bytes) -> Element:
    body = etree.fromstring(envelope).find(f"{{{SOAP}}}Body")
    assert body is not None
    return body[0]


def message(description: Path, question: dict[str, Any]) -> Element:
    loaded = zeep.Client(str(description))
    service = loaded.create_service(BINDING, "https://127.0.0.1/cebbc/api")
    return loaded.create_message(service, "GetDownloadFileList_v4", **question)


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_request_is_valid_by_the_banks_schema_and_the_same_as_from_the_banks_description(
    question: dict[str, Any],
) -> None:
    ours, theirs = message(WSDL, question), message(REFERENCE / "CEBBCWS.wsdl", question)
    schema("GetDownloadFileListRequest_v4.xsd").assertValid(content(etree.tostring(ours)))
    assert etree.tostring(ours, method="c14n2") == etree.tostring(theirs, method="c14n2")


def test_the_action_is_the_one_in_the_banks_description() -> None:
    actions = [
        zeep.Client(str(description)).wsdl.bindings[BINDING].get("GetDownloadFileList_v4").soapaction
        for description in (WSDL, REFERENCE / "CEBBCWS.wsdl")
    ]
    assert actions == ["GetDownloadFileList_v4"] * 2


@pytest.mark.parametrize("files", [0, 2])
def test_every_list_that_the_sandbox_gives_is_valid_by_the_banks_schema(files: int) -> None:
    detail = {
        "url": "https://127.0.0.1/x",
        "name": "a.BBF",
        "kind": "AVIZO",
        "format": "BBF",
        "created": NOW,
        "naive": False,
        "size": 5,
        "status": "D",
    }
    preparing = {**detail, "url": None, "format": None, "naive": True, "status": "R"}
    answer = content(bytes(listing(NOW, [detail, preparing][:files]).body))
    schema("GetDownloadFileListResponse_v4.xsd").assertValid(answer)
    assert answer.tag == f"{{{LIST}}}GetDownloadFileListResponse_v4"


def test_every_error_that_the_sandbox_gives_is_valid_by_the_banks_schema() -> None:
    fault = content(bytes(failure("1101", "too many calls").body))
    error = fault.find(f"detail/{{{ERROR}}}CEBBCError")
    assert error is not None
    schema("CEBBCError_v2.xsd").assertValid(error)
