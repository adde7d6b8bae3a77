"""A disk that is full under the ledger and its copies: told, and made up for once there is room again."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.cells import TOLD, Scene, goes_on, outcome, reference, standing, true_between
from tests.faults.opening import anything_may_fail
from tests.faults.stage import open_stage

GOPAY = Scene("gopay")
LEFT_OUT = "only root can mount the small disk that is to be full"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None:
        pytest.skip(LEFT_OUT)
    command = [mount, "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(mounted)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip(LEFT_OUT)
    try:
        yield mounted
    finally:
        subprocess.run([umount, "-l", str(mounted)], check=True)


def test_a_disk_that_runs_full_wherever_a_run_stands_is_told(prefect: None, tmp_path: Path, disk: Path) -> None:
    with open_stage(tmp_path / "stage", ledger_folder=disk) as stage, anything_may_fail(stage):
        right = reference(stage, GOPAY)
        needed = shutil.disk_usage(disk).used
        for percent in (0, 30, 60, 90):
            stage.set()
            before = standing(stage, GOPAY)
            fill(disk, room=needed * percent // 100)
            state = stage.run("gopay")
            between = true_between(stage, GOPAY, right, before)
            assert outcome(state, between == right.standing, struck=True) == TOLD, percent
            (disk / "ballast").unlink()
            goes_on(stage, GOPAY, right)


def fill(disk: Path, room: int) -> None:
    """Leave just so many bytes free on the disk."""
    (disk / "ballast").write_bytes(bytes(shutil.disk_usage(disk).free - room))
