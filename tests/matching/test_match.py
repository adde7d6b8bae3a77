"""Which document a payment is counted on, and why it is not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from blocks.matching import Matching, Rule
from tasks.matching import match
from tests.matching.tables import DAY, documents, payments

INVOICES = ("issued_invoice",)


def said(
    ours: pd.DataFrame, theirs: pd.DataFrame, settings: Matching | None = None
) -> list[tuple[str, int | None, int, str]]:
    """Verdicts on invoices as (payment, document, amount, reason)."""
    found = match(ours, theirs, settings or Matching(), INVOICES)
    columns = found[["payment_id", "document_id", "amount", "reason"]].astype(object)
    return [(p, None if pd.isna(d) else int(d), int(a), r) for p, d, a, r in columns.itertuples(index=False)]


def test_an_equal_variable_symbol_counts() -> None:
    assert said(payments({"variable_symbol": "2026001"}), documents({"variable_symbol": "2026001"})) == [
        ("p1", 1, 10000, "counted")
    ]


@pytest.mark.parametrize(
    ("payment", "reason"),
    [
        ({"variable_symbol": "999999"}, "no_document"),
        ({}, "no_key"),
        ({"variable_symbol": "2026001", "currency": "EUR"}, "other_currency"),
        ({"variable_symbol": "2026001", "booked_on": DAY - dt.timedelta(days=66)}, "before_document"),
        ({"variable_symbol": "2026001", "kind": "fee"}, "fee"),
        ({"variable_symbol": "2026001", "kind": "interest"}, "interest"),
        ({"variable_symbol": "2026001", "kind": "settlement"}, "settlement"),
        ({"variable_symbol": "2026001", "amount": -10000}, "outgoing"),
        ({"variable_symbol": "2026001", "amount": 0}, "zero"),
        ({"variable_symbol": "2026001", "amount": -10000, "kind": "refund"}, "refund_without_payment"),
        ({"variable_symbol": "2026002"}, "cancelled_document"),
        ({"variable_symbol": "2026003"}, "credit_note"),
        ({"variable_symbol": "2026001", "counterparty": "2900123456/2010"}, "ignored_counterparty"),
    ],
)
def test_every_gate_has_its_reason(payment: dict[str, Any], reason: str) -> None:
    theirs = documents(
        {"variable_symbol": "2026001"},
        {"variable_symbol": "2026002", "cancelled": True},
        {"variable_symbol": "2026003", "total": -500},
    )
    settings = Matching(ignored_accounts=["CZ6520100000002900123456"])
    assert said(payments(payment), theirs, settings) == [("p1", None, payment.get("amount", 10000), reason)]


def test_one_payment_pays_the_one_group_whose_sum_it_is() -> None:
    theirs = documents(*({"variable_symbol": "77001", "total": total} for total in (3000, 5000, 9000)))
    assert said(payments({"variable_symbol": "77001", "amount": 8000}), theirs) == [
        ("p1", 1, 3000, "counted"),
        ("p1", 2, 5000, "counted"),
    ]


def test_twins_are_ambiguous() -> None:
    theirs = documents({"variable_symbol": "77001"}, {"variable_symbol": "77001"})
    assert said(payments({"variable_symbol": "77001"}), theirs) == [("p1", None, 10000, "ambiguous")]


def test_oldest_first_splits_a_payment() -> None:
    theirs = documents(*({"variable_symbol": "77001", "total": 4000} for _ in range(2)))
    ours = payments({"variable_symbol": "77001", "amount": 5000}, {"variable_symbol": "77001", "amount": 5000})
    assert said(ours, theirs, Matching(oldest_first=True)) == [
        ("p1", 1, 4000, "counted"),
        ("p1", 2, 1000, "counted"),
        ("p2", 2, 3000, "counted"),
        ("p2", None, 2000, "surplus"),
    ]


def test_a_reversal_goes_where_its_payment_went() -> None:
    theirs = documents(*({"variable_symbol": "77001", "total": total} for total in (3000, 5000, 9000)))
    ours = payments(
        {"variable_symbol": "77001", "amount": 8000},
        {"amount": -8000, "kind": "reversal", "reverses": "p1"},
    )
    assert said(ours, theirs)[2:] == [("p2", 1, -3000, "counted"), ("p2", 2, -5000, "counted")]


def test_an_eshops_word_and_the_money_count_once() -> None:
    ours = payments(
        {"kind": "eshop", "source": "byznysweb:x", "reference": "FV0000001"},
        {"variable_symbol": "2026001", "amount": 4000},
    )
    assert said(ours, documents({"variable_symbol": "2026001"})) == [
        ("p1", None, 4000, "seen_elsewhere"),
        ("p1", 1, 6000, "counted"),
        ("p2", 1, 4000, "counted"),
    ]


def test_rules_are_tried_in_their_order() -> None:
    theirs = documents({"variable_symbol": "2026001"}, {"specific_symbol": "2026002"})
    ours = payments({"variable_symbol": "2026001", "specific_symbol": "2026002"})
    settings = Matching(rules=[Rule(kind="symbols", symbols=["specific"]), Rule(kind="symbols")])
    assert said(ours, theirs, settings) == [("p1", 2, 10000, "counted")]


def rules_that_decide(ours: pd.DataFrame, theirs: pd.DataFrame, settings: Matching | None = None) -> list[str]:
    """The rule that counted each payment on the first invoice, "" where none did."""
    found = match(ours, theirs, settings or Matching(), INVOICES)
    return [
        str(rule) if document == 1 else ""
        for rule, document in zip(found["rule"], found["document_id"].fillna(0), strict=True)
    ]


KEYED = documents(
    {"variable_symbol": "2026004711", "number": "FV-2026/00471", "reference": "AB12-CD34-EF56"},
    {"variable_symbol": "31202600004711", "number": "26OBJ00012", "reference": "1200045"},
    {"variable_symbol": "9120260001", "number": "XY20269999"},
)


@pytest.mark.parametrize(
    ("payment", "rule"),
    [
        ({"source": "comgate:1", "reference": "ab12-cd34-ef56"}, "reference"),
        ({"source": "gp-webpay:1", "reference": "202600471"}, "number"),
        ({"source": "byznysweb:1", "reference": "FV-2026/00471", "kind": "eshop"}, "number"),
        ({"reference": "AB12-CD34-EF56"}, ""),
        ({"message": "platba v.s. 2026004711"}, "symbol_in_message"),
        ({"message": "platba RF532026004711"}, ""),
        ({"message": "faktura FV-2026/00471, dekuji"}, "number_in_message"),
        ({"message": "faktura fv202600471"}, "number_in_message"),
        ({"message": "klic AB12-CD34-EF56"}, "number_in_message"),
        ({"message": "uhrada podle vasi faktury cislo FV-20\n26/00471"}, "number_in_message"),
        ({"message": "xFV-2026/00471"}, ""),
    ],
)
def test_each_rule_finds_its_key(payment: dict[str, Any], rule: str) -> None:
    assert rules_that_decide(payments(payment), KEYED) == [rule]


def reference_of(symbol: str) -> str:
    return f"RF{98 - int(symbol + '271500') % 97:02d}{symbol}"


@pytest.mark.parametrize("where", ["message", "reference"])
def test_a_creditor_reference_names_symbol_or_number(where: str) -> None:
    theirs = documents({"variable_symbol": "2026004711", "number": "1"}, {"number": "5566778"})
    ours = payments({where: reference_of("2026004711")}, {where: reference_of("5566778")})
    assert [row[1] for row in said(ours, theirs)] == [1, 2]


def test_a_long_symbol_is_known_by_its_last_ten_digits() -> None:
    assert said(payments({"variable_symbol": "2600004711"}), KEYED) == [("p1", 2, 10000, "counted")]
    exact = documents({"variable_symbol": "31202600004711"}, {"variable_symbol": "2600004711"})
    assert said(payments({"variable_symbol": "2600004711"}), exact) == [("p1", 2, 10000, "counted")]


def test_symbols_of_twenty_digits_are_told_apart() -> None:
    theirs = documents({"variable_symbol": "12345678901234567890"}, {"variable_symbol": "12345678901234567891"})
    assert said(payments({"variable_symbol": "12345678901234567891"}), theirs) == [("p1", 2, 10000, "counted")]


def test_prefixes_of_number_series_make_no_difference() -> None:
    settings = Matching(series_prefixes=["91", "XY"])
    ours = payments({"variable_symbol": "20260001"}, {"message": "za 20269999"})
    assert [row[1] for row in said(ours, KEYED, settings)] == [3, 3]
    assert [row[1] for row in said(ours, KEYED)] == [None, None]


def test_several_symbols_must_be_equal_together() -> None:
    theirs = documents(
        {"variable_symbol": "77001", "specific_symbol": "1"}, {"variable_symbol": "77001", "specific_symbol": "2"}
    )
    ours = payments({"variable_symbol": "77001", "specific_symbol": "2"}, {"variable_symbol": "77001"})
    settings = Matching(rules=[Rule(kind="symbols", symbols=["variable", "specific"])])
    assert [(row[1], row[3]) for row in said(ours, theirs, settings)] == [(2, "counted"), (None, "no_key")]


def test_an_eshops_word_is_not_about_another_order() -> None:
    theirs = documents({"number": "1200045", "reference": "9900001"})
    word = {"source": "byznysweb:1", "kind": "eshop", "reference": "1200045"}
    assert said(payments(word), theirs) == [("p1", None, 10000, "no_document")]


def test_an_outgoing_payment_to_the_payers_account_is_a_refund() -> None:
    theirs = documents({"variable_symbol": "2026001"})
    paid = {"variable_symbol": "2026001", "counterparty": "1/0100"}
    ours = payments(paid, {**paid, "amount": -10000}, {**paid, "amount": -10000, "counterparty": "9/0100"})
    assert [row[3] for row in said(ours, theirs)] == ["counted", "counted", "outgoing"]
    switched_off = Matching(refunds_to_payers=False)
    assert [row[3] for row in said(ours, theirs, switched_off)] == ["counted", "outgoing", "outgoing"]


def test_a_symbol_on_hundreds_of_documents_names_none_of_them() -> None:
    theirs = documents(*({"variable_symbol": "1111", "total": 10000 + n} for n in range(501)))
    ours = payments({"variable_symbol": "1111"}, {"kind": "reversal", "amount": -10000, "reverses": "p1"})
    assert [row[1:] for row in said(ours, theirs)] == [(None, 10000, "ambiguous"), (None, -10000, "ambiguous")]


def test_each_agenda_is_matched_by_itself() -> None:
    agendas = ("issued_invoice", "advance_invoice", "received_order")
    theirs = documents(*({"variable_symbol": "2026001", "agenda": agenda} for agenda in agendas))
    found = match(payments({"variable_symbol": "2026001"}), theirs, Matching())
    assert found["document_id"].tolist() == [1, 2, 3]
    assert found["agenda"].tolist() == list(agendas)


def test_a_refund_without_a_link_finds_the_document_whose_money_it_is() -> None:
    theirs = documents(*({"variable_symbol": "77001", "total": total} for total in (3000, 5000)))
    money = ({"variable_symbol": "77001", "amount": amount} for amount in (3000, 5000))
    ours = payments(*money, {"variable_symbol": "77001", "amount": -5000, "kind": "refund"})
    assert said(ours, theirs)[2] == ("p3", 2, -5000, "counted")


def test_what_takes_itself_back_takes_nothing_back() -> None:
    ours = payments({"amount": -5, "kind": "reversal", "reverses": "p1"})
    assert [row[3] for row in said(ours, documents())] == ["no_key"]


def test_nothing_to_match_is_no_verdict() -> None:
    assert match(payments(), documents({"variable_symbol": "2026001"}), Matching()).empty


@pytest.mark.parametrize(
    "account", ["1234567890/0100", "19-123457/0710", "CZ6508000000192000145399", "DE89370400440532013000"]
)
def test_ignored_accounts_are_known_in_both_spellings(account: str) -> None:
    spellings = {"CZ6508000000192000145399": "19-2000145399/0800"}
    ours = payments({"counterparty": account, "variable_symbol": "2026001"})
    settings = Matching(ignored_accounts=[spellings.get(account, account)])
    assert said(ours, documents({"variable_symbol": "2026001"}), settings)[0][3] == "ignored_counterparty"


@pytest.mark.parametrize(
    "field",
    [
        "AB12-CD34-EF56, GH12-CD34-EF56",
        "GH12-CD34-EF56 ab12-cd34-ef56",
        "https://pay.example/client/AB12-CD34-EF56?lang=cs",
        "AB12\u2013CD34\u2013EF56",
    ],
    ids=["two keys", "other order and case", "pasted link", "long dashes"],
)
def test_a_key_is_found_in_a_field_that_holds_more_than_it(field: str) -> None:
    ours = payments({"source": "comgate:1", "reference": "AB12-CD34-EF56"})
    assert said(ours, documents({"reference": field})) == [("p1", 1, 10000, "counted")]
    other = payments({"source": "comgate:1", "reference": "CD34-EF56"})
    assert said(other, documents({"reference": field})) == [("p1", None, 10000, "no_document")]
