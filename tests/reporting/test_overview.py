"""What the report of a day or a month tells, and that no hundredth is missing from it."""

from __future__ import annotations

import base64
import datetime as dt
import re
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from blocks.matching import Matching
from tasks.days import Days
from tasks.deciding import Decided
from tasks.drift import DRIFTED
from tasks.ledger.journal import WRITES
from tasks.ledger.periods import COMPLETED, FIRST_SEEN
from tasks.ledger.reading import FAULTS, FRESHNESS
from tasks.marks import wanted
from tasks.matching import match
from tasks.matching.reasons import Reason
from tasks.matching.suggestions import SUGGESTIONS
from tasks.reporting.overview import BUCKETS, FailedRun, Overview, bucket_of, month_of
from tasks.reporting.overview_page import overview_page, overview_summary
from tasks.reporting.statement import by_bucket, moved
from tasks.tables import CHANGES, DOCUMENTS, PAYMENTS, VERDICTS, table
from tasks.xml import parse
from tests.reporting.test_run_report import change, payment, verdict

pytestmark = pytest.mark.no_cover

DAY = dt.date(2026, 11, 20)
NOW = dt.datetime(2026, 11, 23, 6, 3, tzinfo=dt.UTC)
FIO, GOPAY = "fio:CZ3820100000002900555000", "gopay:8123456789"


def an_overview(
    payments: list[dict[str, Any]] | None = None, ends: list[dict[str, Any]] | None = None, **more: Any
) -> Overview:
    paid = table(PAYMENTS, payments or [])
    plain = Overview(
        unit="pohoda",
        days=Days(DAY, DAY),
        shown=Days(DAY - dt.timedelta(days=2), DAY),
        now=NOW,
        decided=Decided(
            payments=paid,
            documents=table(DOCUMENTS),
            verdicts=table(VERDICTS, ends or []),
            wanted=wanted(table(VERDICTS), table(DOCUMENTS), Matching()),
            drift=table(DRIFTED),
            changes=table(CHANGES),
            left_alone=table(CHANGES),
            suggestions=table(SUGGESTIONS),
        ),
        seen=table(FIRST_SEEN, [{**row, "first_seen_at": NOW, "run": "r"} for row in _keys(paid)]),
        writes=table(WRITES),
        faults=table(FAULTS),
        freshness=table(FRESHNESS),
        completed=table(COMPLETED),
        begins={},
        drift_policy="ask",
    )
    of_decided = {name: more.pop(name) for name in list(more) if name in Decided.__dataclass_fields__}
    return replace(plain, decided=replace(plain.decided, **of_decided), **more)


def _keys(paid: pd.DataFrame) -> list[dict[str, Any]]:
    return [{"source": row.source, "payment_id": row.payment_id} for row in paid.itertuples()]


def booked(number: int, amount: int = 100, day: dt.date = DAY, source: str = FIO, **more: Any) -> dict[str, Any]:
    return payment(number, amount, booked_on=pd.Timestamp(day), source=source, **more)


def ended(number: int, reason: Reason, amount: int = 100, source: str = FIO) -> dict[str, Any]:
    document = 1 if reason == Reason.COUNTED else None
    return {**verdict(number, "issued_invoice", reason, amount, document), "source": source}


amounts = st.integers(-90_000, 90_000)
some_payments = st.lists(
    st.tuples(
        amounts,
        st.sampled_from([FIO, GOPAY, "csob:1"]),
        st.sampled_from(["CZK", "EUR"]),
        st.sampled_from(["260001", "260002", "9", None]),
        st.integers(-3, 3),
        st.sampled_from(["transfer", "card", "fee", "settlement", "refund"]),
    ),
    max_size=14,
)


@settings(max_examples=40)
@given(some_payments)
def test_every_hundredth_booked_in_the_period_is_in_one_bucket_and_in_one_day(found: list[Any]) -> None:
    rows = [
        booked(
            n, amount, DAY + dt.timedelta(days=shift), source, currency=currency, variable_symbol=vs, kind=kind
        )
        for n, (amount, source, currency, vs, shift, kind) in enumerate(found)
    ]
    papers = [
        {
            "agenda": "issued_invoice",
            "id": n,
            "number": f"26000{n}",
            "variable_symbol": f"26000{n}",
            "total": 50_000,
            "currency": "CZK",
            "issued_on": pd.Timestamp(DAY) - pd.Timedelta(days=9),
            "cancelled": n == 2,
        }
        for n in (1, 2)
    ]
    paid, documents = table(PAYMENTS, rows), table(DOCUMENTS, papers)
    verdicts = match(paid, documents, Matching(), ["issued_invoice", "received_order"])
    overview = an_overview(rows, days=month_of(DAY), documents=documents, verdicts=verdicts)
    right = paid.groupby(["source", "currency"])["amount"].sum().to_dict()
    sums = by_bucket(overview.came).set_index(["source", "currency"])
    assert sums["sum"].to_dict() == right
    assert sums[list(BUCKETS)].sum(axis=1).to_dict() == right
    by_day = moved(overview.came, ["source", "currency", "booked_on"])
    assert by_day.groupby(["source", "currency"])["sum"].sum().to_dict() == right
    assert by_day["count"].sum() == len(rows)
    assert (by_day["in_sum"] + by_day["out_sum"] == by_day["sum"]).all()
    assert overview_page(overview)


