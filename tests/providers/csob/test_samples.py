"""The three sample advices of csob.md 3: the sandbox's bank writes their bytes, and they say what is told."""

from __future__ import annotations

import datetime as dt
from hashlib import sha256
from typing import Any

import pandas as pd
import pytest

from tasks.matching.spellings import readings
from tasks.provider import Delivery
from tasks.providers.csob.bbf import Advices, parse
from tasks.providers.csob.reading import File, Reading, delivery
from tests.providers.csob.samples import CHECKSUMS, SAMPLES, sample

CZK, EUR = "2100000103/CZK", "2100000904/EUR"
TWELFTH, THIRTEENTH = pd.Timestamp(2026, 1, 12), pd.Timestamp(2026, 1, 13)


def delivered(name: str) -> Delivery:
    return delivery(Reading((File(f"{name}.BBF", sample(name)),)), "csob:1")


def rows(given: Delivery) -> list[dict[str, Any]]:
    """Payments as dictionaries of what is not missing, without source and raw."""
    return [
        {str(k): v for k, v in row.items() if pd.notna(v) and k not in ("source", "raw")}
        for row in given.payments.to_dict("records")
    ]


def fields(advices: Advices, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(getattr(one, name) for name in names) for one in advices.movements.itertuples()]


@pytest.mark.parametrize(("name", "trimmed"), CHECKSUMS)
def test_the_sample_is_written_byte_for_byte(name: str, trimmed: bool) -> None:
    data = sample(name, trimmed=trimmed)
    assert (len(data), sha256(data).hexdigest()) == CHECKSUMS[name, trimmed]


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("change", ["trimmed", "utf-8", "utf-8 with mark", "line feeds", "blank lines"])
def test_a_sample_says_the_same_however_it_was_saved(name: str, change: str) -> None:
    whole = parse(sample(name), "x")
    text = sample(name).decode("cp1250")
    data = {
        "trimmed": sample(name, trimmed=True),
        "utf-8": text.encode("utf-8"),
        "utf-8 with mark": text.encode("utf-8-sig"),
        "line feeds": text.replace("\r\n", "\n").encode("cp1250"),
        "blank lines": text.encode("cp1250") + b"\r\n \r\n\x1a",
    }[change]
    saved = parse(data, "x")
    pd.testing.assert_frame_equal(saved.movements, whole.movements)
    pd.testing.assert_frame_equal(saved.details, whole.details)
    assert saved.faults == whole.faults == ()
    assert not saved.unreadable_characters


def test_the_domestic_sample_is_read_column_by_column() -> None:
    advices = parse(sample("domestic"), "x")
    assert fields(advices, "amount", "balance", "bank_reference", "order_id", "message_kind") == [
        (1210000, 11210000, "1501", "CB000EX001", "11"),
        (45050, 11255050, "1502", "IBATX00002", ""),
        (2500000, 13755050, "1503", "SBAX000003", "01"),
    ]
    assert fields(advices, "booking_date", "value_date", "other_date")[0] == (
        TWELFTH,
        TWELFTH,
        pd.Timestamp(2026, 1, 9),
    )
    assert pd.isna(fields(advices, "value_date")[1][0])
    assert [name for (name,) in fields(advices, "name")] == [
        "Jan Novotný",
        "ŽLUŤOUČKÝ KŮŇ s.r.o.",
        "Dlouhý název protistrany a.s., odšt",
    ]
    assert {number for (number,) in fields(advices, "advice")} == {"20260112100001"}


def test_the_domestic_sample_is_three_payments() -> None:
    given = delivered("domestic")
    assert rows(given) == [
        {
            "payment_id": f"{CZK}/20260112/1501",
            "booked_on": TWELFTH,
            "amount": 1210000,
            "currency": "CZK",
            "variable_symbol": "2026000123",
            "constant_symbol": "308",
            "message": "Platba faktury č. 2026000123",
            "counterparty": "19-1900200301/0800",
            "kind": "transfer",
        },
        {
            "payment_id": f"{CZK}/20260112/1502",
            "booked_on": TWELFTH,
            "amount": 45050,
            "currency": "CZK",
            "variable_symbol": "4711",
            "message": "Objednávka 4711 \nděkujeme",
            "counterparty": "250330440/0300",
            "kind": "transfer",
        },
        {
            "payment_id": f"{CZK}/20260112/1503",
            "booked_on": TWELFTH,
            "amount": 2500000,
            "currency": "CZK",
            "variable_symbol": "2026000124",
            "specific_symbol": "42",
            "constant_symbol": "308",
            "message": "Zaloha na zakazku dle smlouvy o dil\no 17/2025",
            "counterparty": "5005005006/0100",
            "kind": "transfer",
        },
    ]
    assert given.payments["amount"].sum() == 3755050
    assert not given.faults
    assert not given.notes


