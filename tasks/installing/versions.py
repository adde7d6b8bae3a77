"""
Versions of the product side by side: each a folder with its code and its own packages, so going back is quick.

A new version comes as a folder or a zip file as it is delivered. Its packages are installed from its own
requirements.lock with hashes.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from tasks.errors import SettingError
from tasks.installing.home import WINDOWS, Version
from tasks.ledger.safekeeping import make_privately

LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis")
LARGEST_DELIVERY = 500_000_000
"""Bytes that a zip file may unpack to."""
NUMBER = re.compile(r"[0-9A-Za-z]+(?:[.+-][0-9A-Za-z]+)*")
PARTS = ("pyproject.toml", "requirements.lock", "prefect.yaml", "flows", "tasks", "blocks")


def here(project: Path) -> Version:
    """The version that is running this very program."""
    return Version(
        number=number_of(project),
        folder=project,
        python=Path(sys.executable),
        since=dt.datetime.now(dt.UTC),
    )


def number_of(folder: Path) -> str:
    """The number of the version in a folder. Raises SettingError when it holds none."""
    missing = [part for part in PARTS if not (folder / part).exists()]
    if missing:
        raise SettingError(
            "This is not a version of the product",
            evidence=f"{folder} has no {', '.join(missing)}",
            next_step="name the folder or the zip file as it was delivered",
        )
    try:
        told = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        number = str(told["project"]["version"])
    except (ValueError, KeyError, TypeError):
        number = ""
    # It becomes the name of a folder.
    if not NUMBER.fullmatch(number):
        raise SettingError(
            "The delivered version has no number that can be used",
            evidence=f"{folder / 'pyproject.toml'}: {number[:20]!r}",
            next_step="fetch it again; the number is digits, letters and single dots, such as 0.2.0",
        )
    return number


def placed(source: Path, home: Path, current: Version) -> Version:
    """A delivered version, put in its place under the home folder with all its packages installed.

    What was placed before under the same number is replaced, unless it is the current one. Raises SettingError
    when it cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix="pohoda-payments-") as scratch:
        delivered = unpacked(source, Path(scratch))
        number = number_of(delivered)
        place = home / "versions" / number
        if place == current.folder:
            raise SettingError(
                "This version is the one that is installed",
                evidence=f"version {number}",
                next_step="give the delivered version another number in its pyproject.toml",
            )
        half = place.with_name(number + ".new")
        for old in (half, place):
            if old.exists():
                shutil.rmtree(old)
        shutil.copytree(delivered, half, ignore=LEFT_OUT)
    half.replace(place)
    return Version(number=number, folder=place, python=with_packages(place), since=dt.datetime.now(dt.UTC))


def unpacked(source: Path, scratch: Path) -> Path:
    """The folder with the version that was delivered. Raises SettingError for a zip file that cannot be right."""
    if source.is_dir():
        return source
    try:
        with zipfile.ZipFile(source) as delivery:
            if sum(one.file_size for one in delivery.infolist()) > LARGEST_DELIVERY:
                raise zipfile.BadZipFile("it unpacks to more than any version of the product")
            if any(_leads_out(one) for one in delivery.infolist()):
                raise zipfile.BadZipFile("it holds links, or files for other folders than its own")
            delivery.extractall(scratch)
    except (OSError, zipfile.BadZipFile) as error:
        raise SettingError(
            "The delivered version cannot be unpacked",
            evidence=f"{source}: {error}",
            next_step="fetch it again, or name the folder that it was unpacked to",
        ) from None
    inside = [scratch, *(one for one in scratch.iterdir() if one.is_dir())]
    return next((one for one in inside if (one / "pyproject.toml").is_file()), scratch)


def _leads_out(member: zipfile.ZipInfo) -> bool:
    """Whether a member of a zip file is a link, or is named into another folder; no delivery of ours has such."""
    # Windows takes both slashes, and a colon begins a disk there or a hidden stream of a file.
    name = member.filename.replace("\\", "/")
    return (
        name.startswith("/") or ":" in name or ".." in name.split("/") or stat.S_ISLNK(member.external_attr >> 16)
    )


def with_packages(folder: Path) -> Path:
    """The interpreter of a new environment in the folder, with exactly the packages of its lock."""
    environment = folder / ".venv"
    python = environment / ("Scripts/python.exe" if WINDOWS else "bin/python")
    lock = folder / "requirements.lock"
    for command in (
        [sys.executable, "-m", "venv", str(environment)],
        [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)],
    ):
        done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603
        if done.returncode:
            told = done.stderr.decode("utf-8", "replace").strip().splitlines()
            told = [line for line in told if line.startswith("ERROR")] or told[-3:]
            raise SettingError(
                "The packages of the new version cannot be installed; the present one stays as it is",
                evidence=" ".join(told)[:400],
                next_step="check that this machine reaches its package index, then run the update again",
            )
    return python


def copied(files: Iterable[Path], folder: Path, before: str) -> list[Path]:
    """Consistent copies of databases that are files, made while they may be in use, named by the coming version.

    Only their owner may read them, as is the case with the databases themselves.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    moment = dt.datetime.now(dt.UTC)
    made: list[Path] = []
    for file in files:
        copy = folder / f"{file.stem}-before-{before}-{moment:%Y%m%dT%H%M%S%f}.db"
        make_privately(copy)
        poured(file, copy)
        made.append(copy)
    return made


def poured(source: Path, target: Path) -> None:
    """Put the contents of one SQLite database in the place of another's, all of it or nothing."""
    with closing(sqlite3.connect(source)) as full, closing(sqlite3.connect(target)) as filled:
        full.backup(filled)
