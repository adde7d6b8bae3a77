"""Marks live as one line in a note, and whatever people write around it stays as they wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.pohoda.note_line import SIGN, line, marks_in, with_marks, without_marks

NUMBER = "260100101"
PAID = {"amount": 1234_50, "count": 2, "paid": 1}
LINE = f"{SIGN} {NUMBER}: uhrazeno 1 234,50; plateb 2; zcela ano"
NOTHING = {"amount": 0, "count": 0, "paid": 0}

marks = st.builds(
    lambda all_of_them, some: {mark: all_of_them[mark] for mark in PAID if mark in some},
    st.fixed_dictionaries(
        {"amount": st.integers(-(10**15), 10**15), "count": st.integers(0, 10**6), "paid": st.integers(0, 1)}
    ),
    st.sets(st.sampled_from(list(PAID)), min_size=1),
)
numbers = st.from_regex(r"[A-Z0-9/.+*()-]{1,12}", fullmatch=True)
words = st.text(max_size=30) | st.sampled_from(
    [
        "\r\n",
        "\n",
        "\r",
        LINE,
        f"{SIGN} ",
        SIGN,
        f"{SIGN} {NUMBER}: uhrazeno",
        f"{SIGN} 1: plateb 2",
        "Uhrazeno 5",
    ]
)
notes = st.lists(words, max_size=8).map("".join)


@given(notes, numbers | st.just(NUMBER), marks)
def test_what_is_written_into_any_note_is_read_from_it(text: str, number: str, some: dict[str, int]) -> None:
    stands = marks_in(with_marks(text, number, some), number)
    if any(some.values()):
        assert stands == some
    else:
        assert not any((stands or {}).values())


@given(notes, numbers | st.just(NUMBER), marks)
def test_what_people_wrote_stays_byte_for_byte(text: str, number: str, some: dict[str, int]) -> None:
    people = without_marks(text, number)
    assert without_marks(with_marks(text, number, some), number) == people
    if f"{SIGN} {number}:" not in text:
        assert people == text


@given(notes, numbers | st.just(NUMBER), marks)
def test_writing_twice_is_writing_once(text: str, number: str, some: dict[str, int]) -> None:
    once = with_marks(text, number, some)
    assert with_marks(once, number, some) == once


@given(st.text().filter(lambda text: SIGN not in text), marks, marks)
def test_taking_the_marks_away_gives_the_original_back(
    text: str, some: dict[str, int], other: dict[str, int]
) -> None:
    written = with_marks(with_marks(text, NUMBER, some), NUMBER, other)
    assert with_marks(written, NUMBER, NOTHING) == text


@given(st.text(), st.text())
def test_the_line_is_replaced_where_people_moved_it(before: str, after: str) -> None:
    around = without_marks(f"{before}\n{LINE}\n{after}", NUMBER)
    moved = with_marks(f"{before}\n{LINE}\n{after}", NUMBER, PAID | {"count": 3})
    assert marks_in(moved, NUMBER) == PAID | {"count": 3}
    assert without_marks(moved, NUMBER) == around
    assert moved.startswith(before)
    assert moved.endswith(after)


def test_a_new_line_stands_on_top_and_alone_in_an_empty_note() -> None:
    assert with_marks("Volat pana Nováka.", NUMBER, PAID) == f"{LINE}\r\nVolat pana Nováka."
    assert with_marks("", NUMBER, PAID) == LINE == line(NUMBER, PAID)


def test_only_the_marks_that_go_to_the_note_are_in_it() -> None:
    assert line(NUMBER, {"paid": 0}) == f"{SIGN} {NUMBER}: zcela ne"
    assert with_marks(LINE, NUMBER, {"count": 5, "paid": 0}) == f"{SIGN} {NUMBER}: plateb 5; zcela ne"


@pytest.mark.parametrize("edited", [LINE.replace("2;", "dvě;"), LINE + " (ověřeno)", LINE.replace("ano", "asi")])
def test_a_line_that_people_rewrote_is_theirs_and_tells_that_it_was_changed(edited: str) -> None:
    assert marks_in(f"x\r\n{edited}", NUMBER) == NOTHING
    assert without_marks(edited, NUMBER) == edited
    assert marks_in(with_marks(edited, NUMBER, PAID), NUMBER) == PAID
    assert with_marks(edited, NUMBER, PAID).endswith(edited)


def test_a_number_changed_by_hand_is_read_as_it_stands() -> None:
    assert marks_in(LINE.replace("plateb 2", "plateb 3"), NUMBER) == PAID | {"count": 3}


@pytest.mark.parametrize("text", ["", "Uhrazeno 1 234,50 hotově", f"viz {LINE}", LINE.replace(NUMBER, "26OP1")])
def test_where_no_line_of_this_document_is_nothing_is_read(text: str) -> None:
    assert marks_in(text, NUMBER) is None


@pytest.mark.parametrize("spelled", ["1234,50", "1 23,50", "1 234,5", "-0,00", "9 999 999 999 999 999 999,00"])
def test_no_other_spelling_of_an_amount_is_ours(spelled: str) -> None:
    assert marks_in(LINE.replace("1 234,50", spelled), NUMBER) == NOTHING


def test_a_line_pasted_twice_becomes_one() -> None:
    assert with_marks(f"{LINE}\r\na\r\n{LINE}", NUMBER, PAID) == f"{LINE}\r\na"


def test_every_character_of_the_line_is_in_every_code_page() -> None:
    assert LINE.isascii()
