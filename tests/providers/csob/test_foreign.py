"""A foreign payment is told twice and is one payment, however and whenever its two halves come."""

from __future__ import annotations

import datetime as dt
import json
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.csob_advices import block, file
from tests.providers.csob.memory import Kept
from tests.providers.csob.samples import (
    ACME_BOOKING,
    ACME_DETAIL,
    DOMESTIC,
    FOREIGN,
    FOREIGN_RECORDS,
    MIXED,
    MUSTER_BOOKING,
    MUSTER_DETAIL,
    MUSTER_FEE,
    booked,
    in_euro,
    muster_booking,
    sample,
)

pytestmark = pytest.mark.no_cover

MUSTER_ID = "2100000904/EUR/20260112/+4100000101"
NOON = dt.datetime(2026, 1, 12, 12)  # noqa: DTZ001 - the bank's own clock


def advice(*records: str, number: str = "20260112100009") -> bytes:
    return file(block(number, records, moment=NOON, sequence=1))


@pytest.mark.parametrize("first", [MUSTER_BOOKING, MUSTER_DETAIL])
def test_one_half_alone_is_the_whole_money_already(first: str) -> None:
    kept = Kept().read(advice(first))
    assert {key: row["amount"] for key, row in kept.payments.items()} == {MUSTER_ID: 150000}


@pytest.mark.parametrize("order", [(MUSTER_BOOKING, MUSTER_DETAIL), (MUSTER_DETAIL, MUSTER_BOOKING)])
def test_the_second_half_completes_the_payment_whichever_it_is(order: tuple[str, str]) -> None:
    apart, together = Kept(), Kept().read(advice(*order))
    for record in order:
        apart.read(advice(record))
    assert apart.payments == together.payments
    row = apart.payments[MUSTER_ID]
    assert row["message"] == "/ROC/NOT PROVIDED//INVOICES 2026000\n201, 2026000202"
    assert len(json.loads(row["raw"])["bbf"]) == 2


def test_the_booking_that_comes_again_alone_does_not_cut_the_purpose_short() -> None:
    kept = Kept().read(sample("foreign"))
    before = dict(kept.payments)
    assert kept.read(advice(MUSTER_BOOKING)).payments == before


def test_a_booking_without_details_tells_the_beginning_of_the_purpose() -> None:
    row = Kept().read(advice(ACME_BOOKING)).payments["2100000904/EUR/20260112/+4100000102"]
    assert (row["message"], row["counterparty"]) == ("PROFORMA PF-2026-0077", "000123456789")


def test_the_item_of_a_foreign_payment_is_no_symbol_of_its_payer() -> None:
    assert Kept().read(advice(MUSTER_BOOKING)).payments[MUSTER_ID]["specific_symbol"] is None


def test_the_fee_is_a_fee_without_its_payment_too() -> None:
    kept = Kept().read(advice(MUSTER_FEE))
    assert [(row["kind"], row["amount"], row["message"]) for row in kept.payments.values()] == [
        ("fee", -280, None)
    ]


def test_details_that_only_share_the_order_belong_to_the_booking() -> None:
    nameless = muster_booking(order="", specific="0" * 10)
    for order in [(nameless, MUSTER_DETAIL), (MUSTER_DETAIL, nameless)]:
        kept = Kept()
        for record in order:
            kept.read(advice(record))
        assert [row["amount"] for row in kept.payments.values()] == [150000]


def test_halves_that_differ_in_their_amount_are_one_payment_and_told() -> None:
    kept = Kept().read(advice(muster_booking(149720), MUSTER_DETAIL))
    assert [row["amount"] for row in kept.payments.values()] == [149720]
    assert kept.notes == ["halves_differ"]


def test_the_same_item_booked_twice_is_two_payments() -> None:
    again = muster_booking(reference="309")
    kept = Kept().read(advice(MUSTER_BOOKING, MUSTER_DETAIL)).read(advice(again))
    assert sorted(kept.payments) == [MUSTER_ID, f"{MUSTER_ID}/309"]


