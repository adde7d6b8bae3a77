"""A firm that uses a gateway and a bank is told to name the account from which the gateway pays out."""

import pytest

from blocks.matching import Matching
from tasks.advice import advice
from tasks.tables import PAYMENTS, table


def told(*sources: str, ignored: tuple[str, ...] = ()) -> list[str]:
    rows = [{"source": source, "payment_id": str(n), "amount": 1} for n, source in enumerate(sources)]
    return [note.code for note in advice(table(PAYMENTS, rows), Matching(ignored_accounts=list(ignored)))]


def test_a_gateway_beside_a_bank_needs_its_payout_account_named() -> None:
    assert told("fio:CZ1", "gopay:1") == ["payout_account_unknown"]


@pytest.mark.parametrize("sources", [(), ("fio:CZ1",), ("gopay:1",), ("comgate:1", "gopay:1")])
def test_one_kind_of_source_needs_no_advice(sources: tuple[str, ...]) -> None:
    assert told(*sources) == []


def test_once_the_account_is_named_nobody_is_told_again() -> None:
    assert told("fio:CZ1", "gopay:1", ignored=("2900123456/2010",)) == []
