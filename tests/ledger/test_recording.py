from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.ledger import Ledger, Recorded
from tasks.provider import Delivery, Fault
from tasks.tables import ANSWERS, INCOMING, PAYMENTS, checked, table
from tests.ledger.samples import DAY, NOON, SOURCE, delivery, incoming

HOUR = dt.timedelta(hours=1)


def test_a_payment_comes_back_as_it_was_recorded(ledger: Ledger) -> None:
    given = delivery(incoming("1", amount=-5, constant_symbol=None, reverses="0"))
    assert ledger.record(SOURCE, given, run="one", at=NOON) == Recorded(new=1, changed=0, known=0, faults=0)
    found = checked(PAYMENTS, ledger.payments())
    pd.testing.assert_frame_equal(found, given.payments.drop(columns="raw"))


def test_recording_again_changes_nothing(ledger: Ledger) -> None:
    given = delivery(incoming("1"), incoming("2"))
    ledger.record(SOURCE, given, run="one", at=NOON)
    assert ledger.record(SOURCE, given, run="two", at=NOON + HOUR) == Recorded(0, 0, 2, 0)
    assert len(ledger.history_of_payment(SOURCE, "1")) == 1


def test_a_changed_payment_keeps_its_history(ledger: Ledger) -> None:
    ledger.record(SOURCE, delivery(incoming("1")), run="one", at=NOON)
    later = delivery(incoming("1", variable_symbol="99"))
    assert ledger.record(SOURCE, later, run="two", at=NOON + HOUR) == Recorded(0, 1, 0, 0)
    versions = ledger.history_of_payment(SOURCE, "1")
    assert versions["variable_symbol"].tolist() == ["20250117", "99"]
    assert versions["run"].tolist() == ["one", "two"]
    assert versions["known_at"].tolist() == [pd.Timestamp(NOON), pd.Timestamp(NOON + HOUR)]
    assert versions["replaced_at"].tolist() == [pd.Timestamp(NOON + HOUR), pd.NaT]


def test_a_payment_is_found_with_its_raw_record(ledger: Ledger) -> None:
    ledger.record(SOURCE, delivery(incoming("1")), run="one", at=NOON)
    payment = ledger.payment(SOURCE, "1")
    assert payment is not None
    assert payment["raw"] == '{"column22": 1}'
    assert ledger.payment(SOURCE, "2") is None


def test_the_same_id_in_another_source_is_another_payment(ledger: Ledger) -> None:
    ledger.record(SOURCE, delivery(incoming("1")), run="one", at=NOON)
    ledger.record("fio:other", delivery(incoming("1", source="fio:other")), run="one", at=NOON)
    assert sorted(ledger.payments()["source"]) == sorted([SOURCE, "fio:other"])


def test_only_payments_since_the_day_are_read(ledger: Ledger) -> None:
    old, new = incoming("1", booked_on=pd.Timestamp("2025-11-02")), incoming("2")
    ledger.record(SOURCE, delivery(old, new), run="one", at=NOON)
    assert ledger.payments(DAY)["payment_id"].tolist() == ["2"]


def test_a_payment_delivered_twice_with_different_content_is_reported_and_the_last_counts(ledger: Ledger) -> None:
    twice = delivery(incoming("1", amount=1), incoming("1", amount=2), incoming("1", amount=2))
    assert ledger.record(SOURCE, twice, run="one", at=NOON) == Recorded(1, 0, 0, 1)
    assert ledger.payments()["amount"].tolist() == [2]
    assert ledger.faults(SOURCE)["record"].tolist() == ["1"]


def test_a_payment_of_another_source_is_a_mistake_of_ours(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="holds a payment of"):
        ledger.record("fio:other", delivery(incoming("1")), run="one", at=NOON)


def test_a_delivery_is_recorded_as_a_whole_or_not_at_all(ledger: Ledger) -> None:
    broken = Delivery(
        payments=table(INCOMING, [incoming("1")]), covered=(DAY,), answers=pd.DataFrame({"key": []})
    )
    with pytest.raises(TypeError):
        ledger.record(SOURCE, broken, run="one", at=NOON)
    assert ledger.payments().empty
    assert ledger.completed_days(SOURCE, DAY, DAY) == set()


