"""Whatever the bytes of a file: records and faults that say where; never a crash, nothing lost in silence."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.provider import Fault
from tasks.providers.csob import records
from tasks.providers.csob.bbf import is_complete, parse
from tasks.providers.csob.columns import Amount, Code, Column, Day, Piece, Symbol, Text, read
from tasks.providers.csob.layout import CURRENCY
from tasks.providers.csob.reading import File, Reading, delivery
from tasks.providers.csob.records import DETAIL, MOVEMENT, Record, sort_lines
from tests.providers.csob.samples import sample


def put(data: bytes, line: int, first: int, text: bytes) -> bytes:
    """The file with these bytes in one of its lines; lines and columns count from 1."""
    lines = data.split(b"\r\n")
    old = lines[line - 1]
    lines[line - 1] = old[: first - 1] + text + old[first - 1 + len(text) :]
    return b"\r\n".join(lines)


@pytest.mark.parametrize(
    ("first", "text", "place", "cause"),
    [
        (173, b"20260231", "sloupce 173–180", "takový den neexistuje"),
        (173, b"        ", "sloupce 173–180", "povinný údaj chybí"),
        (165, b"2026011a", "sloupce 165–172", "takový den neexistuje"),
        (192, b"00000001210X.00", "sloupce 191–206", "částka není číslo"),
        (189, b"X ", "sloupce 189–190", "neznámý příznak směru platby"),
        (207, b"Kc ", "sloupce 207–209", "měna není trojice velkých písmen"),
        (311, b"20260O0123", "sloupce 311–320", "symbol není číslo"),
        (300, b"\x07", "sloupec 300", "řídicí znak"),
        (300, b"\x7f", "sloupec 300", "řídicí znak"),
        (300, b"\r", "sloupec 300", "řídicí znak"),
        (99, b" " * 34, "sloupce 99–132", "povinný údaj chybí"),
        (10, b"UNKNOW", "sloupce 10–18", "neznámý druh záznamu"),
    ],
)
def test_a_damaged_record_is_told_with_its_place_and_the_rest_goes_on(
    first: int, text: bytes, place: str, cause: str
) -> None:
    advices = parse(put(sample("domestic"), 4, first, text), "a.BBF")
    assert [(fault.record, fault.cause) for fault in advices.faults] == [(f"a.BBF, řádek 4, {place}", cause)]
    assert advices.movements["bank_reference"].tolist() == ["1501", "1503"]
    assert text.decode("cp1250") in advices.faults[0].raw


def test_a_short_line_is_damaged_only_when_columns_that_are_never_blank_are_gone() -> None:
    lines = sample("domestic").split(b"\r\n")
    lines[2], lines[3] = lines[2][:226], lines[3][:225]
    advices = parse(b"\r\n".join(lines), "a.BBF")
    assert [fault.cause for fault in advices.faults] == ["řádek je příliš krátký"]
    assert advices.movements["bank_reference"].tolist() == ["1501", "1503"]
    assert advices.movements["variable_symbol"].tolist() == [0, 2026000124]


def test_a_line_that_goes_on_behind_its_columns_is_damaged_unless_it_is_blank_there() -> None:
    lines = sample("domestic").split(b"\r\n")
    lines[2] += b"   "
    lines[3] += b"   x"
    advices = parse(b"\r\n".join(lines), "a.BBF")
    assert [fault.record for fault in advices.faults] == ["a.BBF, řádek 4, sloupce 549–552"]
    assert len(advices.movements) == 2


def test_the_length_of_details_is_minded_too() -> None:
    lines = sample("foreign").split(b"\r\n")
    lines[3] = lines[3][:693]
    advices = parse(b"\r\n".join(lines), "a.BBF")
    assert [fault.cause for fault in advices.faults] == ["řádek je příliš krátký"]
    assert len(advices.details) == 1


@pytest.mark.parametrize("missing", ["lock", "second header cuts it off"])
def test_a_block_that_was_broken_off_counts_for_nothing_and_is_told(missing: str) -> None:
    first, second = sample("domestic"), sample("mixed")
    cut = first.rpartition(b"T777777  LOCK")[0]
    advices = parse(cut if missing == "lock" else cut + second, "a.BBF")
    assert [fault.record for fault in advices.faults] == ["a.BBF, řádky 1–5"]
    assert "LOCK" in advices.faults[0].cause
    assert advices.movements["bank_reference"].tolist() == (
        [] if missing == "lock" else ["1510", "1511", "1512", "1513", "1514", "1515"]
    )


def test_a_block_without_its_header_still_counts_when_it_is_closed() -> None:
    advices = parse(sample("domestic").partition(b"\r\n")[2], "a.BBF")
    assert len(advices.movements) == 3


def test_a_file_is_complete_only_when_it_ends_by_a_lock() -> None:
    assert is_complete(sample("mixed"))
    assert is_complete(sample("mixed") + b"\n \x1a")
    assert not is_complete(sample("mixed")[:-60])
    assert not is_complete(b"")


@pytest.mark.parametrize("byte", [b"\x81", b"\x90"])
def test_characters_that_the_code_page_lacks_are_replaced_and_told(byte: bytes) -> None:
    given = delivery(Reading((File("a.BBF", put(sample("domestic"), 3, 351, byte)),)), "csob:1")
    assert [note.code for note in given.notes] == ["unreadable_characters"]
    assert given.payments["message"].tolist()[0] == "\ufffdlatba faktury č. 2026000123"


def test_characters_of_a_saved_copy_that_the_bank_cannot_have_are_replaced_and_told() -> None:
    text = sample("domestic").decode("cp1250").replace("Jan Novotný", "Ян Novotný ")
    assert parse(text.encode("utf-8"), "a.BBF").unreadable_characters


def test_a_sign_that_contradicts_the_flag_is_told_and_the_flag_decides() -> None:
    given = delivery(Reading((File("a.BBF", put(sample("domestic"), 3, 191, b"-")),)), "csob:1")
    assert given.payments["amount"].tolist()[0] == 1210000
    assert [note.code for note in given.notes] == ["sign_contradicts"]


@pytest.mark.parametrize("chunk", [1, 549, 550, 551, 1100, 2000])
@pytest.mark.parametrize("change", ["none", "line feeds", "control character", "delete character"])
def test_a_file_says_the_same_in_whatever_portions_it_is_taken_apart(
    monkeypatch: pytest.MonkeyPatch, chunk: int, change: str
) -> None:
    data = sample("mixed")
    if change == "line feeds":
        data = data.replace(b"\r\n", b"\n")
    elif change != "none":
        data = put(data, 4, 300, b"\x07" if change == "control character" else b"\x7f")
    whole = parse(data, "f")
    monkeypatch.setattr(records, "CHUNK", chunk)
    parts = parse(data, "f")
    pd.testing.assert_frame_equal(parts.movements, whole.movements)
    pd.testing.assert_frame_equal(parts.details, whole.details)
    assert (parts.faults, parts.blocks) == (whole.faults, whole.blocks)


def accounted(data: bytes) -> None:
    """Every line that is not blank is a counted record, part of a block's frame, or covered by a fault."""
    advices = parse(data, "f")
    lines = sort_lines(advices.data)
    readable = sum(len(part["line"]) for parts in lines.values.values() for part in parts)
    assert readable + len(lines.damaged) + len(lines.others) == lines.count
    assert lines.count == len(advices.lines)
    if len(advices.movements) + len(advices.details) < readable:
        assert any("LOCK" in fault.cause for fault in advices.faults)
    assert all(isinstance(fault, Fault) for fault in advices.faults)
    assert len(lines.damaged) <= len(advices.faults)


