"""Single movements: types, symbols, dates, and what takes what back."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.fio_statement import LABELS
from tasks.days import start_of
from tasks.errors import BadRecord
from tasks.providers.fio.movements import movement, payment, reversals, tagged

VECTORS = {
    "/VS/2025000460/SS/11/KS/0308": "2025000460",
    "/VS2025000461/SS0000000000/KS0308": "2025000461",
    "/DO2025-11-01/SP/VS/42": "42",
    "Faktura 2025000463": None,
    "vs/00077/dar": "77",
    "platba za DVS 12345": None,
    "vs.2025000462": "2025000462",
    "VS123456789012345": None,
    "VS: 0000000000": None,
    "EVS:99 VS:100": "100",
}


def content(
    number: int = 1, amount: Any = Decimal("100.00"), day: Any = "2025-11-03+0100", **columns: Any
) -> Any:
    """A movement as the bank writes it; further columns as c5="123"."""
    values: dict[int, Any] = {22: number, 0: day, 1: amount, 14: "CZK"}
    values |= {int(name[1:]): value for name, value in columns.items()}
    return {
        f"column{n}": None if v is None else {"value": v, "name": LABELS[n], "id": n} for n, v in values.items()
    }


def row(found: Any) -> dict[str, Any]:
    return payment(movement(found, "CZK"), "fio:x", None)


@pytest.mark.parametrize("text", VECTORS)
def test_a_symbol_behind_its_tag_is_found(text: str) -> None:
    assert tagged(text, "VS") == VECTORS[text]


def test_other_symbols_have_tags_too() -> None:
    text = "/VS2025000461/SS0000000011/KS0308"
    assert (tagged(text, "SS"), tagged(text, "KS")) == ("11", "308")
    assert tagged("/VS555/KS/SS", "KS") is None


@given(st.integers(1, 10**10 - 1), st.sampled_from(["/VS/{}", "VS:{}", "vs {}", "VS{}/SS1", "VS.-{}"]))
def test_any_symbol_is_found_whatever_its_leading_zeros(number: int, form: str) -> None:
    assert tagged(form.format(number), "VS") == str(number)
    assert tagged(form.format(f"{number:010d}"), "VS") == str(number)


def test_a_payers_reference_of_digits_alone_is_the_variable_symbol() -> None:
    assert row(content(c27="0000000042"))["variable_symbol"] == "42"
    assert row(content(c27="12345678901"))["variable_symbol"] is None
    assert row(content(c27="42", c5="7"))["variable_symbol"] == "7"


def test_symbols_in_free_texts_are_left_to_matching() -> None:
    found = row(content(c16="VS: 2025000453", c7="SS 5"))
    assert found["variable_symbol"] is found["specific_symbol"] is None
    assert found["message"] == "VS: 2025000453\nSS 5"


def test_the_same_text_in_two_columns_is_one_line() -> None:
    assert row(content(c16="Nákup", c7="Nákup"))["message"] == "Nákup"


@pytest.mark.parametrize(
    ("type_text", "kind"),
    [
        ("Poplatek – platební karta", "fee"),
        ("Poplatek - platební karta", "fee"),
        ("Posel – příjem", "cash"),
        ("Odvod daně z úroků", "interest"),
        ("Platba kartou", "card"),
        ("Okamžitá příchozí Europlatba", "transfer"),
        ("Něco zcela nového", "transfer"),
        ("Opravný pohyb", "reversal"),
        (None, "transfer"),
    ],
)
def test_the_type_tells_the_kind_where_it_is_known(type_text: str | None, kind: str) -> None:
    assert row(content(c8=type_text))["kind"] == kind


def test_a_correction_that_takes_money_is_a_reversal_even_when_its_payment_is_not_known() -> None:
    found = row(content(amount=Decimal("-100.00"), c8="Opravný pohyb"))
    assert (found["kind"], found["reverses"]) == ("reversal", None)


def test_a_return_of_an_unknown_payment_of_ours_carries_nothing_that_could_find_a_document() -> None:
    """Its symbols and words are those that we wrote for the supplier."""
    found = row(content(c8="Opravný pohyb", c5="2025000460", c6="1", c4="308", c16="faktura 2025000461"))
    named = ("variable_symbol", "specific_symbol", "constant_symbol", "message")
    assert (found["amount"], [found.get(name) for name in named]) == (10000, [None] * 4)
    assert "faktura 2025000461" in found["raw"]


@pytest.mark.parametrize(
    ("account", "bank", "counterparty"),
    [
        ("19-2000145006", "0100", "19-2000145006/0100"),
        ("DE58 5001 0517 5407 3240 00", "0100", "DE58500105175407324000"),
        ("2000145006", None, "2000145006"),
        (None, "0100", None),
        (" ", "0100", None),
    ],
)
def test_the_counterparty_is_an_account_with_its_bank_or_an_iban(
    account: str | None, bank: str | None, counterparty: str | None
) -> None:
    assert row(content(c2=account, c3=bank))["counterparty"] == counterparty


@pytest.mark.parametrize("day", ["2025-03-30", "2025-10-26", "2025-11-03", "2024-02-29"])
def test_midnight_in_prague_is_the_same_day_in_both_spellings(day: str) -> None:
    milliseconds = int(start_of(dt.date.fromisoformat(day)).timestamp() * 1000)
    assert movement(content(day=milliseconds), "CZK").booked_on == dt.date.fromisoformat(day)
    assert movement(content(day=f"{day}+02:00"), "CZK").booked_on == dt.date.fromisoformat(day)


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ("not a movement", "celý pohyb"),
        (content(number=None), "ID pohybu"),  # pyright: ignore[reportArgumentType]
        (content(day=None), "Datum"),
        (content(day="včera"), "Datum"),
        (content(day=True), "Datum"),
        (content(day=10**20), "Datum"),
        (content(amount=None), "Objem"),
        (content(amount="100"), "Objem"),
        (content(amount=Decimal("1.001")), "Objem"),
        (content(c14="EUR"), "Měna"),
        ({}, "ID pohybu"),
    ],
)
def test_a_movement_without_what_a_payment_needs_is_a_bad_record(broken: Any, field: str) -> None:
    with pytest.raises(BadRecord) as caught:
        movement(broken, "CZK")
    assert caught.value.evidence == field


def pairs(*contents: Any) -> dict[str, str]:
    return dict(reversals([movement(one, "CZK") for one in contents]))


def came(number: int, **rest: Any) -> Any:
    return content(number, **{"c17": 7, **rest})


def went(number: int, **rest: Any) -> Any:
    return content(number, **{"amount": Decimal("-100.00"), "c17": 7, **rest})


def test_the_opposite_amount_under_the_same_instruction_takes_the_payment_back() -> None:
    assert pairs(went(2), came(1)) == {"2": "1"}


def test_money_that_came_back_to_us_takes_our_own_payment_back() -> None:
    assert pairs(went(1), came(2)) == {"2": "1"}


@pytest.mark.parametrize(
    "other",
    [
        went(2, amount=Decimal("-99.99")),
        went(2, c17=8),
        went(2, c17=None),
        went(2, c8="Poplatek"),
        went(2, day="2025-12-04+0100"),
    ],
    ids=["amount", "instruction", "no instruction", "fee", "too late"],
)
def test_anything_else_takes_nothing_back(other: Any) -> None:
    assert pairs(came(1), other) == {}


def test_each_payment_is_taken_back_once() -> None:
    assert pairs(came(1), came(2), went(3), went(4), went(5)) == {"3": "1", "4": "2"}


def test_the_raw_record_does_not_depend_on_the_order_of_columns() -> None:
    one = content(c5="1")
    assert row(one)["raw"] == row(dict(reversed(one.items())))["raw"]
