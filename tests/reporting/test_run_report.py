"""What the report of a run tells, and what it never tells."""

import datetime as dt
import re
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.days import Days
from tasks.deciding import Decided
from tasks.drift import DRIFTED
from tasks.marks import WANTED
from tasks.matching.reasons import STATE_TEXTS, Reason, State
from tasks.matching.suggestions import SUGGESTIONS
from tasks.provider import Fault, Note
from tasks.reporting import Report, key_of, markdown, summary
from tasks.reporting.buckets import NEEDS_LOOK, PRECEDENCE, parts
from tasks.reporting.sections import DRIFT_TEXTS
from tasks.reporting.text import MOST_ROWS, escaped
from tasks.tables import AGENDAS, CHANGES, DOCUMENTS, PAYMENTS, VERDICTS, table
from tasks.writers.settlement import BACK

TODAY = dt.date(2026, 11, 23)
SOURCE = "fio:CZ3820100000002900555000"


def payment(number: int, amount: int = 100, **more: Any) -> dict[str, Any]:
    return {
        "source": SOURCE,
        "payment_id": str(number),
        "booked_on": pd.Timestamp(TODAY),
        "amount": amount,
        "currency": "CZK",
        "variable_symbol": "2026000123",
        "message": "Dárek pro Evu Novákovou",
        "counterparty": "1234560005/0100",
        "kind": "transfer",
        **more,
    }


def verdict(
    number: int, agenda: str, reason: Reason, amount: int = 100, document: int | None = None
) -> dict[str, Any]:
    return {
        "source": SOURCE,
        "payment_id": str(number),
        "agenda": agenda,
        "document_id": document,
        "amount": amount,
        "reason": reason.value,
    }


def change(number: str, **more: Any) -> dict[str, Any]:
    return {
        "agenda": "issued_invoice",
        "document_id": 1,
        "number": number,
        "currency": "CZK",
        "total": 150050,
        "new_amount": 150050,
        "new_count": 1,
        "new_paid": True,
        **more,
    }


def a_report(**more: Any) -> Report:
    plain = Report(
        provider="fio",
        source=SOURCE,
        unit="pohoda",
        today=TODAY,
        asked=None,
        plan="",
        new=1,
        changed=0,
        fresh=frozenset(),
        faults=(),
        notes=(),
        decided=Decided(
            payments=table(PAYMENTS),
            documents=table(DOCUMENTS),
            verdicts=table(VERDICTS),
            wanted=table(WANTED),
            drift=table(DRIFTED),
            changes=table(CHANGES),
            left_alone=table(CHANGES),
            suggestions=table(SUGGESTIONS),
        ),
        written=None,
        drift_policy="ask",
        freshness=pd.DataFrame(columns=["source", "complete_until", "last_recorded_at"]),
    )
    of_decided = {name: more.pop(name) for name in list(more) if name in Decided.__dataclass_fields__}
    return replace(plain, decided=replace(plain.decided, **of_decided), **more)


def with_payments(*ends: Reason) -> Report:
    return a_report(
        payments=table(PAYMENTS, [payment(n) for n in range(len(ends))]),
        verdicts=table(
            VERDICTS, [verdict(n, agenda, reason) for n, reason in enumerate(ends) for agenda in AGENDAS]
        ),
    )


def test_every_reason_has_its_place_in_the_report() -> None:
    assert set(PRECEDENCE) == set(Reason)
    assert set(PRECEDENCE) >= NEEDS_LOOK


@pytest.mark.parametrize("reason", sorted(NEEDS_LOOK))
def test_a_payment_that_no_document_counts_is_listed_with_the_reason(reason: Reason) -> None:
    report = with_payments(reason)
    assert "k posouzení: 1" in summary(report)
    assert "2026000123" in markdown(report)


@pytest.mark.parametrize("reason", sorted(set(Reason) - NEEDS_LOOK))
def test_a_payment_that_is_settled_or_no_business_of_documents_is_only_summed(reason: Reason) -> None:
    report = with_payments(reason)
    assert "k posouzení: 0" in summary(report)
    assert "2026000123" not in markdown(report)


def test_a_payment_counted_in_one_agenda_does_not_wait_because_of_another() -> None:
    rows = [
        verdict(1, "issued_invoice", Reason.COUNTED, document=7),
        verdict(1, "received_order", Reason.NO_DOCUMENT),
    ]
    report = a_report(payments=table(PAYMENTS, [payment(1)]), verdicts=table(VERDICTS, rows))
    assert report.to_look_at.empty


