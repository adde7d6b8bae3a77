"""What the check finds out, area by area, of a SQL Server that answers as it is told and of a ledger."""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from blocks.backup import Backup
from blocks.pohoda import Agenda, Database, MServer, PohodaUnit
from tasks.checking import Finding, failed
from tasks.checking import backup as allowed
from tasks.checking import database as areas
from tasks.checking.accounts import account_findings, news_of_account
from tasks.checking.backup import backup_findings
from tasks.checking.czech import MEANINGS
from tasks.checking.database import database_findings
from tasks.checking.ledger import QUIET_DAYS, last_complete, ledger_findings
from tasks.checking.memory import Scratch
from tasks.days import ONE_DAY, prague_day
from tasks.errors import Refused, SettingError, Unavailable
from tasks.ledger import Ledger
from tasks.pohoda import catalogue, fields, rights, sqlserver
from tasks.provider import Delivery, Note
from tasks.reporting.check import check_key, check_markdown, check_summary

TODAY = dt.date(2026, 3, 4)
NOW = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)
PRODUCT = Path(__file__).resolve().parents[1]
ANSWERS: dict[str, Any] = {
    catalogue.CONFIGURATION: [("12345678", 2026, "Firma")],
    catalogue.VERSIONS: [("14", "14000")],
    areas.SERVER: [("16.0.1000", "Express Edition (64-bit)", "Czech_CI_AS", 1250, False, "SIMPLE")],
    rights.RIGHTS: [],
    areas.LOCKS: [(2,)],
    fields.REGISTRY: [("Nazev",)],
    fields.LABELS: [("FA", "VPrUhrazeno", "Uhrazeno"), ("OBJ", "VPrAno", "Zaplaceno celé")],
    catalogue.COLUMNS: [("FA", "VPrUhrazeno", "money"), ("FA", "VPrPocet", "int"), ("OBJ", "VPrAno", "bit")],
}
UNIT = PohodaUnit(
    ico="12345678",
    database=Database(server="SERVER", name="StwPh_12345678_2026", older=["StwPh_12345678_2025"]),
    mserver=MServer.model_validate({"user": "u", "password": "heslo"}),
    issued_invoices=Agenda(amount_field="vpruhrazeno"),
    advance_invoices=Agenda(active=False),
)

Look = Callable[..., dict[str, Finding]]


class Connection:
    """Answers each statement as told; an error is raised as the driver would."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers = answers

    def cursor(self) -> Any:
        return self

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        self._found = self._answers[sql]
        if isinstance(self._found, Exception):
            raise self._found

    def fetchall(self) -> Any:
        return self._found

    def close(self) -> None:
        pass


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Look:
    """The findings by their names, with some of the server's answers changed."""

    def at(changed: dict[str, Any], unit: PohodaUnit = UNIT) -> dict[str, Finding]:
        monkeypatch.setattr(sqlserver, "opened", lambda *_, **__: Connection({**ANSWERS, **changed}))
        return {finding.name: finding for finding in database_findings(unit, TODAY)}

    return at


def driver_error(text: str) -> Exception:
    kind = type("ProgrammingError", (Exception,), {"__module__": "pyodbc"})
    return kind("42000", f"[42000] [Microsoft][SQL Server]{text}")


def test_a_sound_server_is_described_and_only_the_agenda_without_fields_is_doubtful(look: Look) -> None:
    found = look({})
    assert {name for name, finding in found.items() if finding.state != "ok"} == {
        "Přijatá objednávka: pole úhrad"
    }
    assert "uhrazeno vše = VPrAno („Zaplaceno celé“)" in found["Přijatá objednávka: pole úhrad"].next_step
    assert "Czech_CI_AS" in found["Řazení a kódová stránka"].evidence
    assert "server nevydal žádné právo" in found["Práva loginu ke čtení"].cause
    assert found["Zámky dokladů"].evidence.endswith("2")
    assert "Minulý rok 2026" in found
    assert "server nevydal žádné právo" in found["Práva loginu ke čtení, rok 2026"].cause


