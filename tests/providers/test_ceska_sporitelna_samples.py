"""The documented samples, over the wire, give the payments they are said to hold (ceska-sporitelna.md 13)."""

import csv
import datetime as dt

import pandas as pd
import pytest

from sandbox.ceska_sporitelna import IBAN, Account
from sandbox.faults import Fault
from tasks.days import Days
from tasks.errors import PohodaPaymentsError, Refused, SettingError, Unavailable
from tasks.providers.ceska_sporitelna.reading import account_id
from tests.providers.ceska_sporitelna.stands import SAMPLES, as_booked, open_bank, sample, sample_rows

FIRST, LAST = dt.date(2025, 11, 3), dt.date(2025, 11, 5)


def expected() -> list[dict[str, str]]:
    with (SAMPLES / "expected.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def shown(payments: pd.DataFrame) -> list[dict[str, str]]:
    """The payments as the table of expected ones spells them."""
    columns = list(expected()[0])
    rows = payments.assign(booked_on=payments["booked_on"].dt.strftime("%Y-%m-%d"))[columns]
    return [{str(k): "" if pd.isna(v) else str(v) for k, v in row.items()} for row in rows.to_dict("records")]


def test_both_sample_pages_give_the_payments_of_the_table() -> None:
    with open_bank(*map(as_booked, sample_rows())) as place:
        place.server.largest_page = 8
        found = place.delivery(FIRST, LAST)
    assert shown(found.payments) == expected()
    assert set(found.payments["currency"]) == {"CZK"}
    assert set(found.payments["source"]) == {f"ceska-sporitelna:{IBAN}"}
    assert (found.faults, found.notes) == ((), ())
    assert found.covered == tuple(Days(FIRST, LAST))
    assert [asked["page"] for asked in place.server.asked("transactions")] == ["0", "1"]


def test_two_payments_that_differ_only_in_their_reference_are_both_there() -> None:
    with open_bank(*map(as_booked, sample_rows())) as place:
        payments = place.delivery(FIRST, LAST).payments.set_index("payment_id")
    twins = payments.loc[["FC-8800000102", "FC-8800000113"]]
    assert twins["amount"].tolist() == [1895050, 1895050]


def test_rows_that_only_inform_are_no_payments_and_no_faults() -> None:
    (informing,) = [row for row in sample_rows() if row["status"] == "INFO"]
    with open_bank(as_booked(informing)) as place:
        found = place.delivery(LAST - dt.timedelta(days=1))
    assert (len(found.payments), found.faults) == (0, ())


@pytest.mark.parametrize(
    ("iban", "currency", "identity"),
    [
        ("CZ8608000000004455667002", "CZK", "7A1F0C9E5B3D48261F7E90AB34CD56EF78120A3B"),
        ("CZ3408000000005566778009", "EUR", "0B2E4D6F8091A3B5C7D9EFF1031527394B5D6F81"),
    ],
)
def test_an_account_is_found_by_iban_and_currency(iban: str, currency: str, identity: str) -> None:
    assert account_id(lambda _path, _parameters: sample("accounts"), iban, currency) == identity


@pytest.mark.parametrize(("iban", "currency"), [(IBAN, "EUR"), ("CZ3408000000005566778009", "CZK")])
def test_an_account_in_another_currency_is_not_the_same(iban: str, currency: str) -> None:
    with pytest.raises(SettingError, match="does not cover"):
        account_id(lambda _path, _parameters: sample("accounts"), iban, currency)


SAMPLE_ERRORS: list[tuple[int, str, type[PohodaPaymentsError], str]] = [
    (403, '{"status": 403, "errors": [{"error": "TOKEN_INVALID"}]}', Refused, "TOKEN_INVALID"),
    (400, '{"errors": [{"error": "DT01", "scope": "toDate lies in the future"}]}', Refused, "DT01"),
    (429, '{"errors": [{"error": "REQUEST_QUOTA_EXCEEDED"}]}', Unavailable, "REQUEST_QUOTA_EXCEEDED"),
]


@pytest.mark.parametrize(("status", "body", "kind", "code"), SAMPLE_ERRORS)
def test_the_sample_errors_are_understood(
    status: int, body: str, kind: type[PohodaPaymentsError], code: str
) -> None:
    token = b"""{"access_token": "sim-access-0001", "token_type": "Bearer", "expires_in": 300,
        "refresh_token": "sim-refresh-0002", "scope": "siblings.accounts"}"""
    with open_bank() as place:
        for answer in (200, status, 200, status):
            shown = token if answer == 200 else body.encode()
            place.server.faults.then(Fault(status=answer, body=shown, content_type="application/json"))
        with pytest.raises(kind, match=code):
            place.provider.extract(Days(FIRST, FIRST))


def test_a_refresh_token_that_has_ended_asks_for_a_new_consent() -> None:
    ended = b'{"error":"request_error","error_code":"7109","error_description":"Refresh token has expired"}'
    with open_bank() as place:
        place.server.faults.then(Fault(status=400, body=ended, content_type="application/json"))
        with pytest.raises(SettingError, match=r"consent again.*7109.*authorise_ceska_sporitelna"):
            place.provider.extract(Days(FIRST, FIRST))


def test_an_account_of_no_consent_is_a_setting_to_correct() -> None:
    with (
        open_bank(account=Account(IBAN, in_consent=False)) as place,
        pytest.raises(SettingError, match="does not cover"),
    ):
        place.provider.extract(Days(FIRST, FIRST))
