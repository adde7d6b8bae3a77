"""Rows become payments: whatever their order and shape, each is counted once or told about."""

import copy
import datetime as dt
import json
import random
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.ceska_sporitelna import IBAN, Account
from sandbox.ceska_sporitelna_rows import booked
from sandbox.faults import RIGHT, Fault
from tasks.days import ONE_DAY, Days
from tasks.provider import Delivery
from tasks.providers.ceska_sporitelna.payments import delivery
from tasks.providers.ceska_sporitelna.reading import LINKING_DAYS, Reading
from tasks.tables import INCOMING, KINDS, checked
from tests.providers.ceska_sporitelna.stands import NOON, open_bank, sample_rows

DAY = dt.date(2025, 11, 3)
DAYS = Days(DAY, DAY + 2 * ONE_DAY)


def made(*rows: Any, days: Days = DAYS, currency: str = "CZK") -> Delivery:
    since = days.first - 60 * ONE_DAY
    return delivery(Reading(f"ceska-sporitelna:{IBAN}", currency, days, since, days.last, rows))


def row(number: int = 1, day: dt.date = DAY, amount: int = 100, **more: Any) -> dict[str, Any]:
    return as_read(booked(number, day, amount, **more).body)


def as_read(body: Any) -> Any:
    """The body as it comes out of the bank's JSON."""
    return json.loads(json.dumps(body), parse_float=Decimal)


SAMPLE_ROWS = as_read(sample_rows())


def with_details(**changes: Any) -> dict[str, Any]:
    one = row()
    one["entryDetails"]["transactionDetails"] |= changes
    return one


def first(found: Delivery) -> dict[str, Any]:
    (payment,) = found.payments.to_dict("records")
    return {str(name): value for name, value in payment.items()}


