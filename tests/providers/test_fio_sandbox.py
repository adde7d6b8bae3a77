"""The bank of the sandbox itself: what it refuses as the real one does, and why `last` is never used."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sandbox.faults import BROKEN_OFF
from sandbox.fio import TOKEN, FioServer, stand
from sandbox.fio_statement import IBAN, Account, Row
from sandbox.serving import served
from sandbox.world import Money, World
from tasks.days import Days
from tasks.providers.fio import Fio
from tests.providers.memories import Remembered

TODAY = dt.date(2025, 10, 28)


@pytest.fixture
def server() -> FioServer:
    bank = FioServer(interval=0)
    bank.set_clock(dt.datetime(2025, 10, 28, 12, tzinfo=dt.UTC))
    bank.open(Account(rows=[Row(n, TODAY - n * dt.timedelta(days=1), 100) for n in (1, 2)]))
    return bank


@pytest.fixture
def bank(server: FioServer) -> Iterator[httpx.Client]:
    with served(server.app()) as address, httpx.Client(base_url=f"{address}/v1/rest") as connection:
        yield connection


def statuses(bank: httpx.Client, *paths: str) -> list[int]:
    return [bank.get(path.replace("TOKEN", TOKEN)).status_code for path in paths]


def test_calls_within_thirty_seconds_are_refused_whatever_they_are(server: FioServer, bank: httpx.Client) -> None:
    server.interval = 30
    paths = ("/lastStatement/TOKEN/statement", "/last/TOKEN/transactions.json", "/set-last-id/TOKEN/1/")
    assert statuses(bank, *paths) == [200, 409, 409]
    server.ahead += dt.timedelta(seconds=30)
    assert statuses(bank, paths[0]) == [200]


@pytest.mark.parametrize(("restarts", "then"), [(False, 200), (True, 409)])
def test_a_refused_call_restarts_the_wait_only_when_told_so(
    server: FioServer, bank: httpx.Client, restarts: bool, then: int
) -> None:
    server.interval = 30
    server.refusal_restarts_interval = restarts
    path = "/lastStatement/TOKEN/statement"
    assert statuses(bank, path) == [200]
    server.ahead += dt.timedelta(seconds=20)
    assert statuses(bank, path) == [409]
    server.ahead += dt.timedelta(seconds=20)
    assert statuses(bank, path) == [then]


def test_malformed_requests_are_not_found(bank: httpx.Client) -> None:
    assert (
        statuses(
            bank,
            "/periods/TOKEN/2025-10-28/2025-10-27/transactions.json",
            "/periods/TOKEN/28.10.2025/2025-10-28/transactions.json",
            "/periods/TOKEN/2025-10-28/2025-10-28/transactions.exe",
            "/nothing",
        )
        == [404] * 4
    )


def test_balances_and_offsets_of_summer_and_winter_are_right(bank: httpx.Client) -> None:
    got = bank.get(f"/periods/{TOKEN}/2025-10-26/2025-10-27/transactions.json").json()["accountStatement"]
    assert (got["info"]["dateStart"], got["info"]["dateEnd"]) == ("2025-10-26+0200", "2025-10-27+0100")
    assert (got["info"]["openingBalance"], got["info"]["closingBalance"]) == (120000.0, 120002.0)
    assert (got["info"]["idFrom"], got["info"]["idTo"], got["info"]["iban"]) == (1, 2, IBAN)


def test_a_lost_answer_of_last_loses_its_payments(server: FioServer, bank: httpx.Client) -> None:
    server.faults.then(BROKEN_OFF)
    with pytest.raises(httpx.RemoteProtocolError):
        bank.get(f"/last/{TOKEN}/transactions.json")
    got = bank.get(f"/last/{TOKEN}/transactions.json").json()
    assert got["accountStatement"]["transactionList"]["transaction"] == []


def test_the_pointer_can_be_set_to_a_movement_or_a_day(server: FioServer, bank: httpx.Client) -> None:
    assert statuses(bank, "/set-last-id/TOKEN/1/") == [200]
    assert server.accesses[TOKEN].pointer == 1
    assert statuses(bank, "/set-last-date/TOKEN/2025-10-27/") == [200]
    assert server.accesses[TOKEN].pointer == 2


def test_last_without_a_pointer_is_locked_on_an_old_account(server: FioServer, bank: httpx.Client) -> None:
    server.accesses[TOKEN].account.rows.append(Row(3, dt.date(2024, 1, 1), 100))
    assert statuses(bank, "/last/TOKEN/transactions.json") == [422]


def test_unknown_tokens_are_told_as_500_everywhere(bank: httpx.Client) -> None:
    assert statuses(
        bank,
        "/last/x/transactions.json",
        "/set-last-id/x/1/",
        "/periods/x/2025-10-28/2025-10-28/transactions.json",
    ) == [500, 500, 500]


def test_the_newest_statement_is_told_as_text(bank: httpx.Client) -> None:
    assert bank.get(f"/lastStatement/{TOKEN}/statement").text == "2025,10"


def test_orders_are_refused_and_counted(server: FioServer, bank: httpx.Client) -> None:
    assert bank.post("/import/").status_code == 500
    assert server.imports == 1


def test_the_stand_tells_of_the_firms_money(tmp_path: Path) -> None:
    money = (
        Money("fio", 1, TODAY, 50000, variable_symbol="0042", message="díky", account="19-2000145006/0100"),
        Money("fio", 2, TODAY, -50000, kind="reversal", takes_back=1),
        Money("fio", 3, TODAY, -500, kind="fee"),
        Money("fio", 4, TODAY, 700, account="DE58500105175407324000"),
        Money("csob", 5, TODAY, 100),
    )
    with stand(World(1, TODAY, (), money), tmp_path) as open_stand:
        assert open_stand.provider == "fio"
        fio = Fio(open_stand.block, Remembered())  # pyright: ignore[reportArgumentType]
        raws = fio.extract(Days(TODAY, TODAY))
    payments = fio.normalize(raws[-1]).payments
    shown = payments[["amount", "kind", "variable_symbol", "counterparty"]].astype(object)
    assert shown.where(shown.notna(), None).to_numpy().tolist() == [
        [50000, "transfer", "42", "19-2000145006/0100"],
        [-50000, "reversal", None, None],
        [-500, "fee", None, None],
        [700, "transfer", None, "DE58500105175407324000"],
    ]
