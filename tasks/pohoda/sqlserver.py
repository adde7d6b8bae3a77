"""How SQL Server is reached: the connection string and what is set on every new connection."""

from __future__ import annotations

from typing import Any

from blocks.pohoda import Database
from tasks.errors import SettingError

LOGIN_SECONDS = 10
STATEMENT_SECONDS = 120
LOCK_TIMEOUT = "SET LOCK_TIMEOUT 5000"
"""Wait at most five seconds for Pohoda's own locks; what ends so is tried again later (pohoda-sql.md 9.2)."""


def opened(database: Database, *, read_only: bool) -> Any:
    """A pyodbc connection, without pooling and with bounded waits; a writing one leaves transactions to us."""
    pyodbc = imported_pyodbc()
    # Only before the first connection: a pooled one would go on holding Pohoda's database when closed.
    pyodbc.pooling = False
    connection = pyodbc.connect(
        connection_string(database, read_only=read_only), autocommit=True, timeout=LOGIN_SECONDS
    )
    connection.timeout = STATEMENT_SECONDS
    connection.execute(LOCK_TIMEOUT)
    connection.autocommit = read_only
    return connection


def imported_pyodbc() -> Any:
    """The pyodbc module. On Linux it cannot even be imported without the system's driver manager."""
    try:
        import pyodbc
    except ImportError as error:
        raise SettingError(
            "SQL Server cannot be reached from this computer because pyodbc does not load",
            evidence=str(error),
            next_step="install Microsoft's ODBC Driver 18 for SQL Server (on Linux also the package unixodbc)",
        ) from None
    return pyodbc


def installed_drivers() -> list[str]:
    """The names of the ODBC drivers for SQL Server that this computer has; others are of no use here."""
    try:
        names = sorted(map(str, imported_pyodbc().drivers()))
    except SettingError:
        return []
    return [name for name in names if "sql server" in name.lower() or _is_freetds(name)]


def connection_string(database: Database, *, read_only: bool) -> str:
    """The ODBC connection string. It holds the password: never log it, never put it into an error."""
    # FreeTDS takes SERVER\INSTANCE and SERVER,port as Microsoft's drivers do, but knows no protocol before them.
    server = database.server.strip()
    server = server.removeprefix("tcp:") if _is_freetds(database.driver) else server
    parts = {"Driver": database.driver, "Server": server, "Database": database.name}
    if database.login and database.password is not None:
        parts |= {"UID": database.login, "PWD": database.password.get_secret_value()}
    else:
        parts |= {"Trusted_Connection": "yes"}
    parts |= _encryption(database)
    if read_only:
        parts |= {"ApplicationIntent": "ReadOnly"}
    parts |= {"APP": "pohoda-payments"}
    return ";".join(f"{key}={{{value.replace('}', '}}')}}}" for key, value in parts.items())


def _is_freetds(driver: str) -> bool:
    return any(name in driver.lower() for name in ("freetds", "tdsodbc"))


def _encryption(database: Database) -> dict[str, str]:
    if not _is_freetds(database.driver):
        return {
            "Encrypt": "yes" if database.encrypt else "no",
            "TrustServerCertificate": "yes" if database.trust_certificate else "no",
        }
    if database.encrypt and not database.trust_certificate:
        raise SettingError(
            "FreeTDS cannot check the database server's certificate",
            evidence=f"field database.driver is {database.driver!r} and database.trust_certificate is off",
            next_step="use Microsoft's ODBC driver, or switch database.trust_certificate on if you accept that",
        )
    encryption = "require" if database.encrypt else "off"
    return {"TDS_Version": "7.4", "ClientCharset": "UTF-8", "Encryption": encryption}