def by_id(found: Delivery) -> dict[str, dict[Any, Any]]:
    return {payment["payment_id"]: payment for payment in found.payments.to_dict("records")}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def places(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every place in nested objects."""
    here = [path] if path else []
    inner = value.items() if isinstance(value, dict) else ()
    return here + [place for name, below in inner for place in places(below, (*path, name))]


@settings(max_examples=60, deadline=None)
@given(st.lists(JSON, max_size=5))
def test_anything_at_all_is_a_payment_or_a_fault_or_told_to_be_none(rows: list[Any]) -> None:
    found = made(*rows)
    checked(INCOMING, found.payments)
    # None of these says that it is something else than a booking, so each must be told about.
    assert (len(found.faults) > 0) == (len(rows) > 0)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_row_damaged_at_any_place_never_harms_the_others(data: st.DataObject) -> None:
    rows = copy.deepcopy(SAMPLE_ROWS)
    damaged = data.draw(st.sampled_from(rows))
    place = data.draw(st.sampled_from(places(damaged)))
    inner: Any = damaged
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = data.draw(JSON)
    whole = {one["entryReference"] for one in SAMPLE_ROWS if one["status"] == "BOOK"}
    found = made(*rows)
    checked(INCOMING, found.payments)
    missing = whole - set(found.payments["payment_id"])
    assert len(missing) <= 1
    if missing and place not in (("status",), ("bookingDate",), ("bookingDate", "date"), ("entryReference",)):
        assert [fault.record for fault in found.faults] == list(missing)


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 5))
def test_order_and_repetition_of_rows_make_no_difference(rng: random.Random, repeated: int) -> None:
    rows = [*SAMPLE_ROWS, {"damaged": True}, row(7), row(7, amount=200)]
    shuffled = rows + rng.sample(rows, repeated)
    rng.shuffle(shuffled)
    one, other = made(*rows), made(*shuffled)
    assert one.payments.equals(other.payments)
    assert (one.faults, one.notes, one.covered) == (other.faults, other.notes, other.covered)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2), max_size=12), st.integers(0, 1))
def test_days_delivered_one_by_one_or_together_give_the_same_payments(days: list[int], cut: int) -> None:
    rows = [row(n, DAY + day * ONE_DAY, 100 + n) for n, day in enumerate(days)]
    together = made(*rows).payments
    older, newer = Days(DAY, DAY + cut * ONE_DAY), Days(DAY + (cut + 1) * ONE_DAY, DAYS.last)
    apart = [*made(*rows, days=older).payments["raw"], *made(*rows, days=newer).payments["raw"]]
    assert sorted(apart) == sorted(together["raw"])


@settings(max_examples=60, deadline=None)
@given(st.integers(-(10**13), 10**13).filter(bool))
def test_the_sign_is_the_indicators_whatever_sign_the_value_has(amount: int) -> None:
    plain, legacy = row(amount=amount), row(amount=amount)
    plain["amount"]["value"] = Decimal(abs(amount)) / 100
    legacy["amount"]["value"] = str(Decimal(amount) / 100)
    assert first(made(plain))["amount"] == first(made(legacy))["amount"] == amount


@pytest.mark.parametrize("written", ["1e3", Decimal("1E+3"), 1000, "1000.00", "-1000"])
def test_an_amount_may_be_spelled_in_any_way_that_json_allows(written: Any) -> None:
    one = row()
    one["amount"]["value"] = written
    assert first(made(one))["amount"] == 100_000


@pytest.mark.parametrize(
    "written", [None, True, "", "1,50", "1 000", "0x10", "NaN", Decimal("1E+99"), "1.005", "9" * 40, [], "1e999"]
)
def test_an_amount_that_cannot_be_money_is_told(written: Any) -> None:
    one = row()
    one["amount"]["value"] = written
    found = made(one, row(2))
    assert found.payments["payment_id"].tolist() == ["FC-0000000002"]
    assert [(fault.record, "částk" in fault.cause) for fault in found.faults] == [("FC-0000000001", True)]


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        ("status", None, "stav"),
        ("creditDebitIndicator", "BOTH", "směr"),
        ("bookingDate", {"date": "yesterday"}, "datum"),
        ("bookingDate", {}, "datum"),
        ("amount", {"value": 1, "currency": "EUR"}, "měna"),
    ],
)
def test_a_row_that_cannot_be_relied_on_is_told_with_its_reference(place: str, value: Any, told: str) -> None:
    found = made({**row(), place: value})
    (fault,) = found.faults
    assert (len(found.payments), fault.record) == (0, "FC-0000000001")
    assert told in fault.cause
    assert json.loads(fault.raw)[place] == value


def test_a_row_without_a_reference_is_told_and_never_counted_under_a_made_up_one() -> None:
    one = row(name="NOVÁKOVÁ JANA", account="1234560005/0100")
    del one["entryReference"]
    found = made(one)
    assert len(found.payments) == 0
    assert "bez entryReference" in found.faults[0].record
    assert "NOVÁKOVÁ" not in found.faults[0].record + found.faults[0].cause


def test_two_different_rows_under_one_reference_are_both_told_and_none_is_counted() -> None:
    found = made(row(1), row(1, amount=200), row(2))
    assert found.payments["payment_id"].tolist() == ["FC-0000000002"]
    (fault,) = found.faults
    assert [json.loads(line)["amount"]["value"] for line in fault.raw.splitlines()] == [1.0, 2.0]


def test_damaged_rows_of_other_days_are_left_to_those_days() -> None:
    other = {**row(1, DAYS.last + ONE_DAY), "creditDebitIndicator": "?"}
    assert made(other).faults == ()


@pytest.mark.parametrize("status", ["INFO", "PDNG", "NEW"])
def test_what_did_not_move_the_balance_is_no_payment(status: str) -> None:
    found = made({**row(), "status": status})
    assert (len(found.payments), found.faults) == (0, ())


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2025-11-03", 3),
        ("2025-11-03T00:00:00Z", 3),
        ("2025-11-03T00:00:00.000+01", 3),
        ("2025-11-03T08:00:00", 3),
        ("2025-11-03T23:00:00Z", 4),
    ],
)
def test_a_booking_date_may_be_a_moment(written: str, day: int) -> None:
    found = first(made({**row(), "bookingDate": {"date": written}}))
    assert found["booked_on"].day == day


@pytest.mark.parametrize(
    ("reference", "symbols"),
    [
        (["VS:0020250117", "SS:42", "KS:0308"], ("20250117", "42", "308")),
        (["KS:0308", "VS:1"], ("1", None, "308")),
        ("VS:1", ("1", None, None)),
        ('VS:1","KS:2","SS:3', ("1", "3", "2")),
        ("VS: 12", ("12", None, None)),
        (["VS:0000000000", "KS:0000"], (None, None, None)),
        (["VS:12345678901"], (None, None, None)),
        (["XVS:1"], (None, None, None)),
        (["VS:1", "VS:01"], ("1", None, None)),
        ([], (None, None, None)),
        (None, (None, None, None)),
        ([None, 5, {"VS": 1}], (None, None, None)),
        ({"VS": "1"}, (None, None, None)),
    ],
)
def test_symbols_are_found_in_lists_and_texts(reference: Any, symbols: tuple[str | None, ...]) -> None:
    payment = first(made(row(symbols=reference)))
    columns = ("variable_symbol", "specific_symbol", "constant_symbol")
    assert tuple(payment[name] if isinstance(payment[name], str) else None for name in columns) == symbols


@pytest.mark.parametrize("passed", ["VS0250117002/SS0000000000/KS0000", "/VS250117002", "/VS250117002/SS/KS"])
def test_symbols_that_sepa_carries_through_count_when_there_are_no_others(passed: str) -> None:
    references = {"accountServicerReference": "1", "endToEndIdentification": passed}
    payment = first(made(with_details(references=references)))
    assert payment["variable_symbol"] == "250117002"
    assert not isinstance(payment["message"], str)


def test_a_symbol_with_two_values_is_not_used_and_is_told_without_the_payers_data() -> None:
    found = made(row(symbols=["VS:1", "VS:2", "SS:3"], message="tajná zpráva", name="NOVÁKOVÁ"))
    payment = first(found)
    assert (isinstance(payment["variable_symbol"], str), payment["specific_symbol"]) == (False, "3")
    (note,) = found.notes
    assert note.code == "symbols_contradict"
    assert "FC-0000000001" in note.text
    assert "variabilní" in note.text


def test_the_message_has_the_payers_words_and_the_reference_carried_through() -> None:
    references = {"endToEndIdentification": "FV-2025/17"}
    remittance = {"unstructured": "platba za zboží"}
    payment = first(made(with_details(references=references, remittanceInformation=remittance)))
    assert payment["message"] == "platba za zboží\nFV-2025/17"


@pytest.mark.parametrize(
    ("glued", "message"),
    [
        ("senderReference\\:vrácení\\|receiverReference\\:storno platby", "storno platby"),
        ("receiverReference\\:faktura 5\\|senderReference\\:na motorku", "faktura 5"),
        ("senderReference\\:jen pro mě", None),
        ("NOTPROVIDED", "NOTPROVIDED"),
    ],
)
def test_notes_glued_together_are_taken_apart(glued: str, message: str | None) -> None:
    references = {"endToEndIdentification": "NOTPROVIDED"}
    changed = with_details(remittanceInformation={"unstructured": glued}, references=references)
    found = first(made(changed))["message"]
    assert (found if isinstance(found, str) else None) == message


@pytest.mark.parametrize(
    ("written", "account"),
    [
        ("000000-1020304006/0800", "1020304006/0800"),
        ("000019-2000145006/0800", "19-2000145006/0800"),
        ("1020304006/0800", "1020304006/0800"),
        ("CZ06 0800 0000 1920 0014 5006", "CZ0608000000192000145006"),
        ("GB-WHO/KNOWS", "GB-WHO/KNOWS"),
    ],
)
def test_the_other_sides_account_is_spelled_in_one_way(written: str, account: str) -> None:
    assert first(made(row(account=written)))["counterparty"] == account
    assert first(made(row(account=written, amount=-100)))["counterparty"] == account


def coded(code: Any) -> dict[str, Any]:
    return {**row(), "bankTransactionCode": {"proprietary": {"code": code}}}


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (row(account="1/0100"), "transfer"),
        (row(), "transfer"),
        (row(amount=-500, description="Poplatek za vedení účtu"), "fee"),
        (row(description="Vrácení poplatku"), "fee"),
        (row(description="Připsaný úrok"), "interest"),
        (row(description="Vklad v hotovosti"), "cash"),
        (row(account="1/0100", description="Příchozí úhrada, poplatek OUR"), "transfer"),
        (with_details(additionalTransactionDescription="POPLATKY ZA POLOŽKY"), "fee"),
        (with_details(references={"chequeNumber": "4111XXXXXXXX1111"}), "card"),
        (coded(40000101000), "card"),
        (coded("40000101000"), "card"),
        (coded(4), "transfer"),
        ({**row(amount=-5), "reversalIndicator": True}, "reversal"),
    ],
)
def test_a_row_tells_what_it_is(one: dict[str, Any], kind: str) -> None:
    found = first(made(one))["kind"]
    assert found == kind
    assert found in KINDS


def pair(apart: int, *, amount: int = 100) -> list[dict[str, Any]]:
    """A payment and the row that takes it back so many days later."""
    return [row(1, DAY, amount, payment=1), row(2, DAY + apart * ONE_DAY, -amount, payment=1)]


@pytest.mark.parametrize("apart", [0, 1, LINKING_DAYS])
def test_a_payment_taken_back_is_named_by_what_takes_it_back(apart: int) -> None:
    payments = by_id(made(*pair(apart), days=Days(DAY, DAY + 9 * ONE_DAY)))
    back = payments["FC-0000000002"]
    assert (back["kind"], back["reverses"]) == ("reversal", "FC-0000000001")
    assert payments["FC-0000000001"]["kind"] == "transfer"


def test_our_own_payment_that_came_back_is_no_payment_of_a_customer() -> None:
    back = by_id(made(*pair(2, amount=-100)))["FC-0000000002"]
    assert (back["amount"], back["kind"], back["reverses"]) == (100, "reversal", "FC-0000000001")


@pytest.mark.parametrize(
    "rows",
    [
        pair(LINKING_DAYS + 1),
        [row(1, amount=100, payment=1), row(2, amount=-101, payment=1)],
        [row(1, amount=100, payment=1), row(2, amount=100, payment=1)],
        [row(1, amount=100, payment=1), row(2, amount=-100, payment=2)],
        [row(1, amount=0, payment=1), row(2, amount=0, payment=1)],
    ],
    ids=["too late", "other amount", "same side", "other payment", "nothing"],
)
def test_rows_that_do_not_surely_belong_together_are_not_tied(rows: list[dict[str, Any]]) -> None:
    payments = made(*rows, days=Days(DAY, DAY + 9 * ONE_DAY)).payments
    assert set(payments["kind"]) == {"transfer"}
    assert payments["reverses"].isna().all()


def links(*rows: dict[str, Any]) -> dict[str, str]:
    """Which row takes which one back, by their numbers."""
    payments = made(*rows, days=Days(DAY, DAY + 40 * ONE_DAY)).payments.dropna(subset="reverses")
    return {back[-1]: taken[-1] for back, taken in zip(payments["payment_id"], payments["reverses"], strict=True)}


def moved(number: int, apart: int, amount: int) -> dict[str, Any]:
    return row(number, DAY + apart * ONE_DAY, amount, payment=1)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([moved(1, 0, -5000), moved(2, 1, 5000), moved(3, 2, -5000)], {"2": "1"}),
        ([moved(1, 0, -5000), moved(2, 1, 5000), moved(3, 1, -5000)], {"2": "1"}),
        ([moved(1, 0, 5000), moved(2, 1, -5000), moved(3, 2, 5000)], {"2": "1"}),
        ([moved(1, 0, -5000), moved(2, 1, 5000), moved(3, 2, -5000), moved(4, 3, 5000)], {"2": "1", "4": "3"}),
        ([moved(1, 0, 5000), moved(2, 1, 5000), moved(3, 2, -5000)], {"3": "2"}),
        ([moved(1, 0, 5000), moved(2, 1, 5000), moved(3, 2, -5000), moved(4, 3, -5000)], {"3": "2", "4": "1"}),
    ],
    ids=["sent again", "sent again at once", "paid again", "returned twice", "one of two", "both"],
)
def test_each_reversal_takes_back_the_nearest_movement_not_yet_taken_back(
    rows: list[dict[str, Any]], expected: dict[str, str]
) -> None:
    assert links(*rows) == expected


def test_a_payment_sent_again_a_week_after_its_return_takes_nothing_back_whatever_days_are_asked_for() -> None:
    rows = [
        booked(1, DAY, -5000),
        *(booked(n, DAY + 7 * (n - 1) * ONE_DAY, 5000 * (-1) ** n, payment=1) for n in (2, 3)),
    ]
    with open_bank(*rows, now=NOON + 20 * ONE_DAY) as place:
        last = DAY + 14 * ONE_DAY
        for first_day in (last, DAY):
            assert pd.isna(by_id(place.delivery(first_day, last))["FC-0000000003"]["reverses"])


def test_a_return_of_an_unknown_payment_of_ours_carries_nothing_that_could_find_a_document() -> None:
    """Its symbols and words are those that we wrote for the supplier."""
    returned = {
        **row(symbols=["VS:2025000460", "SS:1", "KS:308"], message="faktura 2025000461"),
        "reversalIndicator": True,
    }
    payment = first(made(returned))
    named = ("variable_symbol", "specific_symbol", "constant_symbol", "message")
    assert (payment["amount"], payment["kind"]) == (100, "reversal")
    assert all(pd.isna(payment[name]) for name in named)
    assert "faktura 2025000461" in payment["raw"]


@pytest.mark.parametrize("apart", range(LINKING_DAYS + 1))
def test_whether_a_row_takes_another_back_does_not_depend_on_the_days_asked_for(apart: int) -> None:
    later = DAY + apart * ONE_DAY
    rows = [booked(1, DAY, 100, at=dt.time(0, 5)), booked(2, later, -100, payment=1)]
    with open_bank(*rows, now=NOON + 20 * ONE_DAY) as place:
        for first_day in (later, DAY):
            back = by_id(place.delivery(first_day, later))["FC-0000000002"]
            assert back["reverses"] == "FC-0000000001"


def test_a_late_booking_and_a_corrected_row_come_with_the_next_run_under_the_same_identity() -> None:
    rows = [booked(1, DAY, 100, message="faktura 1")]
    with open_bank(account=Account(IBAN, rows=rows)) as place:
        before = place.delivery(DAY).payments
        rows[:] = [booked(1, DAY, 100, message="faktura 11"), booked(2, DAY, 200)]
        after = place.delivery(DAY).payments
    assert before["payment_id"].tolist() == ["FC-0000000001"]
    assert after["payment_id"].tolist() == ["FC-0000000001", "FC-0000000002"]
    assert after["message"].iloc[0] == "faktura 11"
    assert after["raw"].iloc[0] != before["raw"].iloc[0]


def test_the_same_row_spelled_otherwise_is_the_same_raw_record() -> None:
    one = row(amount=1850)
    other = dict(reversed(list(copy.deepcopy(one).items())))
    one["amount"]["value"], other["amount"]["value"] = Decimal("18.50"), Decimal("18.5")
    assert first(made(one))["raw"] == first(made(other))["raw"]
    assert json.loads(first(made(one))["raw"])["amount"]["value"] == 18.5


def test_what_no_database_can_keep_is_replaced_in_texts() -> None:
    payment = first(made(row(message="a\x00b\ud800c")))
    assert payment["message"] == "a?b?c"
    payment["raw"].encode()


def test_a_row_malformed_on_the_wire_is_told_and_the_rest_comes() -> None:
    spoil = Fault(rewrite=lambda body: body.replace(b'"FC-0000000001"', b"null"))
    with open_bank(booked(1, DAY, 100), booked(2, DAY, 200)) as place:
        place.server.faults.then(RIGHT, RIGHT, spoil)
        found = place.delivery(DAY)
    assert (found.payments["amount"].tolist(), len(found.faults)) == ([200], 1)
    assert found.covered == ()


def test_the_days_of_unreadable_rows_are_asked_for_again() -> None:
    spoilt = {**row(2, DAY + ONE_DAY), "creditDebitIndicator": "BOTH"}
    found = made(row(1), spoilt)
    assert found.covered == (DAY, DAY + 2 * ONE_DAY)
    assert found.notes == ()


def test_a_row_without_a_day_may_belong_to_any() -> None:
    assert made({**row(1), "bookingDate": {}}).covered == ()


def test_two_different_rows_under_one_reference_leave_the_days_of_both_open() -> None:
    assert made(row(1), row(1, DAY + ONE_DAY)).covered == (DAY + 2 * ONE_DAY,)


def test_an_unreadable_row_no_longer_keeps_its_day_open_when_the_bank_will_soon_stop_giving_it() -> None:
    spoilt = [{**row(n, DAY + n * ONE_DAY), "status": None} for n in (1, 2)]
    since = DAY - 12 * ONE_DAY
    found = delivery(Reading(f"ceska-sporitelna:{IBAN}", "CZK", DAYS, since, DAYS.last, tuple(spoilt)))
    assert (found.covered, len(found.faults)) == ((DAY, DAY + ONE_DAY), 2)
