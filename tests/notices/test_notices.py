"""What people are told of: each thing once, in words that say where and what to do, with no payer in them."""

import datetime as dt
import re
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.checking import Finding
from tasks.days import ONE_DAY
from tasks.drift import DRIFTED
from tasks.marks import WANTED
from tasks.matching.reasons import Reason, State
from tasks.notices import Matter, due, of_check, of_source, of_unit, worded
from tasks.notices.matter import Code
from tasks.notices.wording import KINDS, LINES, plain
from tasks.provider import Fault, Note
from tasks.tables import PAYMENTS, VERDICTS, table
from tests.reporting.test_run_report import SOURCE, TODAY, a_report, payment, verdict

ONE = Matter("payment_waits", "waits: 1", "žádný doklad neodpovídá")
WEEKLY = Matter("check_wrong", "mServer: Stav", "mServer, Stav: neodpovídá", 7)


def test_the_same_thing_is_told_once_and_a_new_one_at_once() -> None:
    new, told = due([ONE], {}, TODAY)
    assert new == [ONE]
    other = replace(ONE, key="waits: 2")
    new, told = due([ONE, other, other], told, TODAY)
    assert new == [other]
    assert due([ONE, other], told, TODAY + 30 * ONE_DAY)[0] == []


def test_what_stays_open_is_told_again_after_its_days_and_no_sooner() -> None:
    days = [TODAY + n * ONE_DAY for n in range(15)]
    told: dict[str, dt.date] = {}
    heard: list[dt.date] = []
    for day in days:
        new, told = due([WEEKLY], told, day)
        heard += [day] * len(new)
    assert heard == [days[0], days[7], days[14]]


def test_what_was_mended_and_comes_back_is_new() -> None:
    _, told = due([WEEKLY], {}, TODAY)
    _, told = due([], told, TODAY + ONE_DAY)
    assert due([WEEKLY], told, TODAY + 2 * ONE_DAY)[0] == [WEEKLY]


def test_a_run_over_other_days_does_not_make_old_things_new() -> None:
    _, told = due([ONE], {}, TODAY, remembered_days=30)
    _, told = due([], told, TODAY, remembered_days=30)
    assert due([ONE], told, TODAY + ONE_DAY, remembered_days=30)[0] == []
    assert due([], told, TODAY + 30 * ONE_DAY, remembered_days=30)[1] == {}


def test_a_clock_set_back_tells_nothing_twice() -> None:
    _, told = due([WEEKLY], {}, TODAY)
    assert due([WEEKLY], told, TODAY - 400 * ONE_DAY)[0] == []


@pytest.mark.parametrize("code", get_args(Code))
def test_every_kind_of_thing_has_words(code: Code) -> None:
    (notice,) = worded([Matter(code, "k", "co se stalo")], "pohoda", "12345678", SOURCE)
    assert notice.subject.startswith("POHODA platby, pohoda: ")
    for said in ("Jednotka: pohoda (IČO 12345678)", f"Účet: {SOURCE}", "- co se stalo", "Co udělat: "):
        assert said in notice.text
    assert KINDS[code].next_step.endswith(".")


def test_equal_lines_are_counted_and_long_lists_cut() -> None:
    lines = ["stejná"] * 3 + [f"řádek {n}" for n in range(LINES + 4)]
    (notice,) = worded([Matter("paid_twice", str(n), line) for n, line in enumerate(lines)], "pohoda", "")
    assert "- stejná (3×)" in notice.text
    assert "- a dalších 5" in notice.text
    assert notice.subject.endswith(f"({len(lines)})")
    assert "IČO" not in notice.text


HOSTILE = "\r\nBcc: x@evil.cz <!channel> [klikni](https://evil.cz) `x` *y* \u202e<b>|"


