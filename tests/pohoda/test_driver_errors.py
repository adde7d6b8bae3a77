"""Every way in which a database says no becomes the right kind of error, without the password."""

from __future__ import annotations

import sqlite3
from types import SimpleNamespace

import pytest

from blocks.pohoda import Database
from tasks.errors import PohodaPaymentsError, Refused, SettingError, Unavailable
from tasks.pohoda import sqlserver
from tasks.pohoda.driver_errors import explained, is_driver_error

SERVER = "[Microsoft][ODBC Driver 18 for SQL Server][SQL Server]"


class DriverError(Exception):
    """As pyodbc's errors look: the SQLSTATE and a text that ends with the native number."""


DriverError.__module__ = "pyodbc"


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("42000", f"[42000] {SERVER}Lock request time out period exceeded. (1222) (SQLExecDirectW)"),
        ("40001", f"[40001] {SERVER}Transaction was deadlocked. (1205) (SQLExecDirectW)"),
        ("40001", "[40001] Serialization failure (0) (SQLExecDirectW)"),
        (
            "28000",
            f"[28000] {SERVER}Login failed for user 'reader'. (18456) (SQLDriverConnect); "
            f'[28000] {SERVER}Cannot open database "StwPh" requested by the login. (4060)',
        ),
        (
            "42000",
            f"[42000] {SERVER}Database is already open and can only have one user. (924) (SQLDriverConnect)",
        ),
        ("42000", f"[42000] {SERVER}Database cannot be opened. It is being restored. (927) (SQLDriverConnect)"),
        ("08004", f"[08004] {SERVER}Database 'StwPh_12345678_2026' does not exist. (911) (SQLDriverConnect)"),
        ("25000", f"[25000] {SERVER}Failed to update database because it is read-only. (3906) (SQLExecDirectW)"),
        ("42000", f"[42000] {SERVER}The definition of the object has changed. (2801) (SQLExecDirectW)"),
        ("28000", f"[28000] {SERVER}Server is in script upgrade mode. (18401) (SQLDriverConnect)"),
        ("08S01", "[08S01] [Microsoft][ODBC Driver 18]TCP Provider: Error code 0x2746 (10054) (SQLExecDirectW)"),
        ("08S01", "[08S01] [FreeTDS][SQL Server]Unable to connect (20009) (SQLDriverConnect)"),
        (
            "08001",
            "[08001] [Microsoft][ODBC Driver 18]Client unable to establish connection (26) (SQLDriverConnect)",
        ),
        (
            "HYT00",
            "[HYT00] [Microsoft][ODBC Driver 18 for SQL Server]Login timeout expired (0) (SQLDriverConnect)",
        ),
    ],
)
def test_what_passes_by_itself_is_tried_again(server: Database, state: str, text: str) -> None:
    error = explained(DriverError(state, text), server)
    assert isinstance(error, Unavailable)
    assert "tried again" in error.next_step


