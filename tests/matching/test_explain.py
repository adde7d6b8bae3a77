"""Why a document or a payment stands as it does, and what other settings would change."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from blocks.matching import Matching, Rule
from tasks.matching import Reason, State
from tasks.matching.comparing import compare
from tasks.matching.explain import document_page, payment_page
from tasks.matching.tracing import explain_document, explain_payment
from tests.matching.tables import DAY, documents, payments

THEIRS = documents(
    {"variable_symbol": "2026001", "customer": "c1"},
    {"variable_symbol": "2026001", "cancelled": True},
    {"variable_symbol": "2026009", "customer": "c1"},
)
OURS = payments(
    {"variable_symbol": "2026001", "amount": 4000},
    {"variable_symbol": "2026001", "currency": "EUR"},
    {"variable_symbol": "2026008"},
    {"amount": -4000, "kind": "reversal", "reverses": "p1"},
    {"message": "VS 2026001 <b>dekuji</b>", "kind": "fee"},
    {"variable_symbol": "555555"},
)
FRESH = pd.DataFrame({"source": ["fio:CZ1"], "complete_until": [pd.Timestamp(DAY)]})
NO_HISTORY = pd.DataFrame()


def test_a_document_tells_of_every_payment_that_named_it() -> None:
    found = explain_document(OURS, THEIRS, Matching(), "issued_invoice", 1)
    assert [pair.payment_id for pair in found.considered] == ["p1", "p2", "p3", "p4", "p5"]
    assert (found.state, found.amount, found.paid) == (State.AFTER_REFUND, 0, False)


def test_each_gate_and_rule_has_its_verdict() -> None:
    foreign = explain_document(OURS, THEIRS, Matching(), "issued_invoice", 1).considered[1]
    assert [gate.reason for gate in foreign.gates if not gate.passed] == [Reason.OTHER_CURRENCY]
    by_name = {rule.rule: rule for rule in foreign.rules}
    assert by_name["variable_symbol"].equal
    assert by_name["variable_symbol"].used
    assert not by_name["specific_symbol"].used
    assert not by_name["symbol_in_message"].keyed
    assert [outcome.reason for outcome in foreign.outcomes] == [Reason.OTHER_CURRENCY]


def test_a_payment_tells_of_every_document_it_named() -> None:
    found = explain_payment(OURS, THEIRS, Matching(), "fio:CZ1", "p1")
    assert [pair.document_id for pair in found.considered] == [1, 2]
    cancelled = [gate.reason for gate in found.considered[1].gates if not gate.passed]
    assert cancelled == [Reason.CANCELLED_DOCUMENT]
    assert [outcome.document_id for outcome in found.outcomes["issued_invoice"]] == [1]


def test_a_suggestion_is_explained_where_it_stands() -> None:
    found = explain_document(OURS, THEIRS, Matching(), "issued_invoice", 3)
    assert [pair.payment_id for pair in found.considered] == ["p3"]
    assert "jednou číslicí" in found.considered[0].suggestion


def test_who_is_not_there_cannot_be_explained() -> None:
    with pytest.raises(KeyError):
        explain_document(OURS, THEIRS, Matching(), "issued_invoice", 99)
    with pytest.raises(KeyError):
        explain_payment(OURS, THEIRS, Matching(), "fio:CZ1", "p99")


def test_the_page_of_a_document_says_what_decided_and_how_fresh_the_data_are() -> None:
    found = explain_document(OURS, THEIRS, Matching(), "issued_invoice", 1)
    page = document_page(found, NO_HISTORY, FRESH, DAY.date() + dt.timedelta(days=1))
    assert "# Vydaná faktura FV0000001" in page
    assert "peníze byly vráceny" in page
    assert "doklad je v jiné měně" in page
    assert "10.\u00a03.\u00a02026" in page
    assert "Pozor" not in page


def test_not_paid_from_stale_data_says_so() -> None:
    found = explain_document(OURS, THEIRS, Matching(), "issued_invoice", 3)
    page = document_page(found, NO_HISTORY, FRESH, DAY.date() + dt.timedelta(days=3))
    assert "Pozor: data nejsou úplná" in page
    assert "Návrh" in page


def test_the_page_of_a_document_shows_which_run_wrote_what() -> None:
    history = pd.DataFrame(
        {
            "intended_at": [pd.Timestamp(DAY)],
            "new_amount": [4000],
            "new_count": [1],
            "new_paid": [False],
            "outcome": ["written"],
            "run": ["fio-1"],
        }
    )
    found = explain_document(OURS, THEIRS, Matching(), "issued_invoice", 1)
    assert "fio-1" in document_page(found, history, FRESH, DAY.date())


def test_the_page_of_a_payment_shows_its_end_in_each_agenda() -> None:
    page = payment_page(explain_payment(OURS, THEIRS, Matching(), "fio:CZ1", "p1"), FRESH)
    assert "Přijatá objednávka" in page
    assert "započteno na doklad (id 1)" in page
    nobody = payment_page(explain_payment(OURS, THEIRS, Matching(), "fio:CZ1", "p6"), FRESH)
    assert "žádný doklad neodpovídá" in nobody
    assert "## Posuzované doklady\n\nŽádné." in nobody


def test_other_settings_show_what_they_would_change() -> None:
    theirs = documents({"variable_symbol": "2026001"}, {"variable_symbol": "2026002"})
    ours = payments({"variable_symbol": "2026001"}, {"specific_symbol": "5", "variable_symbol": "2026002"})
    by_message = Matching(rules=[Rule(kind="symbols"), Rule(kind="symbol_in_message")])
    assert compare(ours, theirs, Matching(), by_message).empty
    nothing = Matching(rules=[Rule(kind="symbols", providers=["csob"])])
    changed = compare(ours, theirs, Matching(), nothing)
    assert changed["document_id"].tolist() == [1, 2]
    assert changed["old_state"].tolist() == ["paid", "paid"]
    assert changed["new_state"].tolist() == ["unpaid", "unpaid"]
    assert changed["new_amount"].tolist() == [0, 0]
