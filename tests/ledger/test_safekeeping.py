"""A ledger that is damaged or gone comes back from its own copy, and still knows which marks are its own."""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tasks.errors import SettingError, Unavailable
from tasks.ledger import Ledger, safekeeping
from tasks.ledger.safekeeping import DAYS_KEPT, copies, folder_of, keep
from tasks.tables import SETTLED, table
from tests.ledger.samples import DAY, NOON, SOURCE, change, changes, delivery, incoming

UNIT = "12345678"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def opened(file: Path) -> Ledger:
    return Ledger.open(f"sqlite:///{file.as_posix()}")


def record(file: Path, *payment_ids: str) -> None:
    with opened(file) as ledger:
        ledger.record(SOURCE, delivery(*map(incoming, payment_ids), covered=(DAY,)), run="one", at=NOON)


def mark(file: Path, *numbers: str) -> None:
    with opened(file) as ledger:
        journal = ledger.journal(unit=UNIT, run="one", writer="mserver")
        journal.settle(
            journal.intend(changes(*map(change, numbers))), ["written"] * len(numbers), [""] * len(numbers)
        )


def settle(file: Path, name: str, state: str) -> None:
    """Let one payment go to be settled, of which this is known then."""
    sending = {
        "id": name,
        "agenda": "issued_invoice",
        "document": name,
        "source": SOURCE,
        "payment_id": name,
        "amount": 100,
        "before": 0,
        "state": "sent",
    }
    with opened(file) as ledger:
        ledger.settlements(unit=UNIT, run="one").intend(table(SETTLED, [sending]))
        ledger.settle({name: state})


def copy_now(file: Path) -> None:
    """Let the day's copy be made of what is there now, as if the day had begun after it."""
    for copy in copies(file):
        copy.unlink()
    opened(file).close()


def damage(file: Path) -> bytes:
    """Overwrite the file's pages, all but the first, as a dying disk does."""
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    return file.read_bytes()


def payment_ids(file: Path) -> list[str]:
    with opened(file) as ledger:
        return sorted(ledger.payments()["payment_id"])


def test_the_first_opening_of_a_day_makes_one_copy(file: Path) -> None:
    record(file, "1")
    copy_now(file)
    record(file, "2")
    [copy] = copies(file)
    assert copy.stem == f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"
    assert payment_ids(copy) == ["1"]


def test_old_copies_go_but_the_two_newest_stay(file: Path) -> None:
    record(file, "1")
    for days in (0, 1, 2, DAYS_KEPT, DAYS_KEPT + 5):
        keep(file, NOON + dt.timedelta(days=days))
    first = NOON.date() + dt.timedelta(days=5)
    assert min(copy.stem for copy in copies(file)) == str(first + dt.timedelta(days=DAYS_KEPT - 5))
    keep(file, NOON + dt.timedelta(days=500))
    assert len(copies(file)) == 2


def test_copies_together_stay_below_a_bound(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safekeeping, "MOST_BYTES", 1)
    record(file, "1")
    for days in range(5):
        keep(file, NOON + dt.timedelta(days=days))
    assert len(copies(file)) == 2


def test_a_copy_that_cannot_be_made_stops_nobody(file: Path) -> None:
    folder_of(file).write_text("in the way")
    record(file, "1")
    assert payment_ids(file) == ["1"]


def test_a_damaged_ledger_comes_back_from_its_copy_and_is_kept_aside(file: Path) -> None:
    record(file, "1")
    copy_now(file)
    record(file, "2")
    broken = damage(file)
    assert payment_ids(file) == ["1"]
    with opened(file) as ledger:
        restored = ledger.restored()
    assert restored is not None
    assert (Path(restored.aside) / file.name).read_bytes() == broken


def test_a_ledger_that_is_gone_comes_back_from_its_copy(file: Path) -> None:
    record(file, "1")
    copy_now(file)
    file.unlink()
    assert payment_ids(file) == ["1"]
    file.write_bytes(b"")
    assert payment_ids(file) == ["1"]


