"""A folder of advices: what is new or changed is read once, what is being written waits, nothing is touched."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

import pytest

from blocks.csob import CsobAccount
from tasks.days import ONE_DAY, Days, prague_day
from tasks.errors import SettingError
from tasks.provider import ByPeriod
from tasks.providers.csob import Csob
from tests.providers.csob.memory import SOURCE, Kept
from tests.providers.csob.samples import sample

TODAY = prague_day(dt.datetime.now(dt.UTC))
YESTERDAY = TODAY - ONE_DAY
RECENT = Days(YESTERDAY - ONE_DAY, TODAY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two advices in a folder and its subfolder, both written long ago."""
    put(tmp_path / "in" / "AV_1.BBF", sample("domestic"))
    put(tmp_path / "in" / "2026" / "whatever.txt", sample("foreign"))
    return tmp_path / "in"


def put(path: Path, data: bytes, *, seconds_ago: float = 7200) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    moment = dt.datetime.now(dt.UTC).timestamp() - seconds_ago
    os.utime(path, (moment, moment))
    return path


def provider(folder: Path, kept: Kept, **settings: Any) -> Csob:
    return Csob(CsobAccount(contract=1234567, way="folder", folder=str(folder), **settings), kept)


def test_it_is_a_provider_asked_by_period(folder: Path) -> None:
    csob = provider(folder, Kept())
    assert isinstance(csob, ByPeriod)
    assert (csob.source, csob.reach, csob.overlap) == (SOURCE, None, 0)
    assert csob.split(RECENT) == [RECENT]
    assert csob.expiries(TODAY) == []


def test_payments_stay_the_same_ones_when_the_bank_gives_the_contract_another_number(folder: Path) -> None:
    block = CsobAccount(contract=7654321, first_contract=1234567, way="folder", folder=str(folder))
    assert Csob(block, Kept()).source == SOURCE


def test_every_file_is_read_once_and_stays_where_it_is(folder: Path) -> None:
    kept = Kept()
    csob = provider(folder, kept)
    assert [kept.run(csob, RECENT), kept.run(csob, RECENT)] == [2, 0]
    assert len(kept.payments) == 6
    assert (folder / "AV_1.BBF").read_bytes() == sample("domestic")


def test_a_changed_file_is_read_again_and_a_renamed_or_copied_one_is_not(folder: Path) -> None:
    kept = Kept()
    kept.run(provider(folder, kept), RECENT)
    (folder / "AV_1.BBF").rename(folder / "AV_2.BBF")
    put(folder / "copy.BBF", sample("domestic"))
    assert kept.run(provider(folder, kept), RECENT) == 0
    put(folder / "AV_2.BBF", sample("domestic") + sample("mixed"))
    assert kept.run(provider(folder, kept), RECENT) == 1
    assert len(kept.payments) == 13


def test_a_file_that_was_written_just_now_waits(folder: Path) -> None:
    kept = Kept()
    put(folder / "AV_9.BBF", advice(TODAY))
    put(folder / "new.BBF", sample("mixed"), seconds_ago=1)
    assert kept.run(provider(folder, kept), RECENT) == 3
    assert kept.notes == ["files_unfinished"]
    assert kept.covered == set()
    put(folder / "new.BBF", sample("mixed"), seconds_ago=60)
    assert kept.run(provider(folder, kept), RECENT) == 1
    assert kept.covered == {YESTERDAY - ONE_DAY, YESTERDAY}


def advice(booked: dt.date, made: dt.date | None = None) -> bytes:
    """An advice of one payment, booked on one day and made on the same or another."""
    texts = (f"{made or booked:%Y%m%d}".encode(), f"{booked:%Y%m%d}".encode())
    lines = sample("domestic").split(b"\r\n")
    head = lines[1].replace(b"20260112", texts[0])
    return b"\r\n".join([lines[0], head, lines[2].replace(b"20260112", texts[1]), *lines[5:]])


LONG = Days(TODAY - 30 * ONE_DAY, TODAY)


@pytest.mark.parametrize(("booked", "made"), [(9, 9), (9, 12), (12, 9)])
def test_days_are_complete_only_as_far_as_advices_speak(tmp_path: Path, booked: int, made: int) -> None:
    put(tmp_path / "1.BBF", advice(TODAY - booked * ONE_DAY, TODAY - made * ONE_DAY))
    kept = Kept()
    kept.run(provider(tmp_path, kept), LONG)
    assert kept.covered == set(Days(LONG.first, TODAY - 9 * ONE_DAY))


def test_a_folder_that_is_no_longer_filled_gets_no_further_and_goes_on_with_the_next_advice(
    tmp_path: Path,
) -> None:
    kept = Kept()
    put(tmp_path / "1.BBF", advice(TODAY - 20 * ONE_DAY))
    for days in (LONG, Days(TODAY - 10 * ONE_DAY, TODAY), RECENT):
        kept.run(provider(tmp_path, kept), days)
    assert max(kept.covered) == TODAY - 20 * ONE_DAY
    put(tmp_path / "0.BBF", advice(TODAY - 25 * ONE_DAY))
    kept.run(provider(tmp_path, kept), LONG)
    assert max(kept.covered) == TODAY - 20 * ONE_DAY
    put(tmp_path / "2.BBF", advice(TODAY))
    kept.run(provider(tmp_path, kept), LONG)
    assert kept.covered == set(Days(LONG.first, YESTERDAY))