def test_every_reason_belongs_to_one_bucket() -> None:
    assert {bucket_of(reason.value) for reason in Reason} == set(BUCKETS)


def test_only_payments_booked_in_the_period_are_in_its_sums_and_late_ones_are_told_apart() -> None:
    early = DAY - dt.timedelta(days=1)
    rows = [booked(1, 500), booked(2, 700, early), booked(3, 900, DAY + dt.timedelta(days=1))]
    ends = [ended(n, Reason.COUNTED, amount) for n, amount in ((1, 500), (2, 700), (3, 900))]
    known = dt.datetime.combine(DAY, dt.time(10), dt.UTC)
    overview = an_overview(rows, ends)
    overview = replace(overview, seen=overview.seen.assign(first_seen_at=pd.Timestamp(known)))
    assert overview.came["amount"].tolist() == [500]
    assert overview.late["amount"].tolist() == [700]
    page = overview_page(overview)
    assert "Zjištěno opožděně" in page
    assert "7,00" in page
    assert "9,00" not in page


def test_what_waits_is_told_with_its_reason_and_since_when_until_somebody_decides() -> None:
    old = booked(1, 2500, DAY - dt.timedelta(days=200))
    page = overview_page(an_overview([old], [ended(1, Reason.NO_DOCUMENT, 2500)]))
    assert "### Žádný doklad neodpovídá" in page
    assert "4.\u00a05.\u00a02026" in page
    assert "čeká na rozhodnutí: 1" in overview_summary(an_overview([old], [ended(1, Reason.NO_DOCUMENT, 2500)]))


def test_money_that_went_back_is_listed_and_a_fee_is_not() -> None:
    rows = [booked(1, -300, kind="refund"), booked(2, -5, kind="fee")]
    ends = [ended(1, Reason.REFUND_WITHOUT_PAYMENT, -300), ended(2, Reason.FEE, -5)]
    overview = an_overview(rows, ends)
    assert overview.returned["payment_id"].tolist() == ["1"]
    assert "## Vrátilo se" in overview_page(overview)


def test_documents_paid_twice_stand_with_what_is_too_much() -> None:
    paper = {"agenda": "issued_invoice", "id": 1, "number": "260077", "total": 100, "currency": "CZK"}
    documents = table(DOCUMENTS, [{**paper, "issued_on": pd.Timestamp(DAY), "cancelled": False}])
    rows = [booked(1), booked(2)]
    verdicts = table(VERDICTS, [{**ended(n, Reason.COUNTED), "document_id": 1} for n in (1, 2)])
    goal = wanted(verdicts, documents, Matching())
    overview = an_overview(rows, verdicts=verdicts, documents=documents, wanted=goal)
    page = overview_page(overview)
    assert "Zaplaceno vícekrát" in page
    [line] = [line for line in page.splitlines() if "260077" in line]
    assert "1,00\u00a0CZK" in line
    assert "20.\u00a011.\u00a02026" in line


def test_several_writes_of_one_document_are_one_line_from_the_first_value_to_the_last() -> None:
    written = {"run": "r", "writer": "mserver", "outcome": "written", "note": "", "intended_at": NOW}
    once = change("260001", new_amount=100, new_paid=False)
    then = change("260001", old_amount=100, old_count=1, old_paid=False, new_count=2)
    writes = table(WRITES, [{"id": n, **written, **row} for n, row in enumerate((once, then))])
    overview = an_overview(writes=writes)
    assert overview.marked[["number", "new_count"]].to_numpy().tolist() == [["260001", 2]]
    assert pd.isna(overview.marked["old_amount"].iloc[0])
    assert "| nově uhrazené celé | 1 |" in overview_page(overview)


FRESH = [{"source": source, "complete_until": None, "last_recorded_at": NOW} for source in (FIO, "comgate:4")]