def test_an_older_copy_serves_where_the_newest_is_damaged_too(file: Path) -> None:
    record(file, "1")
    copy_now(file)
    keep(file, dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
    damage(copies(file)[0])
    damage(file)
    assert payment_ids(file) == ["1"]


def test_without_a_whole_copy_nothing_is_moved_and_a_person_is_asked(file: Path) -> None:
    record(file, "1")
    broken = damage(file)
    for copy in copies(file):
        copy.write_bytes(b"nothing of use" * 400)
    with pytest.raises(SettingError, match="restore the file from a backup"):
        opened(file)
    assert file.read_bytes() == broken


def test_writes_since_the_copy_are_still_known_as_ours(file: Path) -> None:
    mark(file, "A")
    copy_now(file)
    mark(file, "B", "C")
    with opened(file) as ledger:
        before = ledger.marked(UNIT)
    damage(file)
    with opened(file) as ledger:
        assert ledger.marked(UNIT).equals(before)
        restored = ledger.restored()
        again = ledger.journal(unit=UNIT, run="two", writer="mserver").intend(changes(change("D")))
    assert restored is not None
    assert restored.writes == 2
    assert again == [4]


def test_a_write_that_was_on_its_way_stays_one_of_which_nobody_knows(file: Path) -> None:
    copy_now(file)
    with opened(file) as ledger:
        ledger.journal(unit=UNIT, run="one", writer="mserver").intend(changes(change("A")))
    damage(file)
    with opened(file) as ledger:
        assert ledger.marked(UNIT)["confirmed"].tolist() == [False]


def test_settlements_since_the_copy_are_known_and_what_came_of_those_before_it(file: Path) -> None:
    settle(file, "before", "sent")
    copy_now(file)
    with opened(file) as ledger:
        ledger.settle({"before": "settled"})
    settle(file, "since", "not_settled")
    settle(file, "since", "sent")
    with opened(file) as ledger:
        before = ledger.settled(UNIT)
    damage(file)
    with opened(file) as ledger:
        assert ledger.settled(UNIT).equals(before)
        with pytest.raises(ValueError, match="before"):
            ledger.settlements(unit=UNIT, run="two").intend(before.assign(state="sent").astype({"state": "str"}))
    assert before["state"].tolist() == ["settled", "sent"]


def test_a_note_that_broke_off_spoils_no_other(file: Path) -> None:
    mark(file, "A")
    [noted] = folder_of(file).glob("writes-*")
    with noted.open("a") as broken:
        broken.write('{"id": 7, "unit": "1234')
    mark(file, "B")
    damage(file)
    with opened(file) as ledger:
        assert sorted(ledger.marked(UNIT)["number"]) == ["A", "B"]


def test_a_copy_by_a_clock_that_ran_ahead_is_not_taken_for_the_newest(file: Path) -> None:
    mark(file, "A")
    keep(file, dt.datetime.now(dt.UTC) + dt.timedelta(days=400))
    record(file, "1")
    mark(file, "B")
    assert [copy.stem for copy in copies(file)] == [f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"]
    damage(file)
    with opened(file) as ledger:
        assert sorted(ledger.marked(UNIT)["number"]) == ["A", "B"]


def test_nothing_is_sent_that_cannot_be_noted_twice(file: Path) -> None:
    with opened(file) as ledger:
        for days in (0, 1):  # should midnight come just now
            today = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
            (folder_of(file) / f"writes-{today:%Y-%m-%d}.jsonl").mkdir()
        with pytest.raises(SettingError, match="could not be noted"):
            ledger.journal(unit=UNIT, run="one", writer="mserver").intend(changes(change("A")))


def test_damage_found_while_working_is_mended_by_whoever_opens_next(file: Path) -> None:
    record(file, *map(str, range(2000)))
    copy_now(file)
    with opened(file) as ledger:
        damage(file)
        with pytest.raises(SettingError, match="damaged"):
            ledger.payments()
    assert len(payment_ids(file)) == 2000


def test_days_since_the_copy_are_fetched_again_with_all_their_late_bookings(file: Path) -> None:
    record(file, "1")
    copy_now(file)
    with opened(file) as ledger:
        assert ledger.day_of_copy(SOURCE) is None
    damage(file)
    with opened(file) as ledger:
        assert ledger.day_of_copy(SOURCE) == dt.datetime.now(dt.UTC).date()
        ledger.record(SOURCE, delivery(incoming("2")), run="two", at=dt.datetime.now(dt.UTC))
        assert ledger.day_of_copy(SOURCE) is None


@pytest.mark.skipif(sys.platform == "win32", reason="there a file in use cannot be moved, which is told")
def test_whoever_worked_on_the_damaged_file_stops_before_writing(file: Path) -> None:
    record(file, "1")
    with opened(file) as first, first.lease(UNIT, "first", wait_seconds=1) as lease:
        lease.check()
        damage(file)
        opened(file).close()
        with pytest.raises(Unavailable, match="lost to another run"):
            lease.check()


def test_several_who_find_the_damage_at_once_restore_it_once(file: Path) -> None:
    record(file, "1")
    copy_now(file)
    damage(file)
    with ThreadPoolExecutor(4) as at_once:
        seen = [future.result() for future in [at_once.submit(payment_ids, file) for _ in range(4)]]
    assert seen == [["1"]] * 4
    assert len(list(folder_of(file).glob("damaged-*"))) == 1


def test_a_restoring_that_died_halfway_is_taken_over(file: Path) -> None:
    record(file, "1")
    copy_now(file)
    damage(file)
    for left in (".restoring", ".restoring.tmp"):
        (folder_of(file) / left).write_bytes(b"")
    long_ago = time.time() - 3600
    os.utime(folder_of(file) / ".restoring", (long_ago, long_ago))
    assert payment_ids(file) == ["1"]


@pytest.mark.skipif(os.name == "nt", reason="rights of files are not POSIX's here")
def test_copies_notes_and_what_is_restored_are_for_their_owner_alone(file: Path) -> None:
    record(file, "1")
    copy_now(file)
    mark(file, "260100001")
    damage(file)
    assert payment_ids(file) == ["1"]
    assert folder_of(file).stat().st_mode & 0o077 == 0
    for made in (file, *copies(file)):
        assert made.stat().st_mode & 0o077 == 0, made