def test_a_folder_without_any_advice_covers_nothing(tmp_path: Path) -> None:
    put(tmp_path / "statement.txt", b"something else")
    kept = Kept()
    kept.run(provider(tmp_path, kept), LONG)
    assert kept.covered == set()


def test_a_day_yet_to_come_says_nothing_about_those_before_it(tmp_path: Path) -> None:
    put(tmp_path / "1.BBF", advice(TODAY - 9 * ONE_DAY, TODAY + 400 * ONE_DAY))
    put(tmp_path / "2.BBF", advice(TODAY - 9 * ONE_DAY).replace(b"ADVMUL 01", b"ADVMUL 01no-date!"))
    kept = Kept()
    kept.run(provider(tmp_path, kept), LONG)
    assert max(kept.covered) == TODAY - 9 * ONE_DAY


def test_an_advice_without_its_end_waits_an_hour_and_is_then_told(folder: Path) -> None:
    kept = Kept()
    half = sample("mixed")[:2000]
    put(folder / "half.BBF", half, seconds_ago=1800)
    assert kept.run(provider(folder, kept), RECENT) == 2
    assert not kept.faults
    put(folder / "half.BBF", half, seconds_ago=4000)
    assert kept.run(provider(folder, kept), RECENT) == 1
    assert "LOCK" in kept.faults[-1]
    put(folder / "half.BBF", sample("mixed"))
    kept.run(provider(folder, kept), RECENT)
    assert len(kept.payments) == 13


def test_hidden_temporary_and_empty_files_are_not_looked_at(folder: Path) -> None:
    for name in (".hidden.BBF", "~half.BBF", "AV.BBF.tmp", "AV.part"):
        put(folder / name, sample("mixed"))
    put(folder / "empty.BBF", b"")
    assert Kept().run(provider(folder, Kept()), RECENT) == 2


def test_files_go_to_the_archive_when_that_is_asked_for_and_only_after_they_were_recorded(folder: Path) -> None:
    kept, archive = Kept(), folder.parent / "read"
    put(archive / "AV_1.BBF", b"another file of the same name")
    csob = provider(folder, kept, archive=str(archive))
    kept.run(csob, RECENT)
    assert (folder / "AV_1.BBF").exists()
    kept.run(csob, RECENT)
    assert not list(folder.rglob("*.BBF"))
    assert (archive / "AV_1 (1).BBF").read_bytes() == sample("domestic")
    assert (archive / "2026" / "whatever.txt").read_bytes() == sample("foreign")
    assert kept.run(csob, RECENT) == 0


def test_a_day_read_before_is_read_again_when_it_is_asked_for(folder: Path) -> None:
    kept = Kept()
    put(folder / "AV_1.BBF", sample("domestic"), seconds_ago=2 * 86400)
    csob = provider(folder, kept)
    kept.run(csob, RECENT)
    before = dict(kept.payments)
    assert kept.run(csob, Days(TODAY - 3 * ONE_DAY, YESTERDAY)) >= 1
    assert kept.payments == before
    assert kept.run(csob, Days(TODAY - 30 * ONE_DAY, TODAY - 20 * ONE_DAY)) == 0


def test_a_foreign_payment_whose_halves_are_read_by_two_runs_is_one(tmp_path: Path) -> None:
    lines = sample("foreign").split(b"\r\n")
    booking, details = (
        [line for n, line in enumerate(lines) if n != 3],
        [line for n, line in enumerate(lines) if n != 2],
    )
    kept = Kept()
    put(tmp_path / "1.BBF", b"\r\n".join(booking))
    kept.run(provider(tmp_path, kept), RECENT)
    put(tmp_path / "2.BBF", b"\r\n".join(details))
    kept.run(provider(tmp_path, kept), RECENT)
    assert kept.payments == Kept().read(sample("foreign")).payments


def test_a_folder_that_is_not_there_is_a_setting_to_mend(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="folder"):
        provider(tmp_path / "none", Kept()).extract(RECENT)


def test_a_file_that_another_program_holds_waits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept()
    genuine = Path.read_bytes

    def held(path: Path) -> bytes:
        if path.name == "AV_1.BBF":
            raise PermissionError(path)
        return genuine(path)

    monkeypatch.setattr(Path, "read_bytes", held)
    assert kept.run(provider(folder, kept), RECENT) == 1
    assert kept.notes == ["files_unfinished"]
    monkeypatch.undo()
    assert kept.run(provider(folder, kept), RECENT) == 1


def test_a_link_that_leads_nowhere_is_not_looked_at(folder: Path) -> None:
    try:
        (folder / "gone.BBF").symlink_to(folder / "nothing.BBF")
    except OSError:
        pytest.skip("this user may not make links")
    assert Kept().run(provider(folder, Kept()), RECENT) == 2