@given(st.text() | st.just(HOSTILE))
def test_nothing_from_outside_can_be_a_line_a_link_or_markup(text: str) -> None:
    (notice,) = worded([Matter("attention", "k", text)], text, text, text)
    assert notice.subject.splitlines() in ([notice.subject], [])
    assert not re.search(r"[\x00-\x1f\x7f<>\[\]`*|]|://|@(?!\u2060)", notice.subject)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f<>\[\]`*|]|://|@(?!\u2060)", notice.text)
    assert len(plain(text)) <= 400


def test_payments_that_wait_are_told_by_their_reasons_and_never_by_their_payer() -> None:
    report = a_report()
    decided = replace(
        report.decided,
        payments=table(PAYMENTS, [payment(1), payment(2)]),
        verdicts=table(
            VERDICTS,
            [verdict(n, "issued_invoice", Reason.NO_DOCUMENT) for n in (1, 2)],
        ),
    )
    found = of_source(replace(report, decided=decided, notes=(), faults=()))
    assert [matter.code for matter in found] == ["payment_waits"] * 2
    (notice,) = worded(found, "pohoda", "12345678", SOURCE)
    assert "žádný doklad neodpovídá (2×)" in notice.text
    for private in ("Nov", "1234560005", "2026000123"):
        assert private not in notice.text


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (60, None),
        (31, None),
        (30, 30),
        (15, 30),
        (14, 14),
        (8, 14),
        (7, 7),
        (2, 7),
        (1, 1),
        (0, 0),
        (-1, -1),
        (-90, -1),
    ],
)
def test_an_end_is_told_thirty_fourteen_seven_and_one_day_before_and_when_it_came(
    left: int, told: int | None
) -> None:
    note = Note("token_expires", "Platnost tokenu končí.", urgent=True, ends_on=TODAY + left * ONE_DAY)
    keys = [matter.key for matter in of_source(replace(a_report(), notes=(note,), faults=()))]
    assert keys == ([] if told is None else [f"ends: {note.ends_on} {told}"])


def test_an_end_is_told_six_times_in_all_however_often_one_looks() -> None:
    end, told, heard = TODAY + 40 * ONE_DAY, {}, 0
    report = replace(a_report(), notes=(Note("x", "Končí.", ends_on=end),), faults=())
    for hour in range(0, 24 * 60, 4):
        today = TODAY + hour // 24 * ONE_DAY
        new, told = due(of_source(replace(report, today=today)), told, today, remembered_days=30)
        heard += len(new)
    assert heard == 6


def test_what_somebody_must_act_upon_is_told_and_what_is_only_good_to_know_is_not() -> None:
    notes = (Note("balance_mismatch", "Zůstatek nesouhlasí.", urgent=True), Note("calls", "Volání: 3."))
    faults = (Fault("soubor A, řádek 3", "chybí částka", raw="tajné"),)
    found = of_source(replace(a_report(), notes=notes, faults=faults))
    assert [(matter.code, matter.line) for matter in found] == [
        ("unreadable", "soubor A, řádek 3: chybí částka"),
        ("attention", "Zůstatek nesouhlasí."),
    ]


def test_documents_paid_twice_changed_by_hand_and_refused_are_named() -> None:
    report = a_report()
    twice = {
        "agenda": "issued_invoice",
        "document_id": 1,
        "number": "260100001",
        "currency": "CZK",
        "total": 100,
        "amount": 200,
        "count": 2,
        "paid": False,
        "state": State.PAID_TWICE.value,
    }
    drift = {
        "agenda": "received_order",
        "document_id": 2,
        "number": "260300002",
        "currency": "CZK",
        "written_amount": 100,
        "written_count": 1,
        "written_paid": True,
        "standing_amount": 0,
        "standing_count": 0,
        "standing_paid": False,
    }
    written = table(
        {**dict.fromkeys(("agenda", "number", "outcome"), "str")},
        [
            {"agenda": "issued_invoice", "number": "260100003", "outcome": "refused"},
            {"agenda": "issued_invoice", "number": "260100004", "outcome": "written"},
        ],
    )
    decided = replace(report.decided, wanted=table(WANTED, [twice]), drift=table(DRIFTED, [drift]))
    found = of_unit(replace(report, decided=decided, written=written, drift_policy="ask"))
    assert [(matter.code, matter.line, matter.remind_after) for matter in found] == [
        ("paid_twice", "Vydaná faktura 260100001", None),
        ("mark_changed", "Přijatá objednávka 260300002", 7),
        ("writing_refused", "Vydaná faktura 260100003", 7),
    ]


def test_a_check_tells_what_is_wrong_but_leaves_ends_to_the_runs() -> None:
    findings = [
        Finding("mServer", "Stav", "wrong", "mServer neodpovídá.", "http://tajna-adresa"),
        Finding("Účty", "fio/fio: platnost", "wrong", "Platnost končí.", code="expires"),
        Finding("Účty", "fio/fio: úplnost dat", "wrong", "Data nejsou úplná.", code="source_late"),
        Finding("Evidence plateb", "Místo na disku", "warning", "Dochází místo.", code="disk_full"),
        Finding("Evidence plateb", "Celistvost", "ok", "Je celá."),
    ]
    found = of_check(findings)
    assert [(matter.code, matter.line) for matter in found] == [
        ("check_wrong", "mServer, Stav: mServer neodpovídá."),
        ("source_late", "Účty, fio/fio: úplnost dat: Data nejsou úplná."),
    ]