def test_missing_days_are_named_before_all_else_and_a_day_that_still_runs_is_not_missing() -> None:
    complete = table(COMPLETED, [{"source": FIO, "day": pd.Timestamp("2026-11-21")}])
    days = Days(DAY, dt.date(2026, 11, 23))
    overview = an_overview(
        days=days, shown=days, freshness=table(FRESHNESS, FRESH), completed=complete, begins={FIO: DAY}
    )
    assert overview.gaps(FIO, days) == [Days(DAY, DAY), Days(dt.date(2026, 11, 22), dt.date(2026, 11, 22))]
    assert overview.gaps("comgate:4", days) == []
    page = overview_page(overview)
    assert "**Pozor:** zdroj fio" in page
    assert "Období ještě neskončilo." in page
    assert "ptá se na doklady" in page
    assert "chybějící dny: 2" in overview_summary(overview)


def picture_in(page: str) -> tuple[str, Any]:
    [(words, data)] = re.findall(r"!\[(.*)\]\(data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)", page)
    return words, parse(base64.b64decode(data), what="the picture")


def test_the_picture_shows_each_source_each_day_and_says_the_same_in_words() -> None:
    complete = table(COMPLETED, [{"source": FIO, "day": pd.Timestamp(DAY)}])
    shown = Days(DAY - dt.timedelta(days=1), DAY)
    overview = an_overview(
        [booked(1, 2500)],
        [ended(1, Reason.NO_DOCUMENT, 2500)],
        shown=shown,
        freshness=table(FRESHNESS, FRESH),
        completed=complete,
        begins={FIO: shown.first},
    )
    words, svg = picture_in(overview_page(overview))
    assert "úplných dnů 1, chybějících 1, dnů s čekající platbou 1" in words
    texts = [str(element.text) for element in svg.iter("{*}text")]
    assert {"fio …555000", "comgate 4", "19", "20", "Přijaté peníze, CZK"} <= set(texts)
    shapes = [str(element.get("class")) for element in svg.iter("{*}path")]
    assert shapes.count("complete") == shapes.count("missing") == 2  # one in the legend, one in the strip
    assert len([bar for bar in svg.iter("{*}rect") if bar.get("class") == "waiting"]) == 2


def test_the_picture_reaches_for_nothing_outside_and_follows_a_dark_theme() -> None:
    hostile = [{**FRESH[0], "source": "csob:<script>&](http://evil.example)"}]
    page = overview_page(an_overview(freshness=table(FRESHNESS, hostile)))
    _, svg = picture_in(page)
    text = etree.tostring(svg, encoding="unicode")
    assert "prefers-color-scheme:dark" in text
    assert "<script" not in page + text
    assert re.findall(r"(?:href|src|url|@import)", text) == []
    assert "](http" not in page


def test_a_month_ends_with_the_sums_of_each_source_and_day_to_hold_against_statements() -> None:
    rows = [booked(1, 1000), booked(2, -200), booked(3, 5, dt.date(2026, 11, 2), GOPAY)]
    ends = [ended(1, Reason.COUNTED, 1000), ended(2, Reason.OUTGOING, -200), ended(3, Reason.FEE, 5, GOPAY)]
    page = overview_page(an_overview(rows, ends, days=month_of(DAY), shown=month_of(DAY)))
    assert page.startswith("# Měsíční přehled listopad 2026")
    sums = page[page.index("## Ke srovnání s výpisy") :]
    assert "### fio:CZ3820100000002900555000, CZK" in sums
    assert "| **Celkem** | **2** | **10,00\u00a0CZK** | **\u22122,00\u00a0CZK** | **8,00\u00a0CZK** |" in sums


def test_failed_runs_are_linked_and_their_words_cannot_act_as_markup() -> None:
    run = FailedRun("11111111-2222-3333-4444-555555555555", "fio | 2026", NOW, "![x](http://evil.example) <b>")
    page = overview_page(an_overview(failed_runs=[run]))
    assert "(/runs/flow-run/11111111-2222-3333-4444-555555555555)" in page
    assert "](http" not in page
    assert "<b>" not in page


def test_an_empty_day_says_so() -> None:
    page = overview_page(an_overview())
    assert "Žádné platby." in page
    assert overview_summary(an_overview()) == "Přišlo plateb: 0, označeno dokladů: 0, čeká na rozhodnutí: 0"


def test_names_accounts_and_messages_of_payers_are_in_no_report() -> None:
    page = overview_page(an_overview([booked(1)], [ended(1, Reason.NO_DOCUMENT)]))
    assert "Novákov" not in page
    assert "1234560005" not in page


@pytest.mark.parametrize(("day", "last"), [("2026-11-30", 30), ("2026-12-01", 31), ("2028-02-10", 29)])
def test_a_month_is_all_of_its_days(day: str, last: int) -> None:
    found = month_of(dt.date.fromisoformat(day))
    assert (found.first.day, found.last.day) == (1, last)
