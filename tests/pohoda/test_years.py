"""Which databases a unit has, and how documents of several years become one table."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blocks.pohoda import Database, PohodaUnit
from sandbox.pohoda import AMOUNT_FIELD, SandboxPohoda
from sandbox.pohoda_system import list_units
from sandbox.world import Marks, Paper, World
from tasks.errors import SettingError, Unavailable
from tasks.pohoda import finding, sqlserver
from tasks.pohoda.finding import located, years
from tasks.pohoda.years import OLDER_IDS, of_older_year, read_years

DAY = dt.timedelta(days=1)
NEW_YEAR = dt.date(2026, 1, 10)
PAID = Paper("issued_invoice", 7, "250100007", 700_00, dt.date(2025, 12, 1), variable_symbol="250100007")
OPEN = Paper("issued_invoice", 9, "250100009", 900_00, dt.date(2025, 12, 20), variable_symbol="250100009")
SERIES = Paper("issued_invoice", 3, "FV00001", 30_00, dt.date(2025, 11, 3), variable_symbol="1")
OLD = (PAID, OPEN, SERIES)
NEW = (
    replace(OPEN, id=1),
    Paper("issued_invoice", 2, "260100001", 100_00, dt.date(2026, 1, 5), variable_symbol="260100001"),
    Paper("issued_invoice", 3, "FV00001", 99_00, dt.date(2026, 1, 8), variable_symbol="1"),
)


@pytest.fixture
def firm(tmp_path: Path) -> tuple[SandboxPohoda, SandboxPohoda]:
    old = SandboxPohoda.build(World(1, dt.date(2025, 12, 31), OLD, ()), tmp_path)
    return old, SandboxPohoda.build(World(1, NEW_YEAR, NEW, ()), tmp_path)


@pytest.fixture
def unit(firm: tuple[SandboxPohoda, SandboxPohoda], tmp_path: Path) -> PohodaUnit:
    typed = firm[1].unit("http://127.0.0.1:444", "sqlite://")
    return typed.model_copy(update={"database": list_units(tmp_path, firm)})


def names(unit: PohodaUnit) -> list[str]:
    return [Path(name).stem for name in (unit.database.name, *unit.database.older)]


def test_a_unit_is_found_by_its_company_number_and_the_day(unit: PohodaUnit) -> None:
    assert names(located(unit, NEW_YEAR)) == ["StwPh_12345678_2026", "StwPh_12345678_2025"]


def test_on_the_last_day_of_a_year_the_next_one_has_not_begun(unit: PohodaUnit) -> None:
    assert names(located(unit, dt.date(2025, 12, 31))) == ["StwPh_12345678_2025"]


def test_until_the_new_year_is_made_the_old_one_stays_the_present_one(unit: PohodaUnit, tmp_path: Path) -> None:
    (tmp_path / "StwPh_12345678_2026.db").unlink()
    assert names(located(unit, NEW_YEAR)) == ["StwPh_12345678_2025"]


def test_a_year_that_the_horizon_does_not_reach_is_left_alone(unit: PohodaUnit) -> None:
    short = unit.model_copy(update={"horizon_days": 5})
    assert names(located(short, NEW_YEAR)) == ["StwPh_12345678_2026"]


def test_a_typed_database_stays_as_it_is(unit: PohodaUnit) -> None:
    typed = unit.model_copy(
        update={"database": Database(server="S", name="StwPh_X_2026", older=["StwPh_X_2025"])}
    )
    assert located(typed, NEW_YEAR) == typed


def test_an_unknown_company_number_names_no_database(unit: PohodaUnit) -> None:
    with pytest.raises(SettingError, match="No database of this accounting unit"):
        located(unit.model_copy(update={"ico": "99999999"}), NEW_YEAR)


def test_two_databases_of_the_same_year_are_never_guessed_between(unit: PohodaUnit, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "StwPh_12345678_2025.db")) as connection, connection:
        connection.execute("UPDATE sKonfig SET DatRokOd = '2026-01-01', DatRokDo = '2026-12-31'")
    with pytest.raises(SettingError, match="StwPh_12345678_2025"):
        located(unit, NEW_YEAR)


def test_an_empty_range_of_days_means_the_calendar_year(unit: PohodaUnit, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "StwPh_12345678_2026.db")) as connection, connection:
        connection.execute("UPDATE sKonfig SET DatRokOd = NULL, DatRokDo = NULL")
    assert [year.first for year in years(unit, NEW_YEAR)] == [dt.date(2026, 1, 1), dt.date(2025, 1, 1)]


def test_a_document_carried_over_counts_once_as_it_stands_in_the_newer_year(unit: PohodaUnit) -> None:
    documents = read_years(located(unit, NEW_YEAR), NEW_YEAR)
    carried = documents[documents["number"] == OPEN.number]
    assert carried["id"].tolist() == [1]
    assert documents[~of_older_year(documents["id"])]["id"].tolist() == [1, 2, 3]


def test_what_stayed_in_the_old_year_is_read_with_ids_of_its_own(unit: PohodaUnit) -> None:
    documents = read_years(located(unit, NEW_YEAR), NEW_YEAR)
    assert documents[documents["number"] == PAID.number]["id"].tolist() == [OLDER_IDS + PAID.id]
    assert documents[documents["number"] == "FV00001"]["id"].tolist() == [3, OLDER_IDS + 3]


def test_an_old_year_without_the_fields_of_today_is_read_as_far_as_it_goes(
    unit: PohodaUnit, firm: tuple[SandboxPohoda, SandboxPohoda]
) -> None:
    firm[0].set_marks("issued_invoice", PAID.id, Marks(700_00, 1, True))
    catalogue = firm[0].path.with_name("StwPh_12345678_2025.catalogue.db")
    with closing(sqlite3.connect(catalogue)) as connection, connection:
        connection.execute("DELETE FROM COLUMNS WHERE COLUMN_NAME = ?", (AMOUNT_FIELD,))
    documents = read_years(located(unit, NEW_YEAR), NEW_YEAR)
    paid = documents[documents["number"] == PAID.number]
    assert paid["marked_amount"].isna().all()
    assert paid["marked_count"].tolist() == [1]


class Server:
    """SQL Server as far as finding a unit asks it: rows by statement and database, or an error."""

    def __init__(self, rows: dict[tuple[str, str], Any]) -> None:
        self.rows = rows
        self.asked: list[str] = []

    def opened(self, database: Database, **_: object) -> Any:
        self.asked.append(database.name)
        return _Connection(self, database.name)


class _Connection:
    def __init__(self, server: Server, database: str) -> None:
        self.server, self.database = server, database

    def cursor(self) -> Any:
        return self

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        self.found = self.server.rows[self.database, sql]
        if isinstance(self.found, Exception):
            raise self.found

    def fetchall(self) -> Any:
        return self.found

    def close(self) -> None:
        pass


@pytest.fixture
def at_server(monkeypatch: pytest.MonkeyPatch, unit: PohodaUnit) -> Callable[..., Server]:
    def opened(rows: dict[tuple[str, str], Any]) -> Server:
        server = Server(rows)
        monkeypatch.setattr(sqlserver, "opened", server.opened)
        return server

    return opened


NAME = "StwPh_12345678_202601"
WHOLE = dt.datetime(2026, 1, 1), dt.datetime(2026, 12, 31)  # noqa: DTZ001
FIRMA: Any = [(f"{NAME}.mdf ", "12345678 ", 2026, *WHOLE), ("StwPh_99_2026", "99", 2026, *WHOLE)]
KONFIG: Any = [("012345678 ", 2026, *WHOLE)]


def on_server(unit: PohodaUnit) -> PohodaUnit:
    return unit.model_copy(update={"database": Database(server="SERVER")})


def test_a_name_with_a_suffix_is_read_from_the_list_and_not_built(
    at_server: Callable[..., Server], unit: PohodaUnit
) -> None:
    at_server(
        {
            ("StwPh_sys", finding.LISTED): FIRMA,
            ("master", finding.ON_SERVER): [(NAME, "ONLINE", "MULTI_USER", 1)],
            (NAME, finding.CONFIRMED): KONFIG,
        }
    )
    assert located(on_server(unit), NEW_YEAR).database.name == NAME


def test_without_the_list_the_servers_databases_are_asked_who_they_are(
    at_server: Callable[..., Server], unit: PohodaUnit
) -> None:
    server = at_server(
        {
            ("StwPh_sys", finding.LISTED): driver_error("42000", "permission was denied (229)"),
            ("master", finding.ON_SERVER): [
                ("StwPh_sys", "ONLINE", "MULTI_USER", 1),
                ("StwPh_Novak", "ONLINE", "MULTI_USER", 1),
                ("StwPh_other", "ONLINE", "MULTI_USER", 1),
                ("StwPh_closed", "ONLINE", "MULTI_USER", 0),
            ],
            ("StwPh_Novak", finding.CONFIRMED): KONFIG,
            ("StwPh_other", finding.CONFIRMED): [("87654321", 2026, None, None)],
        }
    )
    assert located(on_server(unit), NEW_YEAR).database.name == "StwPh_Novak"
    assert "StwPh_closed" not in server.asked


@pytest.mark.parametrize(
    ("state", "access", "kind"),
    [
        ("ONLINE", "MULTI_USER", SettingError),
        ("RESTORING", "MULTI_USER", Unavailable),
        ("ONLINE", "SINGLE_USER", Unavailable),
    ],
)
def test_a_new_years_database_that_cannot_be_opened_says_why(
    state: str, access: str, kind: type[Exception], at_server: Callable[..., Server], unit: PohodaUnit
) -> None:
    at_server({("StwPh_sys", finding.LISTED): FIRMA, ("master", finding.ON_SERVER): [(NAME, state, access, 0)]})
    with pytest.raises(kind, match=NAME):
        located(on_server(unit), NEW_YEAR)


def driver_error(state: str, text: str) -> Exception:
    kind = type("ProgrammingError", (Exception,), {"__module__": "pyodbc"})
    return kind(state, f"[{state}] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]{text} (SQLExecDirectW)")
