"""Marks are loaded in batches, and only what stands in Pohoda afterwards counts as written."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.faults import LOST, REFUSED
from sandbox.mserver import open_mserver
from sandbox.pohoda import AMOUNT_FIELD, COUNT_FIELD, PAID_FIELD
from tasks.errors import PohodaPaymentsError, SettingError, Unavailable
from tasks.loading import ALREADY, GONE, LOADED, MOVED, NOT_REACHED, NOT_SEEN, load
from tasks.money import decimal
from tasks.tables import CHANGES, checked, table
from tasks.writers import Written
from tasks.writers.mserver import MServerWriter
from tests.mserver.firm import Memory, MemoryUnit, Notebook, change, changes, unit_of

pytestmark = pytest.mark.no_cover

ALL = frozenset({"amount", "count", "paid"})


class Hand:
    """A writer that writes to a unit in memory, and goes wrong as `plan` says, call by call.

    ok, refused, nothing (lost before the effect), done (lost after it), half (in the middle of it), away
    (unavailable), liar (says yes and does nothing), wrong (a setting).
    """

    def __init__(self, firm: MemoryUnit, *plan: str, marks: frozenset[str] = ALL) -> None:
        self.firm = firm
        self.plan = list(plan)
        self.sent: list[list[int]] = []
        self._marks = marks

    def ready(self) -> None: ...

    def marks(self, agenda: str) -> frozenset[str]:
        return self._marks

    def write(self, changes: pd.DataFrame, writes: Sequence[int]) -> list[Written]:
        self.sent.append(list(writes))
        how = self.plan.pop(0) if self.plan else "ok"
        rows = changes.to_dict("records")
        if how == "away":
            raise Unavailable("mServer cannot be reached")
        for row in rows[: {"ok": len(rows), "done": len(rows), "half": len(rows) // 2}.get(how, 0)]:
            self.set(row)
        if how == "wrong":
            raise SettingError("mServer serves another accounting unit")
        lost = how in ("nothing", "done", "half")
        said = Written("unknown", note="ztraceno") if lost else Written("accepted")
        return [Written("refused", "101", "nemáte právo") if how == "refused" else said] * len(rows)

    def set(self, row: dict[Any, Any]) -> None:
        fields = {
            "amount": (AMOUNT_FIELD, decimal(row["new_amount"])),
            "count": (COUNT_FIELD, row["new_count"]),
            "paid": (PAID_FIELD, row["new_paid"]),
        }
        values = dict(fields[mark] for mark in self._marks)
        self.firm.apply(row["agenda"], row["document_id"], values)


def orders(count: int) -> MemoryUnit:
    return MemoryUnit({("received_order", n): f"26OP{n:05}" for n in range(1, count + 1)})


def of(firm: MemoryUnit, **more: Any) -> pd.DataFrame:
    """A change for each document of the firm."""
    return changes(*(change(key, number=number, **more) for key, number in firm.numbers.items()))


def outcomes(loaded: pd.DataFrame) -> list[str]:
    checked(LOADED, loaded)
    return loaded["outcome"].tolist()


def test_what_stands_afterwards_is_written_and_settled_with_its_outcome() -> None:
    firm, journal = orders(3), Notebook()
    writer = Hand(firm)
    loaded = load(of(firm), writer, firm.standing, journal)
    assert outcomes(loaded) == ["written"] * 3
    assert loaded["note"].isna().all()
    assert journal.outcomes == ["written"] * 3
    assert writer.sent == [[0, 1, 2]]


def test_nothing_to_change_asks_nobody() -> None:
    firm = orders(1)
    writer = Hand(firm, "away")
    assert outcomes(load(table(CHANGES), writer, firm.standing, Notebook())) == []
    assert writer.sent == []


def test_changes_go_in_batches_and_come_back_in_their_order() -> None:
    firm, journal = orders(25), Notebook()
    writer = Hand(firm, "ok", "refused")
    loaded = load(of(firm).iloc[::-1], writer, firm.standing, journal, batch_size=10)
    assert outcomes(loaded) == ["written"] * 10 + ["refused"] * 10 + ["written"] * 5
    assert loaded["number"].tolist() == of(firm)["number"].tolist()[::-1]
    assert list(map(len, writer.sent)) == [10, 10, 5]


def test_a_refusal_is_told_with_its_reason_and_number() -> None:
    firm = orders(1)
    loaded = load(of(firm), Hand(firm, "refused"), firm.standing, Notebook())
    assert loaded[["outcome", "note"]].to_numpy().tolist() == [["refused", "nemáte právo (101)"]]


def test_a_document_that_moved_meanwhile_is_left_as_it_is() -> None:
    firm, journal = orders(2), Notebook()
    firm.values["received_order", 1][COUNT_FIELD] = 7
    writer = Hand(firm)
    loaded = load(of(firm), writer, firm.standing, journal)
    assert outcomes(loaded) == ["left_out", "written"]
    assert loaded["note"][0] == MOVED
    assert firm.values["received_order", 1] == {COUNT_FIELD: 7}
    assert len(journal.intended) == 1


def test_a_document_that_is_gone_is_left_out() -> None:
    firm = orders(1)
    wanted = of(firm)
    loaded = load(wanted, Hand(firm), orders(0).standing, Notebook())
    assert (outcomes(loaded), loaded["note"][0]) == (["left_out"], GONE)


def test_marks_that_stand_already_are_not_sent_again() -> None:
    firm, journal = orders(2), Notebook()
    load(of(firm), Hand(firm), firm.standing, Notebook())
    writer = Hand(firm)
    loaded = load(of(firm), writer, firm.standing, journal)
    assert outcomes(loaded) == ["written"] * 2
    assert loaded["note"][0] == ALREADY
    assert (writer.sent, journal.intended) == ([], [])


def test_only_marks_that_the_writer_sets_are_compared() -> None:
    firm = orders(1)
    firm.values["received_order", 1] = {COUNT_FIELD: 7}
    writer = Hand(firm, marks=frozenset({"amount"}))
    assert outcomes(load(of(firm), writer, firm.standing, Notebook())) == ["written"]
    assert set(firm.values["received_order", 1]) == {AMOUNT_FIELD, COUNT_FIELD}


def test_a_lost_answer_after_the_effect_is_found_out_without_sending_again() -> None:
    firm, journal = orders(3), Notebook()
    writer = Hand(firm, "done")
    assert outcomes(load(of(firm), writer, firm.standing, journal)) == ["written"] * 3
    assert len(writer.sent) == 1
    assert journal.outcomes == ["written"] * 3


def test_what_was_lost_before_its_effect_is_sent_once_more_under_the_same_number() -> None:
    firm, journal = orders(4), Notebook()
    writer = Hand(firm, "half", "ok")
    assert outcomes(load(of(firm), writer, firm.standing, journal)) == ["written"] * 4
    assert writer.sent == [[0, 1, 2, 3], [2, 3]]
    assert len(journal.intended) == 4


def test_what_is_lost_twice_is_left_to_the_next_run() -> None:
    firm, journal = orders(2), Notebook()
    writer = Hand(firm, "nothing", "nothing")
    loaded = load(of(firm), writer, firm.standing, journal)
    assert outcomes(loaded) == journal.outcomes == ["unknown"] * 2
    assert loaded["note"][0] == "ztraceno"
    assert len(writer.sent) == 2
    assert outcomes(load(of(firm), Hand(firm), firm.standing, Notebook())) == ["written"] * 2


def test_a_lost_write_is_not_repeated_over_a_change_by_hand() -> None:
    firm = orders(1)
    writer = Hand(firm, "nothing")
    reads = iter([firm.standing, by_hand(firm), firm.standing])
    loaded = load(of(firm), writer, lambda batch: next(reads)(batch), Notebook())
    assert outcomes(loaded) == ["unknown"]
    assert len(writer.sent) == 1


def by_hand(firm: MemoryUnit) -> Any:
    """A reading just before which somebody changed the first document in Pohoda."""

    def standing(batch: pd.DataFrame) -> pd.DataFrame:
        firm.values["received_order", 1][COUNT_FIELD] = 7
        return firm.standing(batch)

    return standing


def test_a_yes_that_the_database_does_not_show_is_not_believed() -> None:
    firm = orders(1)
    loaded = load(of(firm), Hand(firm, "liar"), firm.standing, Notebook())
    assert (outcomes(loaded), loaded["note"][0]) == (["unknown"], NOT_SEEN)


def test_a_writer_that_is_away_changed_nothing_and_the_step_can_be_tried_again() -> None:
    firm, journal = orders(6), Notebook()
    writer = Hand(firm, "ok", "away")
    with pytest.raises(Unavailable):
        load(of(firm), writer, firm.standing, journal, batch_size=2)
    assert journal.outcomes == ["written"] * 2 + ["left_out"] * 2
    assert journal.settled[2][1] == NOT_REACHED
    again = load(of(firm), writer, firm.standing, journal, batch_size=2)
    assert outcomes(again) == ["written"] * 6


def test_a_writer_that_is_away_for_the_repetition_leaves_what_is_known() -> None:
    firm = orders(2)
    loaded = load(of(firm), Hand(firm, "half", "away"), firm.standing, Notebook())
    assert outcomes(loaded) == ["written", "unknown"]


def test_whatever_ends_the_run_every_intended_write_is_settled() -> None:
    firm, journal = orders(2), Notebook()
    with pytest.raises(SettingError):
        load(of(firm), Hand(firm, "wrong"), firm.standing, journal)
    assert journal.outcomes == ["unknown"] * 2


def test_a_database_that_fails_after_the_write_leaves_the_outcome_unknown() -> None:
    firm, journal = orders(1), Notebook()

    def failing(_: pd.DataFrame) -> pd.DataFrame:
        raise Unavailable("the database is locked")

    reads = iter([firm.standing, failing])
    with pytest.raises(Unavailable):
        load(of(firm), Hand(firm), lambda batch: next(reads)(batch), journal)
    assert journal.outcomes == ["unknown"]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from(["ok", "refused", "nothing", "done", "half", "away", "liar", "wrong"]), max_size=12),
    st.integers(1, 9),
    st.integers(1, 4),
    st.sets(st.integers(1, 9)),
)
def test_whatever_goes_wrong_running_again_comes_to_the_wanted_marks(
    plan: list[str], count: int, batch_size: int, moved: set[int]
) -> None:
    firm, journal = orders(count), Notebook()
    wanted = of(firm)
    for n in moved & set(range(1, count + 1)):
        firm.values["received_order", n][COUNT_FIELD] = 7
    writer = Hand(firm, *plan)
    for _ in range(len(plan) + 1):
        try:
            loaded = load(wanted, writer, firm.standing, journal, batch_size)
        except PohodaPaymentsError:
            continue
        for key, outcome in zip(firm.numbers, outcomes(loaded), strict=True):
            assert (outcome == "written") == (firm.values[key].get(COUNT_FIELD) == 1)
    for n in range(1, count + 1):
        assert firm.values["received_order", n][COUNT_FIELD] == (7 if n in moved else 1)
    assert set(journal.settled) == set(range(len(journal.intended)))


def test_ten_thousand_changes_go_through_mserver_in_a_hundred_requests() -> None:
    firm, memory, journal = orders(10_000), Memory(), Notebook()
    with open_mserver(firm, accepts_updates=True) as mserver:
        MServerWriter(unit_of(mserver), memory).ready()
        asked = len(mserver.import_requests)
        loaded = load(of(firm), MServerWriter(unit_of(mserver), memory), firm.standing, journal)
        assert set(outcomes(loaded)) == {"written"}
        assert len(mserver.import_requests) == asked + 100
        assert max(len(entry.body) for entry in mserver.log) < 100_000
        assert mserver.created == []


def test_memory_does_not_grow_with_the_number_of_batches() -> None:
    """A batch that is kept costs more than 40 kB, the results of one about 7 kB."""
    wanted = of(orders(5_000))
    used: list[int] = []

    def standing(batch: pd.DataFrame) -> pd.DataFrame:
        used.append(tracemalloc.get_traced_memory()[0])
        age = "old" if len(used) % 2 else "new"
        marks = {f"{age}_{mark}": f"marked_{mark}" for mark in ("amount", "count", "paid")}
        return batch[["agenda", "document_id", *marks]].rename(columns=marks)

    class Forgetful(Notebook):
        def intend(self, batch: pd.DataFrame) -> list[int]:
            return list(range(len(batch)))

    tracemalloc.start()
    try:
        loaded = load(wanted, Hand(MemoryUnit(), "liar", *["liar"] * 50), standing, Forgetful())
    finally:
        tracemalloc.stop()
    assert set(outcomes(loaded)) == {"written"}
    assert len(used) == 100
    assert (used[-1] - used[20]) / 40 < 12_000


def test_answers_lost_on_the_wire_end_in_the_right_marks_and_no_new_document() -> None:
    firm, memory, journal = orders(30), Memory(), Notebook()
    with open_mserver(firm, accepts_updates=True) as mserver:
        writer = MServerWriter(unit_of(mserver), memory)
        writer.ready()
        mserver.faults.then(LOST)
        loaded = load(of(firm), writer, firm.standing, journal)
        assert outcomes(loaded) == ["written"] * 30
        writer.ready()
        mserver.faults.then(REFUSED)
        more = load(of(firm, amount=200, **old(firm)), writer, firm.standing, journal)
        assert outcomes(more) == ["written"] * 30
        assert mserver.created == []


def old(firm: MemoryUnit) -> dict[str, Any]:
    """The marks that stand now, as the old values of the next changes."""
    standing = firm.standing(of(firm))
    return {f"old_{mark}": standing[f"marked_{mark}"][0] for mark in ("amount", "count", "paid")}
