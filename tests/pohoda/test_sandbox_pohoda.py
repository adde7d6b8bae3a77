"""The sandbox's Pohoda keeps marks as the real one would, and tells which documents it has."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from sandbox.pohoda import SandboxPohoda
from sandbox.world import Marks

KEY = ("issued_invoice", 1)


def test_no_mark_stands_at_first(pohoda: SandboxPohoda) -> None:
    assert set(pohoda.marks().values()) == {None}
    assert pohoda.database_name == "StwPh_12345678_2026"


@pytest.mark.parametrize("amount", [Decimal("121"), "121.0000", 121])
def test_fields_are_set_in_any_letter_case_and_spelling_of_money(
    pohoda: SandboxPohoda, amount: Decimal | str | int
) -> None:
    assert pohoda.apply(*KEY, {"vpruhrazeno": amount, "VPRPOCETPLATEB": 2, "VPrUhrazVse": True})
    assert pohoda.marks()[KEY] == Marks(121_00, 2, True)


def test_a_document_that_is_not_there_is_not_marked(pohoda: SandboxPohoda) -> None:
    assert not pohoda.apply("issued_invoice", 2, {"VPrPocetPlateb": 1})
    assert set(pohoda.marks().values()) == {None}


def test_no_other_field_can_be_set(pohoda: SandboxPohoda) -> None:
    with pytest.raises(KeyError):
        pohoda.apply(*KEY, {"KcCelkem": "1"})


def test_a_document_is_found_in_its_own_agenda_only(pohoda: SandboxPohoda) -> None:
    assert pohoda.find(*KEY) == "260100001"
    assert pohoda.find("advance_invoice", 1) is None


def test_marks_set_by_hand_can_be_emptied_again(pohoda: SandboxPohoda) -> None:
    pohoda.set_marks(*KEY, Marks(50, 1, False))
    assert pohoda.marks()[KEY] == Marks(50, 1, False)
    pohoda.set_marks(*KEY, None)
    assert pohoda.marks()[KEY] is None


def test_many_threads_can_write_at_once(pohoda: SandboxPohoda) -> None:
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda n: pohoda.apply(*KEY, {"VPrPocetPlateb": n}), range(24)))
    assert done == [True] * 24
