"""What each sign says about the orders of the samples, and how odd answers are read."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.byznysweb import ByznysWebShop
from tasks.days import Days
from tasks.errors import BadRecord
from tasks.money import wire
from tasks.provider import Delivery
from tasks.providers.byznysweb.deliveries import delivery
from tasks.providers.byznysweb.evidence import Evidence, by_invoice, by_receipts, by_status
from tasks.providers.byznysweb.orders import Order, order_of
from tasks.providers.byznysweb.reading import Entry, Reading
from tests.providers.memories import Remembered

SAMPLES = Path(__file__).parent / "samples"
ASKED_ON = dt.date(2025, 3, 10)


def sample(name: str) -> list[Any]:
    text = (SAMPLES / f"byznysweb-{name}.json").read_text(encoding="utf-8")
    return json.loads(text, parse_float=Decimal)["data"]["getOrderList"]["data"]


def shop(**settings: object) -> ByznysWebShop:
    given: dict[str, object] = {
        "shop": "www.obchod.cz",
        "token": "x" * 32,
        "paid_statuses": [31],
        "excluded_statuses": [17, 74],
    }
    return ByznysWebShop.model_validate(given | settings)


def entry(number: str, **changes: object) -> dict[str, Any]:
    """An order of the samples by its number, changed."""
    names = ("B1", "B2", "B3", "B4")
    found = next(e for name in names for e in sample(name) if e and e["order_num"] == number)
    return found | changes


def read(number: str, *, partial: bool = False, **changes: object) -> Order:
    return order_of(entry(number, **changes), partial=partial)


def said(evidence: Evidence) -> str:
    if not evidence.parts:
        return evidence.outcome
    latest = max(part.day for part in evidence.parts)
    return f"{evidence.outcome}/{wire(evidence.amount)}/{len(evidence.parts)}/{latest}"


def signs(order: Order, settings: ByznysWebShop | None = None) -> str:
    found = (by_status(order, settings or shop()), by_invoice(order), by_receipts(order))
    return "status={} invoice={} receipts={}".format(*map(said, found))


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (
            "2501000123",
            "status=full/1234.50/1/2025-03-01 invoice=full/1234.50/1/2025-03-01 "
            "receipts=full/1234.50/1/2025-03-01",
        ),
        ("2501000124", "status=no invoice=no receipts=no"),
        ("2501000125", "status=full/2000.00/1/2025-03-02 invoice=no receipts=no"),
        ("2501000126", "status=no invoice=no receipts=part/2500.50/2/2025-03-05"),
        ("2501000127", "status=no invoice=full/750.00/1/2025-03-03 receipts=full/750.00/1/2025-03-03"),
        ("2501000128", "status=full/123.00/1/2025-03-03 invoice=no receipts=no"),
        ("2501000129", "status=undecided invoice=no receipts=no"),
        ("2501000130", "status=excluded invoice=full/0.10/1/2025-03-03 receipts=no"),
        ("2501000131", "status=unknown invoice=part/300.00/1/2025-03-04 receipts=no"),
    ],
)
def test_each_sign_says_of_each_sample_what_it_should(number: str, expected: str) -> None:
    assert signs(read(number)) == expected


def test_null_lists_beside_errors_are_unknown_and_not_empty() -> None:
    found = read("2501000132", partial=True)
    assert signs(found) == "status=full/10.00/1/2025-03-04 invoice=unknown receipts=unknown"


def delivered(
    *entries: Mapping[str, Any],
    partial: bool = False,
    remembered: Mapping[str, str] | None = None,
    **settings: Any,
) -> Delivery:
    block = shop(**settings)
    reading = Reading(
        entries=tuple(Entry(one, partial) for one in entries),
        rules=tuple(block.rules),
        statuses={},
        asked_on=ASKED_ON,
        days=Days(dt.date(2025, 3, 1), ASKED_ON),
        remembered=remembered,
    )
    return delivery(reading, block, "byznysweb:obchod.cz")


EVERYTHING = {"rules": ["status", "invoice", "receipts"]}


def codes(found: Delivery) -> list[str]:
    return [note.code for note in found.notes]


@pytest.mark.parametrize(
    ("number", "settings", "amounts", "notes"),
    [
        ("2501000123", EVERYTHING, [123450], []),
        ("2501000123", EVERYTHING | {"combine": "all"}, [123450], []),
        ("2501000125", EVERYTHING, [200000], ["signs_disagree"]),
        ("2501000125", EVERYTHING | {"combine": "all"}, [], ["signs_disagree"]),
        ("2501000126", EVERYTHING, [100000, 150050], []),
        ("2501000126", {"rules": ["receipts"]}, [100000, 150050], []),
        ("2501000126", {"rules": ["receipts"], "combine": "all"}, [100000, 150050], []),
        ("2501000127", EVERYTHING, [75000], ["signs_disagree"]),
        ("2501000127", {"rules": ["invoice"]}, [75000], []),
        ("2501000128", {}, [12300], []),
        ("2501000130", EVERYTHING, [], ["signs_disagree"]),
        ("2501000131", {"rules": ["invoice"]}, [30000], []),
    ],
)
def test_the_chosen_signs_together_decide(
    number: str, settings: dict[str, Any], amounts: list[int], notes: list[str]
) -> None:
    found = delivered(entry(number), **settings)
    assert found.payments["amount"].tolist() == amounts
    assert set(found.payments["reference"]) <= {number}
    assert set(found.payments["kind"]) <= {"eshop"}
    assert codes(found) == notes
    assert found.faults == ()


def test_an_order_number_is_a_reference_and_no_symbol() -> None:
    payments = delivered(entry("2501000123", order_num="0025010001")).payments
    assert payments["reference"].tolist() == ["0025010001"]
    assert payments[["variable_symbol", "specific_symbol", "message", "counterparty"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("number", "settings", "cause"),
    [
        ("2501000129", {}, "nejde určit"),
        ("2501000131", {}, "neřekl vše"),
        ("2501000131", EVERYTHING, "neřekl vše"),
    ],
)
def test_an_order_that_is_not_clear_is_a_fault_and_is_remembered_to_be_asked_for_again(
    number: str, settings: dict[str, Any], cause: str
) -> None:
    found = delivered(entry("2501000123"), entry(number), **settings)
    assert [fault.record for fault in found.faults] == [f"objednávka {number}"]
    assert cause in found.faults[0].cause
    assert json.loads(dict(found.cursors)["unclear"]) == [number]
    assert len(found.payments) == 1


def test_too_many_unclear_orders_leave_the_watermark_where_it_was() -> None:
    many = [entry("2501000131", order_num=str(n)) for n in range(101)]
    found = delivered(*many)
    assert (found.covered, found.cursors) == ((), ())
    assert len(found.faults) == 101


def test_a_withheld_status_could_be_an_excluded_one() -> None:
    withheld = entry("2501000127", status=None)
    assert len(delivered(withheld, partial=True, rules=["receipts"]).faults) == 1
    assert delivered(withheld, rules=["receipts"]).faults == ()


def test_invoices_withheld_leave_the_sign_of_the_status_alone() -> None:
    order = entry("2501000123", invoices=None, preinvoices=None)
    assert delivered(order, partial=True).payments["amount"].tolist() == [123450]
    assert len(delivered(order, partial=True, rules=["invoice"]).faults) == 1


def test_receipts_of_a_paid_invoice_tell_its_number_of_payments() -> None:
    halves = [entry("2501000123")["invoices"][0]["payments"][0] for _ in range(2)]
    both = [
        half | {"id": id, "sum": half["sum"] | {"value": Decimal("617.25")}}
        for half, id in zip(halves, "ab", strict=True)
    ]
    order = entry("2501000123")
    order["invoices"][0]["payments"] = both
    assert said(by_invoice(order_of(order, partial=False))) == "full/1234.50/2/2025-03-01"
    order["invoices"][0]["payments"] = both[:1]
    assert said(by_invoice(order_of(order, partial=False))) == "full/1234.50/1/2025-03-01"


def with_receipts(*sums: tuple[object, str]) -> dict[str, Any]:
    listed = [
        {"id": str(n), "pay_date": "2025-03-05", "sum": {"value": value, "currency": {"code": code}}}
        for n, (value, code) in enumerate(sums)
    ]
    money = {"value": 1000, "is_net_price": False, "currency": {"code": "CZK"}}
    return entry("2501000126", sum=money, preinvoices=[{"id": "1", "payments": listed}])


def test_a_negative_receipt_lowers_the_sum() -> None:
    order = order_of(with_receipts((1000, "CZK"), (-200, "CZK")), partial=False)
    assert said(by_receipts(order)) == "part/800.00/2/2025-03-05"
    found = delivered(with_receipts((1000, "CZK"), (-200, "CZK")), rules=["receipts"]).payments
    assert found[["amount", "kind"]].to_numpy().tolist() == [[100000, "eshop"], [-20000, "refund"]]


def test_a_receipt_in_another_currency_is_not_decided() -> None:
    assert said(by_receipts(order_of(with_receipts((1000, "EUR")), partial=False))) == "undecided"


def test_an_invoice_in_another_currency_or_without_tax_is_not_decided() -> None:
    for change in ({"currency": {"code": "EUR"}}, {"is_net_price": True}):
        order = entry("2501000123")
        order["invoices"][0]["sum"] |= change
        assert said(by_invoice(order_of(order, partial=False))) == "undecided"


@pytest.mark.parametrize("field", ["payments", "paid"])
def test_a_part_of_an_invoice_that_is_missing_is_unknown(field: str) -> None:
    order = entry("2501000123")
    order["invoices"][0][field] = None if field == "paid" else [None]
    sign = by_invoice if field == "paid" else by_receipts
    assert said(sign(order_of(order, partial=False))) == "unknown"


@pytest.mark.parametrize(
    ("status", "method", "expected"),
    [("4", "18", "full"), ("4", "9", "no"), ("4", None, "unknown"), ("5", "18", "no"), (31, None, "full")],
)
def test_a_status_can_mean_paid_only_with_some_methods(status: object, method: str | None, expected: str) -> None:
    elements = [{"type": "shipping", "reference_id": "3"}, {"type": "payment", "reference_id": method}]
    order = read("2501000124", status={"id": status, "name": "?"}, price_elements=elements)
    settings = shop(paid_with_method=[{"status": 4, "methods": [18, "19"]}])
    assert by_status(order, settings).outcome == expected


@pytest.mark.parametrize(
    "elements",
    [None, [], [None], [{"type": "payment", "reference_id": "1"}, {"type": "payment", "reference_id": "2"}]],
)
def test_an_order_with_no_or_with_two_methods_has_none_that_is_known(elements: object) -> None:
    assert read("2501000123", price_elements=elements).method is None


@pytest.mark.parametrize(
    ("value", "amount", "rounded"),
    [
        (1234, 123400, False),
        (Decimal("1234.5"), 123450, False),
        ("1234.50", 123450, False),
        (Decimal("1234.5000001"), 123450, True),
        (Decimal("1e3"), 100000, False),
        ("1e3", 100000, False),
        (Decimal("0.125"), 13, True),
    ],
)
def test_amounts_are_read_exactly_and_rounded_only_with_a_notice(
    value: object, amount: int, rounded: bool
) -> None:
    order = entry("2501000123", sum={"value": value, "is_net_price": False, "currency": {"code": "CZK"}})
    found = delivered(order)
    assert found.payments["amount"].tolist() == [amount]
    assert codes(found) == (["amount_rounded"] if rounded else [])


@pytest.mark.parametrize(
    "change",
    [
        {"sum": {"value": "1 234,50", "currency": {"code": "CZK"}}},
        {"sum": {"value": True, "currency": {"code": "CZK"}}},
        {"sum": {"value": None, "currency": {"code": "CZK"}}},
        {"sum": {"value": 1, "currency": None}},
        {"sum": {"value": 10**20, "currency": {"code": "CZK"}}},
        {"sum": None},
        {"last_change": None},
        {"last_change": "včera"},
        {"order_num": " "},
        {"order_num": None},
    ],
)
def test_an_order_that_cannot_be_read_is_a_fault_and_the_others_go_on(change: dict[str, object]) -> None:
    broken = entry("2501000125", **change)
    with pytest.raises(BadRecord):
        order_of(broken, partial=False)
    found = delivered(broken, entry("2501000123"))
    assert len(found.faults) == 1
    assert found.faults[0].raw
    assert found.payments["reference"].tolist() == ["2501000123"]
    number = broken["order_num"]
    named = isinstance(number, str) and bool(number.strip())
    assert bool(found.covered) == named
    assert json.loads(dict(found.cursors).get("unclear", "[]")) == ([number] if named else [])


@pytest.mark.parametrize("summary", [None, [], [{"amount": None}], ["?"]])
def test_a_net_total_without_its_tax_is_not_decided(summary: object) -> None:
    assert read("2501000128", vat_summary=summary).total is None


def test_a_total_of_which_nobody_says_whether_it_is_net_is_gross_unless_something_is_withheld() -> None:
    assert read("2501000131").total == 50000
    assert read("2501000131", partial=True).total is None


def test_an_order_for_nothing_is_paid_by_no_payment() -> None:
    money = {"value": 0, "is_net_price": False, "currency": {"code": "CZK"}}
    found = delivered(entry("2501000123", sum=money))
    assert (len(found.payments), found.faults) == (0, ())


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(["31", "17", "74", "2", "4", None]), max_size=8))
def test_whatever_happens_to_an_order_its_mark_follows_the_last_clear_word(statuses: list[str | None]) -> None:
    memory = Remembered()
    paid = False
    for status in statuses:
        paid = {"31": True, "17": False, "74": False}.get(status or "", paid)
        order = entry("2501000124", status={"id": status, "name": "?"} if status else None)
        for _ in range(2):
            memory.record([delivered(order, remembered=memory.cursors)])
            assert memory.marks().get("2501000124", (0, 0)) == ((49900, 1) if paid else (0, 0))
    assert len(memory.history) == len(memory.payments)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(-500, 500).filter(bool)), max_size=6))
def test_whatever_happens_to_receipts_the_amount_is_their_sum(steps: list[dict[str, int]]) -> None:
    memory = Remembered()
    for receipts in steps:
        listed = [
            {"id": id, "pay_date": "2025-03-05", "sum": {"value": value, "currency": {"code": "CZK"}}}
            for id, value in receipts.items()
        ]
        order = entry("2501000126", preinvoices=[{"id": "1", "payments": listed}])
        memory.record([delivered(order, remembered=memory.cursors, rules=["receipts"])])
        assert memory.marks().get("2501000126", (0, 0))[0] == 100 * sum(receipts.values())


def test_the_later_state_of_an_order_told_twice_counts() -> None:
    paid = entry("2501000123")
    later = paid | {"status": {"id": "17", "name": "Storno"}, "last_change": "2025-03-02 08:00:00"}
    for both in ((paid, later), (later, paid)):
        assert len(delivered(*both).payments) == 0


def test_a_renamed_status_means_the_same_and_is_told() -> None:
    block = shop()
    remembered = {"statuses": json.dumps({"31": "Zaplaceno", "2": "?"})}
    one = (Entry(entry("2501000123"), False),)
    reading = Reading(one, ("status",), {"31": "Uhrazeno"}, ASKED_ON, remembered=remembered)
    found = delivery(reading, block, "s")
    assert codes(found) == ["status_renamed"]
    assert "Zaplaceno" in found.notes[0].text
    assert len(found.payments) == 1


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({"shop": "http://"}, "jméno e-shopu"),
        ({"shop": "obchod"}, "jméno e-shopu"),
        ({"token": "x x" * 32}, "bez mezer"),
        ({"address": "http://www.obchod.cz"}, "https://"),
        ({"paid_statuses": ["zaplaceno"]}, "zadejte číslo"),
    ],
)
def test_the_block_says_what_to_do_about_a_wrong_setting(settings: dict[str, object], hint: str) -> None:
    with pytest.raises(ValueError, match=hint) as caught:
        shop(**settings)
    assert "x x" not in str(caught.value)


def test_a_token_copied_with_its_word_is_the_same_token() -> None:
    assert shop(token=" Token " + "x" * 32).token.get_secret_value() == "x" * 32


def test_the_block_finds_the_shops_address_by_itself() -> None:
    assert shop(shop="https://www.Obchod.cz/").base == "https://www.obchod.cz"