@pytest.mark.parametrize(
    "right", [("general", None, "db_owner"), ("table", "dbo.AD", "DELETE"), ("column", "FA", "VPrUhrazeno")]
)
def test_a_reading_login_that_could_write_is_wrong_whatever_lets_it(right: Any, look: Look) -> None:
    finding = look({rights.RIGHTS: [right]})["Práva loginu ke čtení"]
    assert finding.state == "wrong"
    assert right[2] in finding.evidence


@pytest.mark.parametrize(
    ("may", "verify", "state", "said"),
    [
        ((1, 1), True, "ok", "smí databázi zálohovat"),
        ((1, 0), True, "wrong", "nesmí ověřit"),
        ((1, None), False, "ok", "smí databázi zálohovat"),
        ((0, 1), True, "wrong", "zálohovat nesmí"),
    ],
)
def test_rights_to_back_up_are_looked_at_in_every_database_that_is_backed_up(
    may: Any, verify: bool, state: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    logins: list[tuple[str, str]] = []

    def opened(database: Database, **_: object) -> Connection:
        logins.append((database.name, database.login))
        return Connection({allowed.ALLOWED: [may]})

    monkeypatch.setattr(sqlserver, "opened", opened)
    backup = Backup.model_validate({"folder": "D:\\Z", "verify": verify, "login": "zalohy", "password": "heslo"})
    found = backup_findings(UNIT.model_copy(update={"backup": backup}))
    assert [(f.name, f.state) for f in found] == [(name, state) for name, _ in logins]
    assert logins == [(name, "zalohy") for name in (UNIT.database.name, *UNIT.database.older, "StwPh_sys")]
    assert all(said in f.cause for f in found)
    assert backup_findings(UNIT) == []


def test_another_code_page_and_another_year_are_for_a_person_to_judge(look: Look) -> None:
    server = [("16", "Standard", "Latin1_General_CI_AS", 1252, True, "FULL")]
    found = look({areas.SERVER: server, catalogue.CONFIGURATION: [("12345678", 2025, "Firma")]})
    assert found["Řazení a kódová stránka"].state == "warning"
    assert found["Účetní jednotka"].state == "warning"
    assert "RCSI" in found["SQL Server"].evidence


def test_one_look_that_fails_does_not_hide_the_others(look: Look) -> None:
    found = look({areas.LOCKS: driver_error("The SELECT permission was denied on the object. (229)")})
    assert found["Zámky dokladů"].state == "wrong"
    assert found["Zámky dokladů"].next_step
    assert found["Práva loginu ke čtení"].state == "ok"
    assert found["Vydaná faktura: uhrazená částka"].state == "ok"


def test_without_any_suitable_field_a_person_is_told_to_make_one(look: Look) -> None:
    unit = UNIT.model_copy(update={"issued_invoices": Agenda(paid_field="VPrUhrazVse")})
    finding = look({}, unit)["Vydaná faktura: uhrazeno vše"]
    assert finding.state == "wrong"
    assert "Ano/Ne" in finding.next_step
    nothing = look({catalogue.COLUMNS: []})["Přijatá objednávka: pole úhrad"]
    assert "žádné vhodné" in nothing.evidence


@pytest.mark.parametrize("statement", [areas.SERVER, areas.LOCKS, rights.RIGHTS])
def test_statements_are_t_sql_that_only_read(statement: str) -> None:
    parsed = sqlglot.parse_one(statement, read="tsql")
    assert isinstance(parsed, exp.Select | exp.Union)
    assert not list(parsed.find_all(exp.Insert, exp.Update, exp.Delete))


@pytest.mark.parametrize("meaning", MEANINGS, ids=lambda meaning: meaning[0])
def test_every_meaning_is_of_an_error_that_the_product_raises(meaning: tuple[str, str, str]) -> None:
    files = [*(PRODUCT / "tasks").rglob("*.py"), *(PRODUCT / "flows").glob("*.py")]
    texts = [file.read_text(encoding="utf-8") for file in files if file.name != "czech.py"]
    part, cause, next_step = meaning
    said = part.removeprefix("mServer ").removeprefix("Comgate ")
    assert any(said in re.sub(r'"\s+f?"', "", text) for text in texts)
    assert cause.endswith(".")
    assert next_step.endswith(".")


def test_an_error_without_words_of_its_own_is_quoted_whole() -> None:
    finding = failed("Účty", "x", Refused("Something odd", evidence="HTTP 418"))
    assert "Something odd" in finding.evidence
    assert finding.next_step
    assert failed("Účty", "x", Unavailable("Something odd")).cause == "Teď to nejde zjistit."


def test_a_ledger_tells_its_size_and_its_age(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{(tmp_path / 'ledger.db').as_posix()}") as ledger:
        found = {f.name: f.state for f in ledger_findings(ledger, NOW)}
        assert list(found) == ["Celistvost", "Zálohy", "Stáří", "Místo na disku"]
        assert set(found.values()) <= {"ok", "warning"}
        ledger.record("fio:1", Delivery(), run="r", at=NOW)
        news = {f.name: f for f in ledger_findings(ledger, NOW)}["Stáří"]
        assert "4.03.2026" in news.evidence.replace("04.", "4.")
        late = NOW + dt.timedelta(days=QUIET_DAYS, seconds=1)
        assert {f.name: f.state for f in ledger_findings(ledger, late)}["Stáří"] == "warning"


def test_a_ledger_that_is_no_longer_copied_or_was_restored_is_told(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    address = f"sqlite:///{file.as_posix()}"
    Ledger.open(address).close()
    file.unlink()
    now = dt.datetime.now(dt.UTC)
    with Ledger.open(address) as ledger:
        told = {f.name: f for f in ledger_findings(ledger, now)}
        assert "obnovila se z vlastní zálohy" in told["Obnova"].cause
        assert told["Zálohy"].state == "ok"
        later = {f.name: f.state for f in ledger_findings(ledger, now + dt.timedelta(days=10))}
    assert later["Zálohy"] == "warning"
    assert "Obnova" not in later


@pytest.mark.parametrize(
    ("free", "state"), [(5_000_000_000, "ok"), (4_999_999_999, "warning"), (999_999_999, "wrong"), (0, "wrong")]
)
def test_a_disk_that_fills_up_is_told_before_it_is_full(
    free: int, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    with Ledger.open(f"sqlite:///{(tmp_path / 'ledger.db').as_posix()}") as ledger:
        finding = ledger_findings(ledger, NOW)[-1]
    assert (finding.name, finding.state) == ("Místo na disku", state)
    assert (finding.code == "disk_full") == (state != "ok")


def test_an_account_is_complete_until_its_first_gap_or_its_last_look(tmp_path: Path) -> None:
    today = prague_day(NOW)
    with Ledger.open(f"sqlite:///{(tmp_path / 'ledger.db').as_posix()}") as ledger:
        assert last_complete(ledger, "fio:1", today) is None
        ledger.record("fio:1", Delivery(), run="r", at=NOW - 3 * ONE_DAY)
        assert last_complete(ledger, "fio:1", today) == today - 3 * ONE_DAY
        covered = tuple(today - n * ONE_DAY for n in (10, 9, 8, 5, 4))
        ledger.record("fio:1", Delivery(covered=covered), run="r", at=NOW)
        assert last_complete(ledger, "fio:1", today) == today - 8 * ONE_DAY
        assert last_complete(ledger, "fio:1", today + 60 * ONE_DAY) == today - 8 * ONE_DAY


@pytest.mark.parametrize(("days", "state"), [(None, "ok"), (4, "ok"), (5, "wrong")])
def test_data_are_late_after_as_many_days_as_the_account_says(days: int | None, state: str) -> None:
    today = prague_day(NOW)
    last = None if days is None else today - days * ONE_DAY
    finding = news_of_account("fio/fio", last, 4, today)
    assert finding.state == state
    assert (finding.code == "source_late") == (state == "wrong")


def test_a_damaged_ledger_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    with Ledger.open(f"sqlite:///{file.as_posix()}") as ledger:
        ledger.record("fio:1", Delivery(), run="r", at=NOW)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET rootpage = 3 WHERE name = 'payments_booked_on'")
        connection.commit()
    with Ledger.open(f"sqlite:///{file.as_posix()}") as ledger:
        (finding,) = ledger_findings(ledger, NOW)
    assert finding.state == "wrong"
    assert finding.evidence


@dataclass
class Account:
    """A provider as far as the check asks it."""

    notes: list[Note]
    error: Exception | None = None
    source = "bank:1"

    def expiries(self, today: dt.date) -> list[Note]:
        return self.notes

    def probe(self) -> list[Note]:
        if self.error:
            raise self.error
        return [Note("reachable", "Banka odpověděla.")]


@pytest.mark.parametrize(("urgent", "state"), [(True, "wrong"), (False, "warning")])
def test_what_ends_soon_is_told_by_its_urgency(urgent: bool, state: str) -> None:
    account = Account([Note("token_expires", "Token skončí.", urgent=urgent)])
    assert [f.state for f in account_findings("fio/a", lambda: account, TODAY)] == [state, "ok"]


def test_an_account_that_fails_is_told_with_its_next_step() -> None:
    account = Account([], SettingError("Fio banka does not know the token", evidence="HTTP 500"))
    (finding,) = account_findings("fio/a", lambda: account, TODAY)
    assert (finding.state, finding.cause, finding.evidence) == ("wrong", "Banka token nezná.", "HTTP 500")


def test_a_provider_that_cannot_be_tried_is_said_so() -> None:
    class Silent:
        source = "bank:2"

        def expiries(self, today: dt.date) -> list[Note]:
            return []

    (finding,) = account_findings("bank/a", Silent, TODAY)
    assert (finding.state, finding.evidence) == ("ok", "bank:2")


def test_scratch_remembers_for_one_check_alone() -> None:
    scratch = Scratch()
    scratch.remember_capability("a", "b")
    scratch.wait_turn("key", 3600)
    assert (scratch.capability("a"), scratch.capability("c"), scratch.cursor("s", "n")) == ("b", None, None)


def test_the_report_begins_with_what_is_wrong_and_holds_no_markup_from_outside() -> None:
    found = [
        Finding("Databáze", "A", "ok", "Dobře."),
        Finding("Databáze", "B", "wrong", "Špatně.", "<b>|x</b>", "Opravte."),
    ]
    told = check_markdown("Firma & syn", found)
    assert told.index("## Špatně") < told.index("## V pořádku")
    assert "<b>" not in told
    assert check_summary(found) == "Špatně: 1, k posouzení: 0, v pořádku: 1"
    assert check_key("Firma & syn") == "kontrola-firma-syn"


def test_without_user_fields_the_notes_are_possible_and_the_internal_one_is_suggested(look: Look) -> None:
    columns = {catalogue.COLUMNS: [("OBJ", "Pozn", "text"), ("OBJ", "Pozn2", "text")], fields.REGISTRY: []}
    finding = look(columns)["Přijatá objednávka: pole úhrad"]
    assert "Pozn2 („Interní poznámka“), řádek v textu; Pozn („Poznámka“), řádek v textu" in finding.evidence
    assert "uhrazená částka = Pozn2 („Interní poznámka“); počet plateb = Pozn2" in finding.next_step
    assert "edicí E1" in finding.next_step
    by_sql = look(columns, UNIT.model_copy(update={"writer": "sql"}))["Přijatá objednávka: pole úhrad"]
    assert "žádné vhodné" in by_sql.evidence


def test_possible_fields_are_told_with_their_kind_and_label_also_where_all_is_set(look: Look) -> None:
    found = look({})["Vydaná faktura: možná pole"]
    assert found.state == "ok"
    assert found.evidence == "možná pole: VPrPocet, Číslo (celé); VPrUhrazeno („Uhrazeno“), Měna"


def test_a_note_that_holds_marks_is_right_and_one_that_is_not_there_is_wrong(look: Look) -> None:
    unit = UNIT.model_copy(update={"issued_invoices": Agenda(amount_field="Pozn2", paid_field="Pozn2")})
    there = look({catalogue.COLUMNS: [("FA", "Pozn2", "text")]}, unit)["Vydaná faktura: uhrazená částka"]
    assert there.state == "ok"
    assert "řádek" in there.cause
    assert look({catalogue.COLUMNS: []}, unit)["Vydaná faktura: uhrazeno vše"].state == "wrong"


def test_a_missing_user_field_leads_to_the_note_where_there_is_none_of_its_kind(look: Look) -> None:
    missing = look({catalogue.COLUMNS: [("FA", "Pozn2", "text")]})["Vydaná faktura: uhrazená částka"]
    assert missing.state == "wrong"
    assert missing.next_step.endswith("Bez edice E1 použijte Pozn2 („Interní poznámka“).")