@given(st.binary(max_size=3000))
@settings(max_examples=60, deadline=None)
def test_any_bytes_end_in_records_and_faults(data: bytes) -> None:
    accounted(data)
    delivery(Reading((File("f", data),)), "csob:1")


@given(
    name=st.sampled_from(["domestic", "foreign", "mixed"]),
    trimmed=st.booleans(),
    cuts=st.lists(st.tuples(st.integers(0, 4471), st.binary(max_size=12)), min_size=1, max_size=5),
    end=st.integers(0, 4472),
)
@settings(max_examples=80, deadline=None)
def test_a_sample_with_any_damage_ends_in_records_and_faults(
    name: str, trimmed: bool, cuts: list[tuple[int, bytes]], end: int
) -> None:
    data = sample(name, trimmed=trimmed)
    for place, noise in cuts:
        data = data[:place] + noise + data[place + len(noise) :]
    accounted(data[:end] if end > 2000 else data)
    delivery(Reading((File("f", data),)), "csob:1")


@pytest.mark.parametrize(
    ("reader", "width", "alphabet"),
    [
        (Amount(), 16, b"0123456789.,- +x"),
        (Day(), 8, b"0123 "),
        (Symbol(), 10, b"0123456789 x"),
        (Text(), 6, b"ab \xe1"),
        (Piece(), 6, b"ab \xe1"),
        (CURRENCY, 3, b"CZK e"),
    ],
)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_column_read_at_once_says_what_its_values_say_one_by_one(
    reader: Amount | Code | Day | Piece | Symbol | Text, width: int, alphabet: bytes, data: st.DataObject
) -> None:
    cell = st.lists(st.sampled_from(list(alphabet)), min_size=width, max_size=width).map(bytes)
    regular = st.sampled_from([b"0000000012100.00", b"-000000000002.80", b"20260112        "])
    cells = data.draw(
        st.lists(cell | regular.map(lambda text: text[:width].ljust(width)), min_size=1, max_size=8)
    )
    column = Column("it", 1, width, reader)
    together, damage = read([column], np.frombuffer(b"".join(cells), np.uint8).reshape(len(cells), width))
    for row, alone in enumerate(cells):
        one, cause = read([column], np.frombuffer(alone, np.uint8).reshape(1, width))
        assert str(together["it"][row]) == str(one["it"][0])
        assert [hurt.cause for hurt in damage if hurt.row == row] == [hurt.cause for hurt in cause]


@pytest.mark.parametrize("record", [MOVEMENT, DETAIL], ids=["ADVMUL", "ADVMUZ"])
def test_the_columns_of_a_record_stand_side_by_side_to_its_end(record: Record) -> None:
    assert all(left.first + left.width <= right.first for left, right in pairwise(record.columns))
    assert record.columns[-1].first + record.columns[-1].width == record.width + 1