def test_the_part_of_a_payment_that_no_document_took_is_seen() -> None:
    rows = [
        verdict(1, "issued_invoice", Reason.COUNTED, 60, document=7),
        verdict(1, "issued_invoice", Reason.SURPLUS, 40),
    ]
    report = a_report(payments=table(PAYMENTS, [payment(1)]), verdicts=table(VERDICTS, rows))
    assert report.to_look_at["amount"].tolist() == [40]


@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(list(Reason)), st.integers(-500, 500)), min_size=3, max_size=3),
        max_size=12,
    )
)
def test_every_hundredth_is_in_exactly_one_bucket(ends: list[list[tuple[Reason, int]]]) -> None:
    payments: list[dict[str, Any]] = []
    verdicts: list[dict[str, Any]] = []
    for number, by_agenda in enumerate(ends):
        amount = by_agenda[0][1]
        payments.append(payment(number, amount))
        for agenda, (reason, taken) in zip(AGENDAS, by_agenda, strict=True):
            verdicts.append(verdict(number, agenda, reason, taken))
            verdicts.append(verdict(number, agenda, Reason.SURPLUS, amount - taken))
    told = parts(table(PAYMENTS, payments), table(VERDICTS, verdicts), SOURCE)
    sums = told.groupby("payment_id")["amount"].sum().to_dict()
    assert sums == {row["payment_id"]: row["amount"] for row in payments}


def test_names_accounts_and_messages_of_payers_never_leave_the_machine() -> None:
    text = markdown(with_payments(Reason.NO_DOCUMENT, Reason.AMBIGUOUS))
    assert "Nov" not in text.replace("Nové", "")
    assert "1234560005" not in text


def test_an_old_payment_is_summed_but_does_not_hide_new_ones() -> None:
    old = payment(1, booked_on=pd.Timestamp("2026-09-01"))
    report = a_report(
        payments=table(PAYMENTS, [old]),
        verdicts=table(VERDICTS, [verdict(1, agenda, Reason.NO_DOCUMENT) for agenda in AGENDAS]),
    )
    assert report.to_look_at.empty
    assert "1,00" in markdown(report)
    assert len(replace(report, fresh=frozenset({"1"})).to_look_at) == 1


@given(st.text(max_size=200))
def test_text_from_outside_cannot_act_as_markup(text: str) -> None:
    shown = escaped(text)
    assert not re.search(r"[<>\n\r]", shown)
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]|#~!]", shown)
    assert "://" not in shown


@pytest.mark.parametrize("text", ['=HYPERLINK("x")', "+1+1", "-1+1", "@SUM(A1)", " =1", "\u202e=1"])
def test_text_that_a_spreadsheet_would_reckon_stays_text_in_the_report(text: str) -> None:
    assert escaped(text).startswith("\u2060")


def test_marks_of_direction_controls_and_half_characters_do_not_reach_the_report() -> None:
    shown = escaped("2601\u202e00\u2066\x1b[31m\x00\ud80001\nnext")
    assert not set(shown) & set("\u202e\u2066\x1b\x00\ud800\n")
    assert "\ufffd" in shown
    shown.encode()


def test_a_document_number_full_of_markup_stays_in_its_cell() -> None:
    changes = table(CHANGES, [change("<script>|**x** [a](http://evil.example)")])
    text = markdown(a_report(changes=changes, written=changes.assign(outcome="written", note="")))
    assert "<script>" not in text
    assert "](http" not in text
    [line] = [line for line in text.splitlines() if "script" in line]
    assert len(re.findall(r"(?<!\\)\|", line)) == 9


def test_the_report_says_why_a_document_was_not_written() -> None:
    changes = table(CHANGES, [change("260100001"), change("260100002"), change("260100003")])
    outcomes, notes = ["written", "refused", "left_out"], ["", BACK.note, ""]
    text = markdown(a_report(changes=changes, written=changes.assign(outcome=outcomes, note=notes)))
    _, _, why = text.partition("Proč se nezapsalo")
    assert f"| 260100002 | {BACK.note} |" in why
    assert "260100001" not in why
    assert "260100003" not in why


def test_the_report_of_a_trial_says_that_nothing_was_written() -> None:
    text = markdown(a_report(plan="a-run", changes=table(CHANGES, [change("2026001")])))
    assert "Zkušební běh" in text
    assert "Co by se změnilo" in text
    assert "1\u00a0500,50\u00a0CZK" in text


