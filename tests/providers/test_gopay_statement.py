"""Statements of GoPay as payments: what counts, what does not, and what is never believed."""

# ruff: noqa: E501 - lines of samples are as long as the provider makes them

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.gopay import GoPayAccount
from sandbox.gopay import Entry, GoPayServer
from tasks.days import PRAGUE, Days
from tasks.errors import BadRecord
from tasks.provider import Delivery
from tasks.providers.gopay import GoPay, Statements
from tasks.providers.gopay.csv_statement import amount_of, day_of
from tasks.tables import INCOMING, checked
from tests.providers.memories import Remembered

MARCH = Days(dt.date(2026, 3, 1), dt.date(2026, 3, 31))
LATER = dt.date(2026, 5, 1)
HEADING = (
    "ID pohybu;Datum;Typ;Protistrana;Subjekt/E-mail;Bank.účet - prefix;Bank.účet - číslo;Bank.účet - kód banky;"
    "ID objednávky/VS;Částka;Počáteční stav;Koncový stav;Měna;ID referenčního pohybu"
)
ROWS = """\
9100000101;02.03.2026 08:14;GOPAY-platba;516844******1207;petra.hruba@example.cz;;;;2026000145;1 250,00;0,00;1 250,00;CZK;
9100000102;02.03.2026 09:02;GOPAY-platba;"Šimon Černý; Brno";simon@example.cz;;2900123456;2010;0000000146;390,50;1 250,00;1 640,50;CZK;
9100000103;03.03.2026 17:45;GOPAY-platba;427511******9930;;;;;WEB-2026-0147;12 499,00;1 640,50;14 139,50;CZK;
9100000104;04.03.2026 10:00;GOPAY-storno-platby;GOPAY;;;;;2026000145;-250,00;14 139,50;13 889,50;CZK;9100000101
9100000105;04.03.2026 10:00;GOPAY-storno-popl;GOPAY;;;;;2026000145;-5,00;13 889,50;13 884,50;CZK;9100000104
9100000106;05.03.2026 06:01;GOPAY-vyuctovani;1234567890/0800;;;1234567890;0800;2026000146;-9 000,00;13 884,50;4 884,50;CZK;
9100000107;05.03.2026 06:01;GOPAY-popl;GOPAY;;;;;2026000146;-31,40;4 884,50;4 853,10;CZK;
9100000108;06.03.2026 12:30;GOPAY-platba;Petra Hrubá;petra.hruba@example.cz;;;;2026000145;250,00;4 853,10;5 103,10;CZK;
"""
SAMPLE = f"{HEADING}\n{ROWS}".replace("\n", "\r\n")
ABO = """\
0740000008123456789UCET CZK            01032600000000000000+00000000510310+00000000928640-00000001438950+000310326
0750000008123456789000000000000000000091000001010000001250002202600014500000000000000000000020326GOPAY-PLATBA        01102020326
0750000008123456789000000290012345600091000001020000000390502000000014600201000000000000000020326GOPAY-PLATBA        01102020326
0750000008123456789000000000000000000091000001030000012499002000000000000000000000000000000030326GOPAY-PLATBA        01102030326
0750000008123456789000000000000000000091000001040000000250001202600014500000000000000000000040326GOPAY-STORNO-PLATBY 01101040326
0750000008123456789000000000000000000091000001050000000005001202600014500000000000000000000040326GOPAY-STORNO-POPL   01101040326
0750000008123456789000000123456789000091000001060000009000001202600014600080000000000000000050326GOPAY-VYUCTOVANI    01101050326
0750000008123456789000000000000000000091000001070000000031401202600014600000000000000000000050326GOPAY-POPL          01101050326
0750000008123456789000000000000000000091000001080000000250002202600014500000000000000000000060326GOPAY-PLATBA        01102060326
""".replace("\n", "\r\n")


def account(**settings: object) -> GoPayAccount:
    given: dict[str, object] = {"goid": "8123456789", "client_id": "1061399163", "client_secret": "s3cret-value"}
    return GoPayAccount.model_validate(given | settings)


