"""Symbols, creditor references and document numbers as payers really write them."""

from __future__ import annotations

import pytest

from tasks.matching.spellings import (
    creditor_references,
    is_creditor_reference,
    readings,
    tokens,
    variable_symbols,
)


@pytest.mark.parametrize(
    ("message", "symbols"),
    [
        # fio.md 11.4
        ("/VS/2025000460/SS/11/KS/0308", ["2025000460"]),
        ("/VS2025000461/SS0000000000/KS0308", ["2025000461"]),
        ("/DO2025-11-01/SP/VS/42", ["42"]),
        ("Faktura 2025000463", []),
        ("vs/00077/dar", ["77"]),
        ("platba za DVS 12345", []),
        ("vs.2025000462", ["2025000462"]),
        ("VS123456789012345", []),
        ("VS: 0000000000", []),
        ("EVS:99 VS:100", ["100"]),
        # fio.md 7
        ("/VS/123465", ["123465"]),
        ("vs/887799", ["887799"]),
        ("/VS0123456789/SS9876543210/KS1234", ["123456789"]),
        ("VS:75319", ["75319"]),
        ("VS 123456789012", []),
        ("VS86420", ["86420"]),
        ("/VS555/KS/SS", ["555"]),
        # further habits
        ("v.s. 123456", ["123456"]),
        ("V.S.:123456", ["123456"]),
        ("var. symbol: 123456", ["123456"]),
        ("var.symb.123456", ["123456"]),
        ("varsymbol 123456", ["123456"]),
        ("variabilní symbol č. 123456", ["123456"]),
        ("variabilný symbol 123456", ["123456"]),
        ("VS č.: 123456", ["123456"]),
        ("VS=123456", ["123456"]),
        ("VS 2025 000 452", ["2025", "2025000452"]),
        ("VS 123456 a VS 123457", ["123456", "123457"]),
    ],
)
def test_symbols_are_read_in_every_habit(message: str, symbols: list[str]) -> None:
    assert variable_symbols(message) == symbols


def test_a_creditor_reference_counts_only_with_right_check_digits() -> None:
    assert is_creditor_reference("RF18539007547034")
    assert not is_creditor_reference("RF19539007547034")
    assert not is_creditor_reference("RF18")


@pytest.mark.parametrize(
    "message", ["RF18539007547034", "platba RF18 5390 0754 7034 dekuji", "rf18539007547034, faktura"]
)
def test_creditor_references_are_read_compact_and_printed(message: str) -> None:
    assert creditor_references(message) == ["539007547034"]


def test_tokens_are_whole_and_have_four_digits() -> None:
    assert tokens("faktura 123, obj. FV-2025/0001") == ["FV2025", "FV20250001", "2025", "20250001"]
    assert tokens("x20250001") == ["X20250001"]
    assert tokens("00012345") == ["12345"]


def test_cut_lines_are_read_glued_and_apart() -> None:
    assert readings("za fakturu cislo 123456789 a 2025000\n452") == (
        "za fakturu cislo 123456789 a 2025000452",
        "za fakturu cislo 123456789 a 2025000 452",
    )


def test_short_lines_were_never_cut() -> None:
    assert readings("faktura 1234\n5678") == ("faktura 1234 5678", "faktura 1234 5678")
