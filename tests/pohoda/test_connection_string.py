"""What is said to the driver: each in its own words, and no value can pass for another keyword."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from blocks.pohoda import Database
from tasks.errors import SettingError, Unavailable
from tasks.pohoda.connection import connected
from tasks.pohoda.sqlserver import connection_string

DRIVERS = ("ODBC Driver 17 for SQL Server", "ODBC Driver 18 for SQL Server", "FreeTDS")


def database(driver: str = DRIVERS[1], **more: Any) -> Database:
    given = {"server": "SERVER", "name": "StwPh_12345678_2026", "driver": driver, **more}
    return Database.model_validate({"login": "cteni", "password": "heslo", **given})


def said(found: Database, *, read_only: bool = True) -> dict[str, str]:
    parts = connection_string(found, read_only=read_only).split(";")
    return {
        key: value.removeprefix("{").removesuffix("}") for key, value in (part.split("=", 1) for part in parts)
    }


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("server", ["SERVER", "SERVER\\POHODA", "SERVER,49172", "10.0.0.5,1433"])
def test_a_server_is_named_with_its_instance_or_port(driver: str, server: str) -> None:
    assert said(database(driver, server=f" {server} ", trust_certificate=True))["Server"] == server


def test_only_microsofts_drivers_are_told_the_protocol() -> None:
    for driver, server in zip(DRIVERS, ["tcp:S,1433", "tcp:S,1433", "S,1433"], strict=True):
        assert said(database(driver, server="tcp:S,1433", trust_certificate=True))["Server"] == server


@pytest.mark.parametrize("driver", DRIVERS[:2])
@pytest.mark.parametrize("encrypt", [True, False])
@pytest.mark.parametrize("trust", [True, False])
def test_encryption_is_always_said_since_versions_differ_in_what_they_assume(
    driver: str, encrypt: bool, trust: bool
) -> None:
    told = said(database(driver, encrypt=encrypt, trust_certificate=trust))
    words = {True: "yes", False: "no"}
    assert (told["Encrypt"], told["TrustServerCertificate"]) == (words[encrypt], words[trust])


def test_freetds_is_refused_where_the_certificate_should_be_checked() -> None:
    with pytest.raises(SettingError, match="FreeTDS cannot check"):
        said(database("FreeTDS"))
    assert said(database("/usr/lib/libtdsodbc.so", trust_certificate=True))["Encryption"] == "require"
    assert said(database("FreeTDS", encrypt=False))["Encryption"] == "off"


def test_without_a_login_the_windows_account_is_used() -> None:
    told = said(Database(server="S", name="N"))
    assert told["Trusted_Connection"] == "yes"
    assert {"UID", "PWD"}.isdisjoint(told)


def test_a_windows_account_in_the_login_is_explained_at_once() -> None:
    with pytest.raises(ValidationError, match="Účet Windows se nevyplňuje"):
        database(login="FIRMA\\ucetni")


def test_a_reading_connection_says_so_and_a_writing_one_does_not() -> None:
    assert said(database())["ApplicationIntent"] == "ReadOnly"
    assert "ApplicationIntent" not in said(database(), read_only=False)


def test_a_password_cannot_pass_for_a_keyword() -> None:
    nasty = "a};Server=evil;PWD={b"
    text = connection_string(database().model_copy(update={"password": SecretStr(nasty)}), read_only=True)
    assert "PWD={a}};Server=evil;PWD={b}" in text


def freetds() -> bool:
    try:
        import pyodbc
    except ImportError:
        return False
    return "FreeTDS" in pyodbc.drivers()


@pytest.mark.skipif(not freetds(), reason="no ODBC driver manager with FreeTDS on this computer")
@pytest.mark.parametrize("form", ["127.0.0.1,{}", "tcp:127.0.0.1,{}"])
def test_freetds_finds_the_port_as_it_is_written_in_the_block(form: str) -> None:
    heard: list[bytes] = []
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def listen() -> None:
            # How often the driver tries is its own affair; the end of listening ends the wait for the next time.
            with suppress(OSError):
                while True:
                    caller, _ = server.accept()
                    heard.append(caller.recv(1))
                    caller.close()

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        port = server.getsockname()[1]
        there = database("FreeTDS", server=form.format(port), encrypt=False, trust_certificate=True)
        with pytest.raises(Unavailable), connected(there):
            pass
        server.shutdown(socket.SHUT_RDWR)
        listener.join()
    assert heard[:1] == [b"\x12"]
