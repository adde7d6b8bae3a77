"""What a service that runs for years leaves behind."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows import service


@pytest.fixture
def output(tmp_path: Path) -> Iterator[int]:
    opened = os.open(tmp_path / "worker.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    yield opened
    os.close(opened)


def test_the_log_of_a_service_begins_anew_while_it_runs(
    output: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, old = tmp_path / "worker.log", tmp_path / "worker.old.log"
    monkeypatch.setattr(service, "LARGEST_LOG", 20)
    os.write(output, b"the first lines\n")
    service.begin_anew(log, output)
    assert not old.exists()
    os.write(output, b"and more\n")
    service.begin_anew(log, output)
    os.write(output, b"the next lines\n")
    assert old.read_bytes() == b"the first lines\nand more\n"
    assert log.read_bytes() == b"the next lines\n"
    os.write(output, b"and again\n")
    service.begin_anew(log, output)
    assert (old.read_bytes(), log.read_bytes()) == (b"the next lines\nand again\n", b"")


def test_a_log_that_cannot_be_copied_is_looked_at_again_later(
    output: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    def slept(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(service, "LARGEST_LOG", 1)
    monkeypatch.setattr(service.time, "sleep", slept)
    (tmp_path / "worker.old.log").mkdir()
    os.write(output, b"more than one byte")
    with pytest.raises(KeyboardInterrupt):
        service.keep_small(tmp_path / "worker.log", output)
    assert looks == [service.LOOK_SECONDS] * 2
