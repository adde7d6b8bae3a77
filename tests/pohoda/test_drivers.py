"""Real drivers, Microsoft's and FreeTDS, meet what a SQL Server says on the wire."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
import trustme

from blocks.pohoda import Agenda, Database, MServer, PohodaUnit
from tasks.errors import PohodaPaymentsError, SettingError, Unavailable
from tasks.pohoda import sqlserver
from tasks.pohoda.catalogue import COLUMNS, CONFIGURATION, VERSIONS
from tasks.pohoda.connection import connected, read_rows
from tasks.pohoda.documents import read_documents
from tests.pohoda.tds import LOGIN, NOT_SUPPORTED, OFF, PRELOGIN, Server, browsing, listening
from tests.pohoda.test_connection import installed

DRIVERS = ("Microsoft", "FreeTDS")
NAME = "StwPh_12345678_2026"
DAY = dt.datetime(2026, 3, 4)  # noqa: DTZ001 - as a driver gives it
KINDS = ("int", "varchar", "money", "bit", "datetime")
ROWS = [
    (1, "Žluťoučký kůň č. 1", Decimal("1500.5000"), True, DAY),
    (-2, "", Decimal("-922337203685477.5808"), False, DAY.replace(hour=23, minute=59)),
    (3, None, None, None, None),
]


@pytest.fixture(scope="module")
def tls() -> ssl.SSLContext:
    """A server with a certificate that nobody knows, as SQL Server makes one for itself."""
    return context()


def context() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(made)
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    return made


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no reason to give up a login in these tests."""
    monkeypatch.setattr(sqlserver, "LOGIN_SECONDS", 60)


@contextmanager
def reached(server: Server, driver: str, **more: Any) -> Generator[Database]:
    filled = {"name": NAME, "login": "cteni", "password": "heslo", "trust_certificate": True}
    with listening(server):
        address = f"127.0.0.1,{server.port}"
        yield Database.model_validate({**filled, "server": address, "driver": installed(driver), **more})


def raised(database: Database) -> PohodaPaymentsError:
    with pytest.raises(PohodaPaymentsError) as caught, connected(database) as connection:
        read_rows(connection, "SELECT 1")
    assert "heslo" not in str(caught.value)
    return caught.value


pytestmark = pytest.mark.usefixtures("patient")


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    ("refuses", "kind", "cause"),
    [
        ([(18456, "Login failed for user 'cteni'.")], SettingError, "refused the login"),
        ([(18487, "Login failed. The password of the account has expired.")], SettingError, "expired"),
        ([(4060, "Cannot open database."), (18456, "Login failed.")], Unavailable, "not available now"),
        ([(18401, "Login failed. Server is in script upgrade mode.")], Unavailable, "not available now"),
    ],
)
def test_a_login_that_is_refused_says_why(
    driver: str, refuses: Any, kind: type[Exception], cause: str, tls: ssl.SSLContext
) -> None:
    with reached(Server(tls=tls, refuses=refuses), driver) as database:
        error = raised(database)
    assert isinstance(error, kind)
    assert cause in error.cause


def test_a_certificate_of_nobody_known_is_not_trusted_unless_a_person_says_so(tls: ssl.SSLContext) -> None:
    with reached(Server(tls=tls), "Microsoft", trust_certificate=False) as database:
        error = raised(database)
    assert isinstance(error, SettingError)
    assert "certificate cannot be trusted" in error.cause
    assert "database.trust_certificate" in error.next_step


def test_a_server_that_does_not_encrypt_is_told_from_one_that_is_away() -> None:
    with reached(Server(encryption=NOT_SUPPORTED), "Microsoft") as database:
        error = raised(database)
    assert isinstance(error, SettingError)
    assert "does not encrypt" in error.cause
    assert "database.encrypt" in error.next_step


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1 is deprecated:DeprecationWarning")
def test_a_server_of_an_old_tls_is_told_so() -> None:
    old = context()
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with reached(Server(tls=old), "Microsoft") as database:
        error = raised(database)
    assert isinstance(error, SettingError)
    assert "TLS" in error.cause


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("message", [PRELOGIN, LOGIN])
def test_a_connection_that_breaks_while_it_is_made_is_passing(
    driver: str, message: int, tls: ssl.SSLContext
) -> None:
    with reached(Server(tls=tls, cuts_after=message), driver) as database:
        assert isinstance(raised(database), Unavailable)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    ("number", "kind"),
    [(1222, Unavailable), (1205, Unavailable), (3906, Unavailable), (229, SettingError), (9002, SettingError)],
)
def test_a_statement_that_is_refused_is_understood_by_its_number(
    driver: str, number: int, kind: type[Exception], tls: ssl.SSLContext
) -> None:
    with reached(Server(tls=tls, errors={"SELECT": (number, "Text.")}), driver) as database:
        assert isinstance(raised(database), kind)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("encryption", ["whole", "login alone", "none"])