def test_a_payment_and_its_return_under_the_same_item_stay_two() -> None:
    back = muster_booking(-150000, "310", flag="D")
    kept = Kept().read(advice(MUSTER_BOOKING, back))
    assert sorted(row["amount"] for row in kept.payments.values()) == [-150000, 150000]


def test_a_purpose_that_only_the_advice_for_the_client_tells_is_taken_from_there() -> None:
    line = MUSTER_DETAIL[:431] + " " * 140 + MUSTER_DETAIL[571:]
    row = Kept().read(advice(line)).payments[MUSTER_ID]
    assert row["message"] == "/ROC/NOT PROVIDED//INVOICES 2026000\n201, 2026000202"


def test_a_euro_payment_within_the_country_with_a_bank_code_is_domestic() -> None:
    line = booked("20260112", "304", 5000, 0, **in_euro(bank="5500", account="5005005006", variable="0000004711"))
    row = Kept().read(advice(line)).payments["2100000904/EUR/20260112/304"]
    assert (row["variable_symbol"], row["counterparty"]) == ("4711", "5005005006/5500")


def test_without_any_reference_a_payment_is_known_by_its_order_or_by_its_place_in_the_advice() -> None:
    with_order = booked("20260112", "", 100, 0, order="CB1")
    without = booked("20260112", "", 100, 0)
    given = advice(with_order, without, without)
    kept = Kept().read(given).read(given)
    assert list(kept.payments) == [
        "2100000103/CZK/20260112/CB1/100",
        "2100000103/CZK/20260112/20260112100009/3",
        "2100000103/CZK/20260112/20260112100009/4",
    ]


def test_two_different_payments_under_one_number_are_told() -> None:
    kept = Kept().read(advice(booked("20260112", "7", 100, 0), booked("20260112", "7", 200, 0)))
    assert [row["amount"] for row in kept.payments.values()] == [100]
    assert "stejný odkaz banky" in kept.faults[0]


@pytest.mark.parametrize(
    "account", ["2100000904", "0000002100000904", "000000-2100000904", "CZ0703000000002100000904"]
)
def test_the_own_account_may_be_written_in_any_way(account: str) -> None:
    line = MUSTER_DETAIL[:82] + account.ljust(34) + MUSTER_DETAIL[116:]
    assert list(Kept().read(advice(MUSTER_BOOKING)).read(advice(line)).payments) == [MUSTER_ID]


BLOCKS = [*DOMESTIC, *FOREIGN, *MIXED]
TOGETHER = Kept().read(file(*BLOCKS)).payments


@given(
    st.permutations(range(len(BLOCKS))), st.sets(st.integers(1, 6)), st.lists(st.integers(0, 3)), st.booleans()
)
@settings(max_examples=30, deadline=None)
def test_advices_split_joined_reordered_and_delivered_again_give_the_same_payments(
    order: list[int], borders: set[int], again: list[int], one_reading: bool
) -> None:
    listed = [BLOCKS[n] for n in [*order, *again]]
    cuts = [0, *sorted(border for border in borders if border < len(listed)), len(listed)]
    files = [file(*listed[start:end]) for start, end in pairwise(cuts)]
    kept = Kept()
    for contents in [files] if one_reading else [[data] for data in files]:
        kept.read(*contents)
    assert kept.payments == TOGETHER


@cache
def whole() -> dict[str, dict[str, Any]]:
    return Kept().read(sample("foreign")).payments


@given(st.permutations(FOREIGN_RECORDS), st.sets(st.integers(1, 4)))
@settings(max_examples=30, deadline=None)
def test_records_of_foreign_payments_in_any_grouping_give_the_same_payments(
    records: list[str], borders: set[int]
) -> None:
    cuts = [0, *sorted(borders), len(records)]
    kept = Kept()
    for start, end in pairwise(cuts):
        kept.read(advice(*records[start:end]))
    assert kept.payments == whole()


def test_the_account_of_acme_keeps_its_zeros() -> None:
    row = Kept().read(advice(ACME_DETAIL)).payments["2100000904/EUR/20260112/+4100000102"]
    assert row["counterparty"] == "000123456789"
