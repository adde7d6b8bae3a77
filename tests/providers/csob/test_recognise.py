"""A file is what its content says, and what is no advice is told by name."""

from __future__ import annotations

import io
import zipfile

import pytest

from tasks.providers.csob.accounts import plain_account, with_bank
from tasks.providers.csob.reading import File, Reading, delivery
from tasks.providers.csob.recognise import Format, recognise
from tests.providers.csob.samples import sample

HEADER = b"T777777  HEADER 0001.0000BBCSOB\r\n"
MT942 = b"CEKOCZPPAXXX 00000\r\n942 01\r\n\r\n:20:Firma\r\n:25:0300/2100000103\r\n:34F:CZKD0,\r\n"
CAMT = '<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.05{}.001.02"><{}/></Document>'


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (sample("domestic"), Format.BBF),
        (b"\xef\xbb\xbf\r\n" + sample("mixed"), Format.BBF),
        (sample("domestic").partition(b"\r\n")[2], Format.BBF),
        (HEADER + b"T777777  FINSTA 01\r\n", Format.STATEMENT),
        (HEADER + b"TDCEB    QUOTES 01\r\n", Format.RATES),
        (b"NDCEB    QUOTES 02\r\n", Format.RATES),
        (MT942, Format.MT942),
        (MT942.partition(b"942 01\r\n\r\n")[2], Format.MT942),
        (CAMT.format(2, "BkToCstmrAcctRpt").encode(), Format.CAMT052),
        (CAMT.format(3, "BkToCstmrStmt").encode(), Format.STATEMENT),
        (CAMT.format(4, "BkToCstmrDbtCdtNtfctn").encode(), Format.CAMT054),
        (b"<Document><BkToCstmrAcctRpt/></Document>", Format.CAMT052),
        (b'<?xml version="1.0" encoding="windows-1250"?><FINSTA/>', Format.STATEMENT),
        (b"<html/>", Format.UNKNOWN),
        (b"<broken", Format.UNKNOWN),
        (b"0740000002100000103Firma", Format.STATEMENT),
        (b"HLAVA|2100000103|\r\n", Format.STATEMENT),
        (b"%PDF-1.7", Format.STATEMENT),
        (b"PK\x03\x04", Format.ZIP),
        (b"\r\n ", Format.EMPTY),
        (b"nothing we know", Format.UNKNOWN),
    ],
)
def test_a_file_is_told_by_its_content(data: bytes, kind: Format) -> None:
    assert recognise(data) is kind


def told(*files: File) -> tuple[list[str], list[str]]:
    given = delivery(Reading(files), "csob:1")
    return [fault.record for fault in given.faults], [note.text for note in given.notes]


def test_what_holds_no_payments_of_its_own_is_a_remark_and_what_may_hold_some_a_fault() -> None:
    faults, notes = told(
        File("EXRT_CNB_20260112.BBF", b"TDCEB    QUOTES 01\r\n"),
        File("statement.xml", CAMT.format(3, "BkToCstmrStmt").encode()),
        File("report.xml", CAMT.format(2, "BkToCstmrAcctRpt").encode()),
        File("strange.BBF", b"?"),
    )
    assert faults == ["report.xml", "strange.BBF"]
    assert ["kurzovní lístek" in notes[0], "výpis" in notes[1]] == [True, True]


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return packed.getvalue()


def test_advices_in_an_archive_are_read_from_it() -> None:
    given = delivery(Reading((File("a.zip", zipped(one=sample("domestic"), two=sample("mixed"))),)), "csob:1")
    assert len(given.payments) == 10
    assert not given.faults


def test_an_archive_that_cannot_be_opened_is_a_fault() -> None:
    damaged = zipped(one=sample("domestic"))[:-30]
    assert told(File("a.zip", damaged)) == (["a.zip"], [])


def test_damage_inside_an_archive_names_the_archive_and_its_member() -> None:
    broken = sample("domestic").replace(b"20260112C ", b"20260112Q ").replace(b"20260109C ", b"20260109Q ")
    faults, _ = told(File("a.zip", zipped(one=broken)))
    assert faults == ["a.zip/one, řádek 3, sloupce 189–190"]


@pytest.mark.parametrize(
    ("spelling", "account"),
    [
        ("250330440", "250330440"),
        ("0000002100000103", "2100000103"),
        ("100062100000103", "10006-2100000103"),
        ("191900200301", "19-1900200301"),
        ("19-123457", "19-123457"),
        ("000019-0000123457", "19-123457"),
        ("CZ6508000000192000145399", "19-2000145399"),
        ("CZ65 0800 0000 1920 0014 5399", "19-2000145399"),
        ("9999991234567890", "9999991234567890"),
        ("99999912AB", "99999912AB"),
        ("DE62990012340000567890", "DE62990012340000567890"),
        ("0000000000000000", ""),
        ("   ", ""),
    ],
)
def test_an_account_has_one_spelling(spelling: str, account: str) -> None:
    assert plain_account(spelling) == account


def test_a_counterparty_is_named_with_its_bank_and_a_foreign_one_as_it_came() -> None:
    assert with_bank("191900200301", "0800") == "19-1900200301/0800"
    assert with_bank("000123456789", "") == "000123456789"
    assert with_bank("0000000000000000", "") is None