def test_every_kind_of_value_arrives_exact_however_the_connection_is_encrypted(
    driver: str, encryption: str, tls: ssl.SSLContext
) -> None:
    server = {
        "whole": Server(tls=tls),
        "login alone": Server(encryption=OFF, tls=tls),
        "none": Server(encryption=NOT_SUPPORTED),
    }[encryption]
    server.answers["SELECT"] = (KINDS, ROWS)
    with reached(server, driver, encrypt=encryption == "whole") as database, connected(database) as connection:
        assert [tuple(row) for row in read_rows(connection, "SELECT 1")] == ROWS
        assert [tuple(row) for row in read_rows(connection, "SELECT 1 WHERE ? = ?", ("2026", 1))] == ROWS
    assert any("SET LOCK_TIMEOUT 5000" in heard for heard in server.heard)


@pytest.mark.parametrize(("driver", "address"), [("Microsoft", "127.0.0.21"), ("FreeTDS", "127.0.0.22")])
def test_a_named_instance_is_found_by_sql_server_browser(driver: str, address: str, tls: ssl.SSLContext) -> None:
    server = Server(tls=tls, answers={"SELECT": (("int",), [(7,)])})
    with listening(server, address), bound(address, server.port):
        named = Database.model_validate(
            {"server": f"{address}\\POHODA", "name": NAME, "driver": installed(driver), "trust_certificate": True}
            | {"login": "cteni", "password": "heslo"}
        )
        with connected(named) as connection:
            assert [tuple(row) for row in read_rows(connection, "SELECT 1")] == [(7,)]


@contextmanager
def bound(address: str, port: int) -> Generator[None]:
    try:
        with browsing(address, "POHODA", port):
            yield
    except PermissionError:  # elsewhere than on Linux the port or the address may not be ours to take
        pytest.skip("the port of SQL Server Browser cannot be taken here")


DOCUMENT = ("int", *["varchar"] * 5, "money", "varchar", "datetime", "int", "money", "varchar", "int")
MARKS = ("money", "int", "bit")
INVOICE = (
    11,
    "260100001",
    "0260100001",
    "",
    "308",
    "Klíč č. 1",
    "1210.0050",
    None,
    DAY,
    0,
    "1210.0000",
    "70000001",
    None,
)
ORDER = (5, "26OP00005", None, None, None, None, "99.9900", "EUR", DAY, 1, None, None, 42)
ANSWERS: dict[str, Any] = {
    COLUMNS: (
        ("varchar", "varchar", "varchar"),
        [
            *(("FA", "VPrUhrazeno", "money"), ("FA", "VPrPocet", "int"), ("FA", "VPrVse", "bit")),
            *(("FA", "VPrKlic", "varchar"), ("OBJ", "VPrVse", "bit")),
        ],
    ),
    CONFIGURATION: (("varchar", "int", "varchar"), [("12345678 ", 2026, "Řeznictví Šťastný")]),
    VERSIONS: (("varchar", "varchar"), [("14", "14000")]),
    "d.RelTpFak = 1": ((*DOCUMENT, *MARKS), [(*INVOICE, "100.5000", 1, False), (*INVOICE, None, None, None)]),
    "d.RelTpObj = 1": ((*DOCUMENT, *MARKS), [(*ORDER, None, None, True)]),
}


@pytest.mark.parametrize("driver", DRIVERS)
def test_documents_are_read_through_a_real_driver_exact_and_with_their_diacritics(
    driver: str, tls: ssl.SSLContext
) -> None:
    agenda = Agenda(amount_field="vpruhrazeno", count_field="VPrPocet", paid_field="VPrVse")
    with reached(Server(tls=tls, answers=ANSWERS), driver) as database:
        unit = PohodaUnit(
            ico="12345678",
            database=database,
            mserver=MServer.model_validate({"user": "u", "password": "heslo"}),
            issued_invoices=agenda.model_copy(update={"reference_column": "VPrKlic"}),
            advance_invoices=Agenda(active=False),
            received_orders=Agenda(paid_field="VPrVse"),
        )
        read = read_documents(unit, dt.date(2026, 6, 30)).astype(object)
    first, second, order = read.where(read.notna(), None).to_dict("records")
    assert (first["number"], first["variable_symbol"], first["reference"]) == (
        "260100001",
        "260100001",
        "Klíč č. 1",
    )
    assert (first["total"], first["open_amount"], first["currency"]) == (1210_01, 1210_00, "CZK")
    assert (first["marked_amount"], first["marked_count"], first["marked_paid"]) == (100_50, 1, False)
    assert (second["marked_amount"], second["marked_count"], second["marked_paid"]) == (None, None, None)
    assert (order["variable_symbol"], order["currency"], order["cancelled"]) == ("2600005", "EUR", True)
    assert (order["customer"], order["open_amount"], order["marked_paid"]) == ("ad:42", None, True)
