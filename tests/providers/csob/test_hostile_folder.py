"""Whatever somebody puts into the folder of advices, the others are read, and it is told in harmless words."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path

import pytest

from tasks.providers.csob import folder as folders
from tests.attacks import FORGED, MARKUP
from tests.planted import found_in
from tests.providers.csob.memory import Kept
from tests.providers.csob.samples import sample
from tests.providers.csob.test_folder import RECENT, provider, put

GOOD = 2
"""Payments of the good advice that lies beside."""


def read(folder: Path, kept: Kept | None = None) -> Kept:
    """What comes of a run over the folder with a good advice in it beside all else."""
    put(folder / "good.BBF", sample("domestic"))
    made = kept or Kept()
    made.run(provider(folder, made), RECENT)
    assert len(made.payments) >= GOOD
    return made


def told(kept: Kept) -> str:
    return str([kept.faults, kept.notes])


def archive(data: bytes, name: str = "a.BBF", how: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as packed:
        packed.writestr(name, data)
    return made.getvalue()


def spoilt(packed: bytes) -> bytes:
    """The archive with the packed bytes of its first member replaced, its directory whole."""
    name, extra = struct.unpack("<HH", packed[26:30])
    begin = 30 + name + extra
    return packed[:begin] + b"\xff" * 20 + packed[begin + 20 :]


@pytest.mark.skipif(os.name == "nt", reason="such names cannot be there")
@pytest.mark.parametrize(
    "name",
    [
        os.fsencode(MARKUP.replace("/", "\\") + ".BBF"),
        FORGED.encode() + b".BBF",
        b"..\\..\\x.BBF",
        b"=cmd|' C'!A0.BBF",
        b"\xff\xfe no text.BBF",
        b"a" * 251 + b".BBF",
    ],
    ids=["markup", "lines", "path", "formula", "no text", "long"],
)
@pytest.mark.parametrize("good", [True, False], ids=["advice", "none"])
def test_a_strange_name_does_no_harm(tmp_path: Path, name: bytes, good: bool) -> None:
    put(tmp_path / os.fsdecode(name), sample("mixed") if good else b"something else entirely, in many words")
    kept = read(tmp_path)
    assert FORGED not in told(kept)
    # What is remembered and told goes to a database and to a page, which take no half of a character.
    str([kept.cursors, told(kept)]).encode()


@pytest.mark.parametrize("how", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_archive_is_told_and_the_others_are_read(tmp_path: Path, how: int) -> None:
    put(tmp_path / "bad.zip", spoilt(archive(sample("mixed"), how=how)))
    assert "archiv nelze rozbalit" in told(read(tmp_path))


def test_an_archive_that_unpacks_to_more_than_any_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.providers.csob.reading.LARGEST_UNPACKED", 1_000_000)
    put(tmp_path / "bomb.zip", archive(b"0" * 2_000_000))
    assert "archiv nelze rozbalit" in told(read(tmp_path))


def test_an_archive_that_lies_about_its_size_unpacks_to_no_more_than_it_says(tmp_path: Path) -> None:
    packed = archive(b"0" * 2_000_000)
    put(tmp_path / "liar.zip", packed.replace(struct.pack("<L", 2_000_000), struct.pack("<L", 100)))
    assert "archiv nelze rozbalit" in told(read(tmp_path))


def test_names_inside_an_archive_are_only_names(tmp_path: Path) -> None:
    outside = tmp_path.parent / "evil.BBF"
    put(tmp_path / "up.zip", archive(sample("mixed"), name="../evil.BBF"))
    put(tmp_path / "lines.zip", archive(b"no advice at all", name=f"x{FORGED}.txt"))
    kept = read(tmp_path)
    assert not outside.exists()
    assert FORGED not in told(kept)


def test_a_file_too_large_to_be_an_advice_is_told_and_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "huge.BBF").open("wb") as huge:
        huge.truncate(10 * 1024**3)
    genuine = Path.read_bytes

    def bounded(path: Path) -> bytes:
        assert path.stat().st_size <= folders.LARGEST
        return genuine(path)

    monkeypatch.setattr(Path, "read_bytes", bounded)
    assert "huge.BBF" in told(read(tmp_path))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.BBF")
    read(tmp_path)


def test_a_link_out_of_the_folder_shows_nothing_of_what_it_leads_to(tmp_path: Path) -> None:
    secret = put(tmp_path / "outside" / "secret.txt", b"root:velmi-tajne-heslo:0:0 " * 20)
    (tmp_path / "in").mkdir()
    try:
        (tmp_path / "in" / "link.BBF").symlink_to(secret)
        (tmp_path / "in" / "up").symlink_to(tmp_path, target_is_directory=True)
    except OSError:
        pytest.skip("this user may not make links")
    kept = read(tmp_path / "in")
    assert found_in(f"{told(kept)} {kept.cursors}", ["velmi-tajne", "root:"]) == []
