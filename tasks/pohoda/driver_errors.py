"""What a database driver's error means for us: a setting to change, something passing, or a refusal."""

from __future__ import annotations

import re
import sqlite3

from blocks.pohoda import Database
from tasks.errors import PohodaPaymentsError, Refused, SettingError, Unavailable
from tasks.pohoda.sqlserver import installed_drivers
from tasks.secrets import masked

PASSING_CODES = {
    *(1205, 1222),  # deadlock, Pohoda's lock was not released in time
    *(911, 921, 922, 924, 927, 942, 952, 4060),  # restoring, renamed, single user: Pohoda has it to itself
    *(3906, 3908, 945, 976, 983),  # read only or not whole for a while: a restore or a year close goes on
    *(2801, 3960, 3961, 16943),  # a table was changed under the statement, as an upgrade of Pohoda does
    *(64, 121, 233, 258, 596, 10053, 10054, 10060, 10061, 20009),  # the connection was cut or never came about
    *(6005, 17142, 17187, 18401, 18451),  # the server is shutting down, starting, paused or being upgraded
    *(701, 802, 1204, 8645),  # the server has no memory for it now
}
"""SQL Server's error numbers after which trying again helps (pohoda-sql.md 9.2)."""

PASSING_STATES = ("08", "HYT", "40001")

CERTIFICATE_CODES = ("-2146893019", "-2146893022", "-2146893016", "-2146762487")
"""Windows' numbers for a certificate of nobody known, of another name, out of date, without a trusted root."""

_LOGIN = ("SQL Server refused the login", "check database.login and database.password with the administrator")
_RIGHTS = (
    "The login may not read what is needed in the unit's database",
    "let the administrator grant db_datareader in this database; new years and upgrades of Pohoda take it away",
)
SETTING_CODES = {
    18456: _LOGIN,
    18452: (
        "SQL Server does not trust this Windows account",
        "fill in database.login, or run under a domain account",
    ),
    18470: ("The login is disabled", "let the administrator of SQL Server enable it"),
    18486: ("The login is locked after wrong passwords", "correct database.password and let it be unlocked"),
    18487: ("The login's password has expired", "set a new password for the login and in database.password"),
    18488: ("The login's password must be changed", "set a new password for the login and in database.password"),
    208: ("The database has no such table; it may not be Pohoda's", "check database.name"),
    262: (
        "The login may not back up or verify a backup",
        "let the administrator give it the role db_backupoperator there, and for verifying CREATE DATABASE",
    ),
    3201: (
        "SQL Server cannot open the file of the backup",
        "correct backup.folder: it must be there on SQL Server's own computer and open to its service",
    ),
    3202: (
        "SQL Server could not write the backup to its end",
        "see on SQL Server's own computer whether the disk is full",
    ),
    **dict.fromkeys(
        (1101, 1105, 9002),
        (
            "SQL Server has no room left for the database or its log",
            "let the administrator make room; SQL Server Express takes at most 10 GB in one database",
        ),
    ),
    **dict.fromkeys(
        (823, 824, 926),
        (
            "SQL Server says that the database is damaged",
            "let the administrator run DBCC CHECKDB and restore it from a backup",
        ),
    ),
    229: _RIGHTS,
    916: _RIGHTS,
}


def is_driver_error(error: Exception) -> bool:
    """Whether pyodbc or sqlite3 raised it. pyodbc is not imported for this question."""
    return isinstance(error, sqlite3.Error) or any(kind.__module__ == "pyodbc" for kind in type(error).__mro__)


def explained(error: Exception, database: Database) -> PohodaPaymentsError:
    """The product's own error that says what happened and what to do, without the password."""
    state, text = _state_and_text(error)
    evidence = masked(text, [database.password])[:400]
    if isinstance(error, sqlite3.Error) or "[SQLite]" in text:
        return _of_sqlite(text, evidence)
    codes = [int(code) for code in re.findall(r"\((\d{2,6})\)", text)]
    # SQL Server reports 18456 beside 4060 when a database is closed to a good login, so passing ones come first.
    if any(code in PASSING_CODES for code in codes):
        return _passing(evidence)
    for code in codes:
        if code in SETTING_CODES:
            cause, next_step = SETTING_CODES[code]
            return SettingError(cause, evidence=evidence, next_step=next_step)
    return _of_connecting(state, text, evidence, database) or Refused(
        "The database refused a statement", evidence=evidence, code=state
    )


def _of_connecting(state: str, text: str, evidence: str, database: Database) -> PohodaPaymentsError | None:
    lower = text.lower()
    if state in ("IM002", "IM003") or "can't open lib" in lower:
        return SettingError(
            f"The ODBC driver {database.driver!r} is not installed on this computer",
            evidence=f"installed: {', '.join(installed_drivers()) or 'none'}; {evidence}",
            next_step="install it, or write the name of an installed one into database.driver",
        )
    if encryption := _of_encrypting(lower, evidence):
        return encryption
    if state == "28000":
        return SettingError(_LOGIN[0], evidence=evidence, next_step=_LOGIN[1])
    return _passing(evidence) if state.startswith(PASSING_STATES) else None


def _of_encrypting(lower: str, evidence: str) -> SettingError | None:
    """Windows says it in its own language, so its numbers are looked at too."""
    if "encryption not supported" in lower:
        return SettingError(
            "The database server does not encrypt connections",
            evidence=evidence,
            next_step="let the administrator give SQL Server a certificate, or switch database.encrypt off "
            "where the network between is your own",
        )
    if "certificate" in lower or any(code in lower for code in CERTIFICATE_CODES):
        return SettingError(
            "The database server's certificate cannot be trusted",
            evidence=evidence,
            next_step="install the certificate on this computer and write the server's name into database.server "
            "as the certificate has it, or switch database.trust_certificate on when it is a self-signed one",
        )
    if "ssl" in lower:
        return SettingError(
            "The database server does not speak a version of TLS that the driver accepts",
            evidence=evidence,
            next_step="let the administrator enable TLS 1.2 on SQL Server, or use ODBC Driver 17",
        )
    return None


def _of_sqlite(text: str, evidence: str) -> PohodaPaymentsError:
    if "locked" in text or "busy" in text:
        return _passing(evidence)
    if "unable to open" in text:
        return SettingError(
            "The sandbox's database cannot be opened", evidence=evidence, next_step="check database.name"
        )
    return Refused("The database refused a statement", evidence=evidence)


def _passing(evidence: str) -> Unavailable:
    return Unavailable(
        "Pohoda's database is not available now",
        evidence=evidence,
        next_step="it is tried again by itself; if it lasts, check that SQL Server runs, that database.server "
        "and database.name are right, and that nobody is restoring or closing the year in Pohoda",
    )


def _state_and_text(error: Exception) -> tuple[str, str]:
    given = [str(argument) for argument in error.args]
    return (given[0], given[1]) if len(given) > 1 else ("", given[0] if given else type(error).__name__)