@pytest.mark.parametrize(
    ("state", "text", "cause", "step"),
    [
        (
            "28000",
            f"[28000] {SERVER}Login failed (18456) (SQLDriverConnect)",
            "refused the login",
            "database.password",
        ),
        ("28000", "[28000] Invalid authorization (0) (SQLDriverConnect)", "refused the login", "database.login"),
        (
            "28000",
            f"[28000] {SERVER}untrusted domain (18452) (SQLDriverConnect)",
            "Windows account",
            "database.login",
        ),
        ("28000", f"[28000] {SERVER}disabled (18470) (SQLDriverConnect)", "disabled", "enable"),
        ("28000", f"[28000] {SERVER}locked out (18486) (SQLDriverConnect)", "locked", "unlocked"),
        ("28000", f"[28000] {SERVER}password expired (18487) (SQLDriverConnect)", "expired", "new password"),
        (
            "28000",
            f"[28000] {SERVER}must be changed (18488) (SQLDriverConnect)",
            "must be changed",
            "new password",
        ),
        (
            "42000",
            f"[42000] {SERVER}SELECT permission was denied (229) (SQLExecDirectW)",
            "may not read",
            "grant",
        ),
        ("42000", f"[42000] {SERVER}is not able to access (916) (SQLExecDirectW)", "may not read", "grant"),
        (
            "42S02",
            f"[42S02] {SERVER}Invalid object name 'dbo.FA'. (208) (SQLExecDirectW)",
            "no such table",
            "name",
        ),
        ("42000", f"[42000] {SERVER}The transaction log is full (9002) (SQLExecDirectW)", "no room", "10 GB"),
        ("42000", f"[42000] {SERVER}Could not allocate space (1105) (SQLExecDirectW)", "no room", "make room"),
        ("HY000", f"[HY000] {SERVER}logical consistency error (824) (SQLExecDirectW)", "damaged", "CHECKDB"),
        (
            "01000",
            "[01000] [unixODBC][Driver Manager]Can't open lib 'x' : file not found (0)",
            "not installed",
            "install",
        ),
        (
            "IM002",
            "[IM002] [Microsoft][ODBC Driver Manager] Data source name not found (0)",
            "not installed",
            "driver",
        ),
        (
            "08001",
            "[08001] [Microsoft]SSL Provider: certificate verify failed:self-signed certificate (-1)",
            "certificate cannot be trusted",
            "database.trust_certificate",
        ),
        (
            "08001",
            "[08001] [Microsoft]SSL Provider: Cílový hlavní název je nesprávný. (-2146893022) (SQLDriverConnect)",
            "certificate cannot be trusted",
            "as the certificate has it",
        ),
        (
            "08001",
            "[08001] [Microsoft]SSL Provider: Nemají společný algoritmus. (-2146893007) (SQLDriverConnect)",
            "TLS",
            "TLS 1.2",
        ),
        (
            "08001",
            "[08001] SSL Provider: [error:0A000102:SSL routines::unsupported protocol] (-1)",
            "TLS",
            "TLS 1.2",
        ),
    ],
)
def test_what_a_person_must_change_says_what(
    server: Database, state: str, text: str, cause: str, step: str
) -> None:
    error = explained(DriverError(state, text), server)
    assert isinstance(error, SettingError)
    assert cause in error.cause
    assert step in error.next_step


def test_a_driver_that_is_missing_is_told_with_those_that_are_there(
    server: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = ["SQLite3", "ODBC Driver 17 for SQL Server", "FreeTDS", "Microsoft Excel Driver (*.xls)"]
    monkeypatch.setattr(sqlserver, "imported_pyodbc", lambda: SimpleNamespace(drivers=lambda: there))
    error = explained(DriverError("IM002", "[IM002] Data source name not found (0)"), server)
    assert error.evidence.startswith("installed: FreeTDS, ODBC Driver 17 for SQL Server; [IM002]")


def test_anything_else_is_a_refusal_with_the_drivers_own_code(server: Database) -> None:
    error = explained(DriverError("42000", f"[42000] {SERVER}Incorrect syntax (102) (SQLExecDirectW)"), server)
    assert isinstance(error, Refused)
    assert error.code == "42000"


def test_the_password_is_never_in_the_error(server: Database) -> None:
    error = explained(DriverError("28000", "[28000] no: PWD={p;w}d{1} (18456)"), server)
    assert "p;w}d{1" not in str(error)


def test_an_error_with_nothing_to_say_is_still_explained(server: Database) -> None:
    assert isinstance(explained(DriverError(), server), Refused)
    assert explained(DriverError("gone"), server).evidence == "gone"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (sqlite3.OperationalError("database is locked"), Unavailable),
        (DriverError("HY000", "[HY000] [SQLite]database is locked (5) (5) (SQLExecDirectW)"), Unavailable),
        (sqlite3.OperationalError("unable to open database: file:///x"), SettingError),
        (sqlite3.DatabaseError("file is not a database"), Refused),
    ],
)
def test_the_sandboxs_database_says_no_in_the_same_ways(
    server: Database, error: Exception, kind: type[PohodaPaymentsError]
) -> None:
    assert isinstance(explained(error, server), kind)


def test_only_drivers_errors_are_explained() -> None:
    assert is_driver_error(sqlite3.OperationalError())
    assert is_driver_error(DriverError())
    assert not is_driver_error(ValueError())