def test_what_failed_and_what_is_urgent_stands_before_the_numbers() -> None:
    report = a_report(
        failure="The release refuses updates", notes=[Note("consent", "Souhlas končí.", urgent=True)]
    )
    text = markdown(report)
    assert text.index("The release refuses updates") < text.index("Souhlas končí.") < text.index("Nové platby")


def test_a_note_that_quotes_the_other_side_cannot_act_as_markup() -> None:
    noted = Note("order", "Objednávka ![x](http://evil.example/a.png) www.evil.example a@evil.example")
    text = markdown(a_report(notes=[noted, Note("order", noted.text, urgent=True)]))
    assert "![x](" not in text
    assert not re.search(r"http://|www\.|a@evil", text)


def test_unreadable_records_are_named_with_their_cause() -> None:
    report = a_report(faults=[Fault("avizo.bbf:12", "chybí částka")], notes=[Note("info", "Vše v pořádku.")])
    text = markdown(report)
    assert "avizo.bbf:12" in text
    assert "chybí částka" in text
    assert "* Vše v pořádku." in text
    assert "nečitelné záznamy: 1" in summary(report)


def test_what_would_not_come_is_in_the_sentence_of_the_run_itself() -> None:
    text = "Tato avíza se nepodařilo stáhnout, další běh to zkusí znovu: a.bbf."
    assert "nepřišlo vše" in summary(a_report(notes=[Note("files_missed", text, incomplete=True)]))
    assert "nepřišlo vše" not in summary(
        a_report(notes=[Note("files_prepared", "Banka soubor ještě připravuje.")])
    )


def test_a_long_table_is_cut_and_says_how_much_is_missing() -> None:
    changes = table(CHANGES, [change(str(n)) for n in range(MOST_ROWS + 7)])
    assert "A dalších 7." in markdown(a_report(changes=changes, plan="a-run"))


def test_the_report_says_up_to_when_each_source_is_complete() -> None:
    rows = [
        {"source": SOURCE, "complete_until": pd.Timestamp("2026-11-22"), "last_recorded_at": None},
        {"source": "gopay:1", "complete_until": pd.NaT, "last_recorded_at": None},
    ]
    text = markdown(a_report(freshness=pd.DataFrame(rows), asked=Days(TODAY, TODAY)))
    assert "22.\u00a011.\u00a02026" in text
    assert "zatím nikdy" in text
    assert "2026-11-23" in text.splitlines()[0]


def test_suggestions_are_shown_as_suggestions() -> None:
    documents = table(
        DOCUMENTS, [{"agenda": "issued_invoice", "id": 5, "number": "2026005", "total": 1, "cancelled": False}]
    )
    rows = [
        {
            "source": SOURCE,
            "payment_id": "1",
            "agenda": "issued_invoice",
            "document_id": 5,
            "why": "symbol se liší jednou číslicí",
        }
    ]
    text = markdown(a_report(documents=documents, suggestions=pd.DataFrame(rows)))
    assert "Nic z toho se nezapisuje" in text
    assert "2026005" in text


@pytest.mark.parametrize("state", [State.OVERPAID, State.PAID_TWICE, State.UNDERPAID, State.AFTER_REFUND])
def test_a_document_that_is_not_simply_paid_has_its_own_line_with_the_reason(state: State) -> None:
    row = {"agenda": "issued_invoice", "document_id": 1, "number": "2026099", "currency": "CZK", "total": 100}
    wanted = table(WANTED, [{**row, "amount": 300, "count": 2, "paid": False, "state": state.value}])
    text = markdown(a_report(wanted=wanted))
    assert "2026099" in text
    assert STATE_TEXTS[state] in text


@pytest.mark.parametrize("policy", ["ask", "restore", "respect"])
def test_marks_changed_by_hand_are_shown_with_what_happens_to_them(policy: str) -> None:
    row = {"agenda": "issued_invoice", "document_id": 1, "number": "2026098", "currency": "CZK"}
    drift = table(DRIFTED, [{**row, "written_amount": 100, "written_count": 1, "written_paid": True}])
    text = markdown(a_report(drift=drift, drift_policy=policy))
    assert "2026098" in text
    assert DRIFT_TEXTS[policy] in text


def test_the_key_of_a_report_is_one_that_prefect_takes() -> None:
    assert key_of("uhrady", "gp-webpay", "Firma č. 1") == "uhrady-gp-webpay-firma-1"