def delivered(text: str | bytes, form: str = "CSV_B", currency: str = "CZK", **settings: object) -> Delivery:
    body = text if isinstance(text, bytes) else text.encode("cp1250")
    raw = Statements(MARCH, LATER, form, ((currency, body),))
    return GoPay(account(**settings), Remembered()).normalize(raw)


def one(*cells: str, heading: str = HEADING) -> Delivery:
    return delivered(f"{heading}\r\n{';'.join(cells)}\r\n")


def row(
    order: str = "145", amount: str = "100,00", kind: str = "GOPAY-platba", day: str = "02.03.2026"
) -> list[str]:
    return ["7", day, kind, "", "", "", "", "", order, amount, "", "", "CZK", ""]


def net(payments: pd.DataFrame, symbol: str) -> int:
    return int(payments.loc[payments["variable_symbol"] == symbol, "amount"].sum())


@pytest.mark.parametrize("encoding", ["cp1250", "utf-8", "utf-8-sig"])
def test_the_sample_gives_its_sums_in_every_encoding(encoding: str) -> None:
    found = delivered(SAMPLE.encode(encoding))
    payments = checked(INCOMING, found.payments)
    assert len(payments) == 8
    assert net(payments, "2026000145") == 125000
    assert net(payments, "146") == 39050
    assert payments.loc[payments["reference"] == "WEB-2026-0147", "amount"].tolist() == [1249900]
    counted = payments[(payments["variable_symbol"] == "2026000145") & (payments["kind"] == "card")]
    assert counted["amount"].tolist() == [125000, 25000]
    assert payments["amount"].clip(lower=0).sum() == 1438950
    assert payments["amount"].clip(upper=0).sum() == -928640
    assert found.faults == ()
    assert found.notes == ()
    assert found.covered == tuple(MARCH)


def test_payouts_and_fees_carry_no_symbol_and_no_reference() -> None:
    payments = delivered(SAMPLE).payments
    others = payments[payments["kind"].isin(["fee", "settlement"])]
    assert others["payment_id"].tolist() == ["9100000105", "9100000106", "9100000107"]
    assert others[["variable_symbol", "reference", "reverses"]].isna().all(axis=None)
    assert net(payments, "2026000146") == 0


def test_a_refund_names_the_payment_that_it_takes_back() -> None:
    payments = delivered(SAMPLE).payments.set_index("payment_id")
    refund = payments.to_dict("index")["9100000104"]
    assert (refund["kind"], refund["amount"], refund["reverses"]) == ("refund", -25000, "9100000101")


def test_the_payers_account_is_kept_and_his_name_stays_in_the_raw_record() -> None:
    payments = delivered(SAMPLE).payments.set_index("payment_id")
    assert payments.loc["9100000102", "counterparty"] == "2900123456/2010"
    assert "Šimon" not in str(payments.drop(columns="raw"))


def test_the_abo_sample_gives_the_same_sums_and_identities() -> None:
    found = delivered(ABO, "ABO_A")
    assert net(found.payments, "2026000145") == 125000
    assert net(found.payments, "146") == 39050
    assert net(found.payments, "2026000146") == 0
    assert set(found.payments["payment_id"]) == set(delivered(SAMPLE).payments["payment_id"])
    web = found.payments[found.payments["payment_id"] == "9100000103"]
    assert web["amount"].tolist() == [1249900]
    assert web[["variable_symbol", "reference"]].isna().all(axis=None)
    assert (found.faults, found.covered) == ((), tuple(MARCH))


@pytest.mark.parametrize(
    ("damage", "cause"),
    [
        (lambda lines: lines[:-1], "nedávají dohromady"),
        (lambda lines: [*lines[:-1], lines[-1][:60]], "nemá tvar"),
        (lambda lines: [lines[0], lines[1].replace("020326GOPAY", "310226GOPAY"), *lines[2:]], "Datum"),
        (lambda lines: lines[1:], "hlavičkou"),
        (lambda lines: [], "hlavičkou"),
    ],
)
def test_an_abo_file_that_is_not_whole_covers_no_day(
    damage: Callable[[list[str]], list[str]], cause: str
) -> None:
    found = delivered("\r\n".join(damage([str(line) for line in ABO.splitlines()])), "ABO_A")
    assert found.covered == ()
    assert any(cause in fault.cause for fault in found.faults)