def test_the_foreign_sample_is_two_payments_and_a_fee_of_five_records() -> None:
    given = delivered("foreign")
    assert rows(given) == [
        {
            "payment_id": f"{EUR}/20260112/302",
            "booked_on": TWELFTH,
            "amount": -280,
            "currency": "EUR",
            "reference": "4100000101",
            "kind": "fee",
        },
        {
            "payment_id": f"{EUR}/20260112/+4100000101",
            "booked_on": TWELFTH,
            "amount": 150000,
            "currency": "EUR",
            "message": "/ROC/NOT PROVIDED//INVOICES 2026000\n201, 2026000202",
            "counterparty": "DE62990012340000567890",
            "kind": "transfer",
        },
        {
            "payment_id": f"{EUR}/20260112/+4100000102",
            "booked_on": TWELFTH,
            "amount": 91743,
            "currency": "EUR",
            "message": "PROFORMA PF-2026-0077 \nCUSTOMER REF 998877",
            "counterparty": "000123456789",
            "kind": "transfer",
        },
    ]
    assert not given.faults


def test_the_purpose_of_a_foreign_payment_can_be_read_in_both_spellings() -> None:
    invoices, proforma = delivered("foreign").payments["message"].tolist()[1:]
    assert [text.removeprefix("/ROC/NOT PROVIDED//") for text in readings(invoices)] == [
        "INVOICES 2026000201, 2026000202",
        "INVOICES 2026000 201, 2026000202",
    ]
    assert {" ".join(text.split()) for text in readings(proforma)} == {
        "PROFORMA PF-2026-0077 CUSTOMER REF 998877"
    }


def test_the_details_of_the_foreign_sample_are_read_column_by_column() -> None:
    first, second = parse(sample("foreign"), "x").details.itertuples()
    assert (first.name, first.address_1, first.address_2) == (
        "Muster Handels GmbH",
        "Beispielstrasse 5",
        "10115 Berlin DE",
    )
    assert (first.fee, first.fee_currency, first.charges, first.bic, first.rate) == (
        7000,
        "CZK",
        "SHA",
        "BANKDEFFXXX",
        "0001.0000000",
    )
    assert (second.original_amount, second.original_currency, second.rate) == (100000, "USD", "0000.9174300")
    assert (second.foreign_fee, second.foreign_fee_currency, second.charges) == (1500, "USD", "BEN")
    assert (second.bank_1, second.bank_2, second.advice_1) == ("FIRST SAMPLE BANK", "NEW YORK", "")


def test_the_mixed_sample_has_all_flags_and_both_decimal_separators() -> None:
    given = delivered("mixed")
    told = [
        (row["payment_id"], row["amount"], row["kind"], row.get("variable_symbol"), row.get("message"))
        for row in rows(given)
    ]
    assert told == [
        (f"{CZK}/20260113/1510", 99900, "transfer", None, "VS:2026000555 přeplatek „vrácení“"),
        (f"{CZK}/20260113/1511", -825000, "transfer", "1234567890", None),
        (f"{CZK}/20260113/1512", -1210000, "reversal", "2026000123", "Storno"),
        (f"{CZK}/20260113/1513", 825000, "reversal", None, None),
        (f"{CZK}/20260113/1514", -10000, "reversal", "4711", None),
        (f"{CZK}/20260113/1515", 500000, "other", "777", "Vklad hotovosti"),
        (f"{EUR}/20260113/-4100000200", -32000, "transfer", None, "FA 260010 / VS1122334455"),
    ]
    assert [row.get("counterparty") for row in rows(given)][-2:] == [None, "SK3199000000002600100200"]


def test_the_mixed_sample_has_two_advices_and_running_balances() -> None:
    advices = parse(sample("mixed"), "x")
    assert [block.number for block in advices.blocks] == ["20260113100003", "20260113100004"]
    assert [balance for (balance,) in fields(advices, "balance")] == [
        13854950,
        13029950,
        11819950,
        12644950,
        12634950,
        13134950,
    ]
    assert fields(advices, "name")[0] == ('"O\'Hara" & Syn; spol. s r.o.',)


def test_a_reversed_credit_is_told_loudly_and_never_in_silence() -> None:
    notes = [note for note in delivered("mixed").notes if note.code == "reversed_credit"]
    assert ["1512" in note.text and note.urgent for note in notes] == [True, False]
    assert "12\u00a0100,00\u00a0CZK" in notes[0].text
    assert f"{dt.date(2026, 1, 13):%d.%m.%Y}" in notes[0].text
