"""Answers of the bank and the payments that they must give."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from pydantic import SecretStr

from blocks.fio import FioAccount
from sandbox.fio import TOKEN
from tasks.days import Days
from tasks.http import Answer
from tasks.provider import Delivery
from tasks.providers.fio import Fetched, Fio
from tasks.providers.fio.statement import read
from tasks.tables import INCOMING, checked
from tests.providers.memories import Remembered

SAMPLES = Path(__file__).parent / "fio"
CZK, EUR = ("CZ3820100000002900555000", "CZK"), ("CZ4520100000002300777005", "EUR")


def delivered(sample: str, days: Days, account: tuple[str, str] = CZK) -> Delivery:
    iban, currency = account
    block = FioAccount(token=SecretStr(TOKEN), iban=iban, currency=currency)
    answer = Answer(200, httpx.Headers(), (SAMPLES / sample).read_bytes())
    statement = read(answer, days, iban=iban, currency=currency)
    return Fio(block, Remembered()).normalize(Fetched(days, days.first - dt.timedelta(days=60), (statement,)))


def november(first: int, last: int) -> Days:
    return Days(dt.date(2025, 11, first), dt.date(2025, 11, last))


@pytest.fixture(scope="module")
def sample_a() -> pd.DataFrame:
    delivery = delivered("sample-a.json", november(3, 5))
    assert delivery.faults == ()
    assert delivery.notes == ()
    assert delivery.covered == tuple(november(3, 5))
    return checked(INCOMING, delivery.payments).set_index("payment_id")


SHOWN = ["amount", "kind", "variable_symbol", "specific_symbol", "constant_symbol", "counterparty", "reverses"]
EXPECTED = {
    "27150000101": (150000, "transfer", "20250117", None, "308", "1234560005/0100", None),
    "27150000102": (1895050, "transfer", "2025000451", None, None, "1555123009/3030", None),
    "27150000103": (70000, "transfer", None, "7700012", "558", "2600111002/2010", None),
    "27150000104": (243240, "transfer", "2025000452", None, "308", "SK3511000000002922334006", None),
    "27150000105": (-5000, "fee", None, None, None, None, None),
    "27150000106": (121000, "transfer", None, None, None, "287654000/0300", None),
    "27150000107": (500000, "cash", "2025000454", None, None, None, None),
    "27150000108": (330000, "transfer", "2025000455", None, None, "222333003/0600", None),
    "27150000109": (-330000, "reversal", "2025000455", None, None, "222333003/0600", "27150000108"),
    "27150000110": (-38900, "card", "1178", None, None, None, None),
    "27150000111": (37, "transfer", None, None, None, None, None),
    "27150000113": (1895050, "transfer", "2025000451", None, None, "1555123009/3030", None),
}


@pytest.mark.parametrize("payment_id", EXPECTED)
def test_a_movement_becomes_just_this_payment(sample_a: pd.DataFrame, payment_id: str) -> None:
    row: dict[Any, Any] = sample_a.loc[payment_id, SHOWN].to_dict()
    assert tuple(None if pd.isna(value) else value for value in row.values()) == EXPECTED[payment_id]


def test_no_movement_is_missing_and_none_is_invented(sample_a: pd.DataFrame) -> None:
    assert list(sample_a.index) == list(EXPECTED)
    assert sample_a["amount"].sum() == 4830477
    assert set(sample_a["source"]) == {"fio:CZ3820100000002900555000"}


def test_the_days_are_those_of_the_bank(sample_a: pd.DataFrame) -> None:
    days = sample_a["booked_on"].dt.day.to_dict()
    assert (days["27150000101"], days["27150000104"], days["27150000113"]) == (3, 4, 5)


def test_every_free_text_for_the_recipient_is_in_the_message(sample_a: pd.DataFrame) -> None:
    message = sample_a["message"]
    assert message["27150000101"] == "nájem listopad, byt č. 5\nNOVÁKOVÁ JANA"
    assert message["27150000104"] == "/VS2025000452/SS/KS0308\n/DO2025-11-03/SPfaktura 2025000452\nHorváth s.r.o."
    assert message["27150000106"].startswith("VS: 2025000453 dekuji\n")
    assert message["27150000109"] == "storno duplicitní platby"
    assert message[["27150000103", "27150000111"]].isna().all()


def test_the_raw_record_keeps_the_symbol_as_the_bank_wrote_it(sample_a: pd.DataFrame) -> None:
    assert '"0020250117"' in sample_a["raw"]["27150000101"]


@pytest.mark.parametrize(
    ("sample", "days"),
    [("sample-b.json", november(6, 6)), ("sample-c.json", Days(dt.date(2011, 1, 1), dt.date(2011, 1, 2)))],
)
def test_an_empty_period_is_a_complete_one(sample: str, days: Days) -> None:
    delivery = delivered(sample, days)
    assert delivery.payments.empty
    assert delivery.covered == tuple(days)
    assert delivery.notes == ()


def test_an_account_in_euro_with_both_spellings_of_dates() -> None:
    days = Days(dt.date(2025, 10, 26), dt.date(2025, 10, 28))
    delivery = delivered("sample-d.json", days, EUR)
    first, second = delivery.payments.to_dict("records")
    assert delivery.notes == ()
    assert (first["booked_on"], first["amount"], first["currency"]) == (pd.Timestamp("2025-10-26"), 4990, "EUR")
    assert (first["variable_symbol"], first["counterparty"]) == ("9900017", "DE58500105175407324000")
    assert (second["booked_on"], second["amount"]) == (pd.Timestamp("2025-10-28"), -120000)
    assert first["message"] == "9900017\nRechnung 9900017\nMüller Käthe"