def test_an_abo_account_with_a_prefix_keeps_it() -> None:
    prefixed = ABO.replace("0000001234567890", "0000191234567890")
    assert "19-1234567890/0800" in set(delivered(prefixed, "ABO_A").payments["counterparty"].dropna())


def test_a_heading_alone_is_a_statement_without_movements() -> None:
    found = delivered(f"{HEADING}\r\n")
    assert len(found.payments) == 0
    assert found.covered == tuple(MARCH)


@pytest.mark.parametrize("language", ["cs", "sk", "en"])
def test_headings_of_other_languages_and_columns_in_another_order_give_the_same(language: str) -> None:
    entries = [
        Entry(11, dt.datetime(2026, 3, 2, 8, 14, tzinfo=PRAGUE), "GOPAY-platba", "145", 12500, takes_back=None)
    ]
    text = GoPayServer(entries, language=language).file("CSV_B", MARCH.first, MARCH.last).decode("cp1250")
    turned = "\r\n".join(";".join(reversed(line.split(";"))) for line in text.splitlines()) + "\r\n"
    for spelling in (text, turned):
        found = delivered(spelling)
        assert net(found.payments, "145") == 12500
        assert found.faults == ()


def test_a_column_that_is_not_known_and_one_that_is_missing_do_not_matter() -> None:
    heading = HEADING.replace("Protistrana", "Novinka").replace(";ID referenčního pohybu", "")
    assert net(one(*row()[:-1], heading=heading).payments, "145") == 10000
    assert (
        net(one(*row(), heading=HEADING.replace("ID objednávky/VS", "ID objednávky / VS")).payments, "145")
        == 10000
    )


def test_a_heading_of_the_shops_own_can_be_set_in_the_block() -> None:
    text = f"{HEADING.replace('Částka', 'Obnos')}\r\n{';'.join(row())}\r\n"
    assert "amount" in delivered(text).faults[0].cause
    assert net(delivered(text, headings={"obnos": "amount"}).payments, "145") == 10000


@pytest.mark.parametrize(
    "text",
    [
        SAMPLE.replace(";", ","),
        SAMPLE.replace("ID pohybu;", "", 1),
        SAMPLE.replace("Protistrana", "Datum", 1),
        HEADING[:-30],
        HEADING.replace(";ID referenčního pohybu", ""),
        "něco jiného",
    ],
)
def test_a_file_without_the_needed_columns_is_no_empty_statement(text: str) -> None:
    found = delivered(text)
    assert len(found.payments) == 0
    assert len(found.faults) == 1
    assert found.covered == ()


@pytest.mark.parametrize(
    "day", ["2. 3. 2026", "02.03.2026", "02.03.2026 08:14:59", "2026-03-02T08:14:00", "2026-03-02"]
)
def test_dates_are_read_in_all_their_spellings(day: str) -> None:
    assert day_of(day) == dt.date(2026, 3, 2)


def test_a_moment_with_a_zone_is_a_day_in_prague() -> None:
    assert day_of("2026-03-01T23:30:00+00:00") == dt.date(2026, 3, 2)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1250,00", 125000),
        ("1 250,00", 125000),
        ("1\u00a0250,00", 125000),
        ("1\u202f250,00", 125000),
        ("1.250,00", 125000),
        ("1,250.00", 125000),
        ("1250.00", 125000),
        ("+250,00", 25000),
        ("\u2212250,00", -25000),
        ("-5,5", -550),
        ("7", 700),
    ],
)
def test_amounts_are_read_in_all_their_spellings(text: str, amount: int) -> None:
    assert amount_of(text) == amount


@pytest.mark.parametrize("text", ["", "1.250", "1,250", "12,345", "1 25,00", "1e3", "NaN", "--5", "5-", "1_0"])
def test_an_amount_that_could_mean_two_things_is_not_read(text: str) -> None:
    with pytest.raises(BadRecord):
        amount_of(text)


@settings(deadline=None, max_examples=50)
@given(st.integers(-(10**11), 10**11))
def test_every_amount_comes_back_from_its_spelling(amount: int) -> None:
    whole = f"{abs(amount) // 100:,}".replace(",", "\u00a0")
    assert amount_of(f"{'-' if amount < 0 else ''}{whole},{abs(amount) % 100:02d}") == amount