def test_moments_without_a_zone_are_not_taken(ledger: Ledger) -> None:
    with pytest.raises(Exception, match="without a zone"):
        ledger.record(SOURCE, delivery(incoming("1")), run="one", at=NOON.replace(tzinfo=None))


def test_a_fault_is_kept_once(ledger: Ledger) -> None:
    fault = Fault("27150000101", "chybí částka", raw="{}")
    given = Delivery(faults=(fault, fault))
    assert ledger.record(SOURCE, given, run="one", at=NOON).faults == 1
    assert ledger.record(SOURCE, given, run="two", at=NOON + HOUR).faults == 0
    kept = ledger.faults(SOURCE)
    assert kept[["record", "cause", "raw", "run"]].to_numpy().tolist() == [
        ["27150000101", "chybí částka", "{}", "one"]
    ]


def test_a_cursor_is_the_last_one_saved(ledger: Ledger) -> None:
    assert ledger.cursor(SOURCE, "page") is None
    ledger.record(SOURCE, Delivery(cursors=(("page", "1"),)), run="one", at=NOON)
    ledger.record(SOURCE, Delivery(cursors=(("page", "2"),)), run="two", at=NOON)
    assert ledger.cursor(SOURCE, "page") == "2"
    assert ledger.cursor("fio:other", "page") is None


def test_an_answer_is_saved_with_its_payments(ledger: Ledger) -> None:
    answers = table(ANSWERS, [{"key": "K1", "outcome": "paid"}])
    ledger.record(SOURCE, delivery(incoming("1"), answers=answers), run="one", at=NOON)
    assert len(ledger.payments()) == 1


PAYMENTS_OF_A_MONTH = [
    incoming(str(n), amount=100 * n, booked_on=pd.Timestamp(DAY) + pd.Timedelta(days=n % 9)) for n in range(12)
]


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 11), min_size=1, max_size=8), max_size=6),
    st.permutations(range(12)),
)
def test_any_grouping_order_and_repetition_gives_the_same_payments(
    groups: list[list[int]], rest: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder, Ledger.open(_file(folder)) as ledger:
        new = 0
        for group in [*groups, rest]:
            chosen: list[dict[str, Any]] = [PAYMENTS_OF_A_MONTH[n] for n in group]
            new += ledger.record(SOURCE, delivery(*chosen), run="any", at=NOON).new
        assert new == 12
        expected = table(INCOMING, PAYMENTS_OF_A_MONTH).drop(columns="raw").sort_values("payment_id")
        pd.testing.assert_frame_equal(ledger.payments(), expected.reset_index(drop=True))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(["1", "2", "3"]), min_size=1, max_size=8))
def test_the_history_is_every_version_in_the_order_in_which_they_came(symbols: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, Ledger.open(_file(folder)) as ledger:
        for symbol in symbols:
            ledger.record(SOURCE, delivery(incoming("1", variable_symbol=symbol)), run="any", at=NOON)
        different = [s for n, s in enumerate(symbols) if n == 0 or s != symbols[n - 1]]
        assert ledger.history_of_payment(SOURCE, "1")["variable_symbol"].tolist() == different


def _file(folder: str) -> str:
    return f"sqlite:///{(Path(folder) / 'ledger.db').as_posix()}"


@pytest.mark.parametrize("text", ["dárek \ud83d", "\udc00", "a\x00b", "celý 🎁 dárek"])
def test_half_a_character_in_a_message_is_kept_as_far_as_it_can_be(ledger: Ledger, text: str) -> None:
    found = delivery(incoming("1", message=text), faults=(Fault(text, text, text),), cursors=(("at", text),))
    assert ledger.record(SOURCE, found, run="one", at=NOON).new == 1
    assert ledger.record(SOURCE, found, run="two", at=NOON).known == 1
    kept = str(ledger.payments()["message"].iloc[0])
    assert kept == text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "\ufffd")
