"""Lists are read whole: to their last page, around the limit of rows, and across Czech midnight."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.ceska_sporitelna import IBAN, Account, Clock
from sandbox.ceska_sporitelna_rows import Booked, booked
from sandbox.faults import Fault
from tasks.days import ONE_DAY, PRAGUE, Days
from tasks.errors import Refused, SettingError, Unavailable
from tasks.providers.ceska_sporitelna import CeskaSporitelna
from tasks.providers.ceska_sporitelna.reading import REACH, TOO_MANY, reading, rows_within, transactions
from tests.providers.ceska_sporitelna.stands import NOON, open_bank
from tests.providers.memories import Remembered

DAY = dt.date(2025, 11, 3)
SIZE, MOST = 3, 12


@dataclass
class SmallBank:
    """A bank that pages by three and shows no more than twelve rows of a window."""

    per_day: list[int]

    def get(self, _path: str, asked: Mapping[str, str | int]) -> dict[str, Any]:
        first, last = (dt.date.fromisoformat(str(asked[name])) for name in ("fromDate", "toDate"))
        days = [DAY + n * ONE_DAY for n, rows in enumerate(self.per_day) for _ in range(rows)]
        rows = [(day, n) for n, day in enumerate(days) if first <= day <= last]
        size, page = int(asked["size"]), int(asked["page"])
        if size * (page + 1) > MOST:
            raise Refused("too many", code=TOO_MANY)
        count = -(-len(rows) // size)
        following = {"nextPage": page + 1} if page + 1 < count else {}
        shown = rows[size * page : size * (page + 1)]
        return {"pageNumber": page, "pageCount": count, "transactions": shown, **following}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, MOST), min_size=1, max_size=12))
def test_splitting_and_paging_lose_no_row_and_give_none_twice(per_day: list[int]) -> None:
    window = Days(DAY, DAY + (len(per_day) - 1) * ONE_DAY)
    rows = rows_within(SmallBank(per_day).get, "/", window, size=SIZE, most=MOST)
    assert Counter(day for day, _ in rows) == Counter(
        {day: n for day, n in zip(window, per_day, strict=True) if n}
    )
    assert len({number for _, number in rows}) == sum(per_day)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2 * MOST), min_size=1, max_size=8).filter(lambda days: max(days) > MOST))
def test_a_day_too_full_to_be_read_is_refused_and_never_cut(per_day: list[int]) -> None:
    window = Days(DAY, DAY + (len(per_day) - 1) * ONE_DAY)
    with pytest.raises(Refused, match="one day") as refused:
        rows_within(SmallBank(per_day).get, "/", window, size=SIZE, most=MOST)
    assert refused.value.code == TOO_MANY


def rows_of(count: int, *days: dt.date) -> list[Booked]:
    return [booked(n, days[n % len(days)], 100 + n) for n in range(count)]


def test_more_rows_than_can_be_paged_through_are_read_in_halves() -> None:
    days = Days(DAY - 2 * ONE_DAY, DAY)
    with open_bank(*rows_of(10_001, *days)) as place:
        place.server.too_many_is_404 = True
        found = place.delivery(days.first, days.last)
    assert len(found.payments) == 10_001
    assert found.payments["payment_id"].is_unique
    assert found.covered == tuple(days)


def test_a_bank_with_a_lower_limit_than_documented_is_split_by_its_own_word() -> None:
    days = Days(DAY - 2 * ONE_DAY, DAY)
    with open_bank(*rows_of(900, *days)) as place:
        place.server.most_rows = 400
        found = place.delivery(days.first, days.last)
    assert len(found.payments) == 900
    asked = {(call["fromDate"], call["toDate"]) for call in place.server.asked("transactions")}
    assert len(asked) > 1


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_row_that_arrives_between_two_pages_changes_nothing_about_the_others(newest_first: bool) -> None:
    rows = rows_of(450, DAY, DAY + ONE_DAY)
    with open_bank(*rows) as place:
        late = [booked(9000 + n, DAY + 2 * ONE_DAY, 77) for n in range(5)]
        place.server.every_call = lambda: place.server.accounts[0].rows.append(late.pop())
        place.server.newest_first = newest_first
        found = place.delivery(DAY, DAY + ONE_DAY)
    assert set(found.payments["payment_id"]) == {row.body["entryReference"] for row in rows}
    assert found.faults == ()


def test_a_booking_just_after_czech_midnight_belongs_to_its_czech_day() -> None:
    night = booked(1, DAY, 100, at=dt.time(0, 30))
    assert night.moment.astimezone(dt.UTC).date() == DAY - ONE_DAY
    with open_bank(night, booked(2, DAY, 200), booked(3, DAY + ONE_DAY, 300, at=dt.time(0, 30))) as place:
        assert place.delivery(DAY).payments["amount"].tolist() == [100, 200]
        assert place.delivery(DAY + ONE_DAY).payments["amount"].tolist() == [300]


def test_just_after_czech_midnight_the_bank_is_not_asked_for_a_day_it_does_not_know_yet() -> None:
    midnight = dt.datetime(2025, 7, 4, 0, 30, tzinfo=PRAGUE)
    yesterday, today = dt.date(2025, 7, 3), dt.date(2025, 7, 4)
    rows = [booked(1, yesterday, 100, at=dt.time(23, 59)), booked(2, today, 200, at=dt.time(0, 10))]
    with open_bank(*rows, now=midnight.astimezone(dt.UTC)) as place:
        found = place.delivery(yesterday, today)
    assert found.payments["amount"].tolist() == [100, 200]
    assert found.covered == (yesterday,)
    assert {call["toDate"] for call in place.server.asked("transactions")} == {"2025-07-03"}


def test_a_bank_whose_clock_is_behind_is_asked_once_more_without_the_day_it_does_not_know() -> None:
    with open_bank(booked(1, NOON.date() - ONE_DAY, 100)) as place:
        ours = Clock(NOON + dt.timedelta(hours=12, minutes=30))
        place.provider = CeskaSporitelna(place.account, Remembered(), ours)
        found = place.delivery(NOON.date() - ONE_DAY, NOON.date() + ONE_DAY)
    assert found.payments["amount"].tolist() == [100]
    assert [call["toDate"] for call in place.server.asked("transactions")] == ["2025-11-07", "2025-11-06"]


def test_a_bank_that_knows_none_of_the_days_refuses_and_is_not_asked_for_ever() -> None:
    asked: list[str] = []

    def get(_path: str, parameters: Mapping[str, str | int]) -> dict[str, Any]:
        asked.append(str(parameters["toDate"]))
        raise Refused("future", code="DT01")

    with pytest.raises(Refused, match="future"):
        transactions(get, "id", Days(DAY, DAY), NOON)
    assert asked == ["2025-11-03", "2025-11-02"]


def test_today_is_read_but_not_called_complete() -> None:
    today = NOON.date()
    with open_bank(booked(1, today, 100)) as place:
        found = place.delivery(today)
    assert (found.payments["amount"].tolist(), found.covered) == ([100], ())


def test_days_that_the_bank_may_have_cut_are_warned_of_aloud_and_not_called_complete() -> None:
    old, recent = NOON.date() - 120 * ONE_DAY, NOON.date() - 80 * ONE_DAY
    with open_bank(booked(1, old, 100), booked(2, recent, 200)) as place:
        found = place.delivery(old, recent)
    assert found.payments["amount"].tolist() == [200]
    assert min(found.covered) == NOON.date() - REACH * ONE_DAY
    assert max(found.covered) == recent
    (note,) = found.notes
    assert (note.code, note.urgent) == ("days_out_of_reach", True)
    assert str(old) in note.text


def test_old_rows_that_do_come_are_kept_though_their_days_are_not_called_complete() -> None:
    old = NOON.date() - 120 * ONE_DAY
    with open_bank(booked(1, old, 100)) as place:
        place.server.fresh_authentication = True
        found = place.delivery(old)
    assert found.payments["amount"].tolist() == [100]
    assert found.covered == ()
    assert "přišlo pohybů: 1" in found.notes[0].text


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 23), st.integers(0, 59))
def test_every_day_within_reach_is_whole_at_any_time_of_the_day(hour: int, minute: int) -> None:
    now = dt.datetime(2025, 11, 6, hour, minute, tzinfo=dt.UTC)
    today = now.astimezone(PRAGUE).date()
    first = today - REACH * ONE_DAY
    read = reading(lambda _path, _asked: page(), "id", "s", "CZK", Days(first, today), now)
    assert read.whole_from <= first
    assert read.whole_to == today - ONE_DAY


def test_an_account_id_that_ended_meanwhile_is_looked_up_once_more() -> None:
    with open_bank(booked(1, DAY, 100)) as place:
        place.delivery(DAY)
        place.clock.forward(hours=25)
        assert place.delivery(DAY).payments["amount"].tolist() == [100]
    assert len(place.server.asked("accounts")) == 2


def test_an_account_that_left_the_consent_is_told_after_one_more_look() -> None:
    with open_bank(booked(1, DAY, 100)) as place:
        place.delivery(DAY)
        place.server.accounts[0].in_consent = False
        with pytest.raises(SettingError, match="does not cover"):
            place.provider.extract(Days(DAY, DAY))


def test_a_bank_that_ignores_dates_and_pages_still_gives_only_the_days_asked_for() -> None:
    with open_bank(*rows_of(30, DAY - 9 * ONE_DAY, DAY)) as place:
        place.server.static = True
        found = place.delivery(DAY)
    assert len(found.payments) == 15


def test_a_bank_that_gives_the_first_page_again_and_again_is_stopped() -> None:
    with open_bank(*rows_of(300, DAY)) as place:
        place.server.static = True
        with pytest.raises(Unavailable, match="not the page"):
            place.delivery(DAY)


def test_accounts_are_paged_too() -> None:
    with open_bank(booked(1, DAY, 100)) as place:
        others = [Account("CZ3408000000005566778009", currency) for currency in ("EUR", "USD")]
        place.server.accounts[:0] = others
        place.server.largest_page = 1
        assert len(place.delivery(DAY).payments) == 1
    assert [call["page"] for call in place.server.asked("accounts")] == ["0", "1", "2"]


def page(**changes: Any) -> dict[str, Any]:
    whole = {"pageNumber": 0, "pageCount": 1, "pageSize": 200, "transactions": []}
    return {name: value for name, value in (whole | changes).items() if value != "missing"}


@pytest.mark.parametrize(
    "answer",
    [
        page(pageCount="missing"),
        page(pageNumber="missing"),
        page(pageNumber=3),
        page(pageCount="two"),
        page(transactions="missing"),
        page(transactions={}),
        page(nextPage=0),
        page(nextPage=5),
    ],
)
def test_a_page_that_contradicts_itself_is_never_taken_for_an_empty_one(answer: dict[str, Any]) -> None:
    with pytest.raises(Unavailable):
        rows_within(lambda _path, _asked: answer, "/", Days(DAY, DAY))


@pytest.mark.parametrize("answer", [page(), page(pageCount=0), page(nextPage=None), page(novelty=1)])
def test_an_empty_list_in_any_of_its_spellings_is_empty(answer: dict[str, Any]) -> None:
    assert rows_within(lambda _path, _asked: answer, "/", Days(DAY, DAY)) == []


def test_a_list_that_shrinks_while_it_is_read_is_read_anew_later() -> None:
    counts = [3, 2, 1]
    with pytest.raises(Unavailable, match="shrank"):
        rows_within(
            lambda _path, asked: page(pageNumber=asked["page"], pageCount=counts.pop(0)), "/", Days(DAY, DAY)
        )


def test_a_list_that_ends_before_its_last_page_is_read_anew_later() -> None:
    def get(_path: str, asked: Mapping[str, str | int]) -> dict[str, Any]:
        if asked["page"]:
            raise Refused("past the end", code="PAGE_NOT_FOUND")
        return page(pageCount=2)

    with pytest.raises(Unavailable, match="before its last page"):
        rows_within(get, "/", Days(DAY, DAY))


def test_a_list_that_grows_beyond_the_limit_while_it_is_read_is_not_cut() -> None:
    def get(_path: str, asked: Mapping[str, str | int]) -> dict[str, Any]:
        number = int(asked["page"])
        return page(pageNumber=number, pageCount=number + 1, nextPage=number + 1)

    with pytest.raises(Refused, match="one day"):
        rows_within(get, "/", Days(DAY, DAY), size=SIZE, most=MOST)


def test_a_refusal_of_a_known_account_for_another_reason_is_passed_on() -> None:
    with open_bank(booked(1, DAY, 100)) as place:
        place.delivery(DAY)
        place.server.faults.then(Fault(status=400, body=b'{"errors":[{"error":"PARAMETER_INVALID"}]}'))
        with pytest.raises(Refused, match="PARAMETER_INVALID"):
            place.provider.extract(Days(DAY, DAY))
    assert len(place.server.asked("accounts")) == 1


def test_any_other_refusal_is_passed_on() -> None:
    def get(_path: str, _asked: Mapping[str, str | int]) -> dict[str, Any]:
        raise Refused("no", code="PARAMETER_INVALID")

    with pytest.raises(Refused, match="no"):
        rows_within(get, "/", Days(DAY, DAY))


def test_nothing_about_the_account_or_its_keys_is_asked_in_an_address() -> None:
    with open_bank(booked(1, DAY, 100)) as place:
        place.delivery(DAY)
        server = place.server
    assert server.secrets_in_addresses == 0
    assert IBAN not in str(server.calls)
    assert [call.place for call in server.calls] == ["token", "accounts", "transactions"]


def test_a_page_without_its_count_on_the_wire_is_not_taken() -> None:
    with open_bank(booked(1, DAY, 100)) as place:
        place.delivery(DAY)
        place.server.faults.then(Fault(rewrite=lambda body: body.replace(b'"pageCount":1,', b"")))
        with pytest.raises(Unavailable, match="not the page"):
            place.delivery(DAY)