def test_an_order_number_keeps_its_spelling_and_gives_a_symbol_when_it_is_digits() -> None:
    found = one(*row(order=" 2026 000145 ")).payments.iloc[0]
    assert (found["variable_symbol"], found["reference"]) == ("2026000145", "2026 000145")
    longest = one(*row(order='"' + "a;b" * 40 + '"')).payments.iloc[0]
    assert pd.isna(longest["variable_symbol"])
    assert longest["reference"].startswith("a;b")
    assert one(*row(order="")).payments[["variable_symbol", "reference"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("kind", "amount", "expected"),
    [
        ("gopay-PLATBA", "1,00", "card"),
        ("GOPAY-dobití-účtu", "1,00", "settlement"),
        ("Platba", "1,00", "card"),
        ("Poplatek za platbu", "-1,00", "fee"),
        ("Výplata na účet", "-1,00", "settlement"),
        ("Vyúčtování", "-1,00", "settlement"),
        ("Storno", "-1,00", "refund"),
        ("Vrácení peněz", "-1,00", "refund"),
        ("BLOKACE POHYBU", "-1,00", "other"),
        ("GOPAY-nesparovane / chybny VS", "1,00", "other"),
        ("GOPAY-bonus", "100,00", "other"),
    ],
)
def test_types_are_told_apart_before_anything_else(kind: str, amount: str, expected: str) -> None:
    found = one(*row(kind=kind, amount=amount))
    assert found.payments["kind"].tolist() == [expected]
    assert found.payments["reference"].notna().tolist() == [expected in ("card", "refund")]


def test_a_movement_that_is_not_counted_is_named_without_its_free_text() -> None:
    notes = one(*row(kind="GOPAY-nesparovane / Petra Hrubá")).notes
    assert [(note.code, note.urgent) for note in notes] == [("movement_not_counted", True)]
    assert "Petra" not in notes[0].text
    assert [note.code for note in one(*row(kind="Platba")).notes] == ["movement_type_guessed"]


@pytest.mark.parametrize(
    "cells",
    [
        row(amount="-100,00"),
        row(kind="GOPAY-storno-platby"),
        row(amount="sto"),
        ["", *row()[1:]],
        [*row()[:12], "EUR", ""],
    ],
)
def test_a_row_that_is_not_believed_leaves_its_day_open_and_the_others_closed(cells: list[str]) -> None:
    found = one(*cells)
    assert len(found.payments) == 0
    assert len(found.faults) == 1
    assert set(MARCH) - set(found.covered) == {dt.date(2026, 3, 2)}


def test_a_row_without_a_readable_day_leaves_all_days_open() -> None:
    found = one(*row(day="včera"))
    assert (len(found.faults), found.covered) == (1, ())


def test_a_movement_told_twice_counts_once_and_told_differently_not_at_all() -> None:
    line = ";".join(row())
    assert len(delivered(f"{HEADING}\r\n{line}\r\n{line}\r\n").payments) == 1
    found = delivered(f"{HEADING}\r\n{line}\r\n{line.replace('100,00', '900,00')}\r\n")
    assert len(found.payments) == 0
    assert "dvakrát" in found.faults[0].cause
    assert dt.date(2026, 3, 2) not in found.covered


def test_balances_that_do_not_follow_are_a_warning() -> None:
    lines = SAMPLE.splitlines(keepends=True)
    found = delivered("".join(lines[:3] + lines[4:]))
    assert [(note.code, note.urgent) for note in found.notes] == [("balance_mismatch", True)]
    assert len(found.payments) == 7


@pytest.mark.parametrize("newest_first", [False, True])
def test_the_days_among_which_a_movement_is_missing_stay_open(newest_first: bool) -> None:
    heading, *rows = SAMPLE.splitlines(keepends=True)
    rest = rows[:2] + rows[3:]
    found = delivered("".join([heading, *(reversed(rest) if newest_first else rest)]))
    assert set(MARCH) - set(found.covered) == {dt.date(2026, 3, day) for day in (2, 3, 4)}
    assert "2026-03-02..2026-03-04" in found.notes[0].text


def test_a_row_whose_own_balances_do_not_fit_its_amount_leaves_its_day_open() -> None:
    found = delivered(SAMPLE.replace("-250,00;14 139,50", "-240,00;14 139,50"))
    assert set(MARCH) - set(found.covered) == {dt.date(2026, 3, 4)}


def test_a_row_that_cannot_be_read_is_told_once_and_not_as_a_gap_of_balances_too() -> None:
    found = delivered(SAMPLE.replace("03.03.2026 17:45;GOPAY-platba", "03.03.2026 17:45;GOPAY-platba;"))
    assert (len(found.faults), found.notes) == (1, ())
    assert dt.date(2026, 3, 3) not in found.covered


def test_a_statement_with_the_newest_row_first_is_in_order_too() -> None:
    heading, *rows = SAMPLE.splitlines(keepends=True)
    assert delivered("".join([heading, *reversed(rows)])).notes == ()


def test_a_null_in_texts_stops_nothing() -> None:
    found = delivered(SAMPLE.replace("petra.hruba@example.cz", "a\x00b").replace("WEB-2026-0147", "WEB\x00"))
    assert (len(found.payments), found.faults) == (8, ())


def test_a_page_of_quotes_that_never_closes_is_a_fault() -> None:
    found = delivered(f'{HEADING}\r\n7;02.03.2026;"{"x" * 200_000}')
    assert (len(found.faults), found.covered) == (1, ())


@settings(deadline=None, max_examples=50)
@given(st.integers(1, len(SAMPLE.encode("cp1250")) - 1))
def test_a_file_cut_anywhere_never_gives_an_amount_that_is_not_in_the_whole_one(length: int) -> None:
    cut = delivered(SAMPLE.encode("cp1250")[:length])
    whole = delivered(SAMPLE).payments.set_index("payment_id")["amount"].to_dict()
    assert all(whole[id] == amount for id, amount in cut.payments.set_index("payment_id")["amount"].items())
    at_a_row = (
        SAMPLE[:length].endswith("\n") or SAMPLE[length:].startswith("\r\n") or SAMPLE[:length].endswith("\r")
    )
    assert bool(cut.covered) <= (at_a_row or SAMPLE[:length].rpartition(";")[2].strip().isdigit())


def test_two_currencies_are_complete_only_together() -> None:
    euro = SAMPLE.replace(";CZK;", ";EUR;").replace("91000001", "92000001").encode("cp1250")
    both = Statements(MARCH, LATER, "CSV_B", (("CZK", SAMPLE.encode("cp1250")), ("EUR", euro)))
    provider = GoPay(account(currencies=["CZK", "EUR"]), Remembered())
    found = provider.normalize(both)
    assert found.payments.groupby("currency")["amount"].sum().to_dict() == {"CZK": 510310, "EUR": 510310}
    broken = Statements(MARCH, LATER, "CSV_B", (("CZK", SAMPLE.encode("cp1250")), ("EUR", b"?")))
    assert provider.normalize(broken).covered == ()


def test_days_in_which_something_late_can_still_appear_are_not_complete() -> None:
    raw = Statements(MARCH, dt.date(2026, 3, 10), "CSV_B", (("CZK", SAMPLE.encode()),))
    assert GoPay(account(), Remembered()).normalize(raw).covered[-1] == dt.date(2026, 3, 6)


def test_a_mixed_encoding_still_gives_the_amounts() -> None:
    heading, *rows = SAMPLE.splitlines(keepends=True)
    mixed = heading.encode("utf-8") + "".join(rows).encode("cp1250")
    assert net(delivered(mixed).payments, "2026000145") == 125000


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({"goid": "abc"}, "číslic"),
        ({"currencies": ["koruny"]}, "třípísmennými"),
        ({"address": "http://gate.gopay.cz/api"}, "https://"),
        ({"address": "https://gate.gopay.com/gp-gw/api/4.0"}, "verze 4"),
    ],
)
def test_the_block_says_what_to_do_about_a_wrong_setting(settings: dict[str, object], hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        account(**settings)
