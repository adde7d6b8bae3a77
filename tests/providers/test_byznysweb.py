"""ByznysWeb over a real socket: paging, marks that go up and down, and answers that go wrong in every way."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from pydantic import SecretStr

import sandbox.faults as faults
from blocks.byznysweb import ByznysWebShop, StatusWithMethods
from sandbox.byznysweb import PERSONAL, ByznysWebServer, block_for, invoice, method, order, price, receipt, stand
from sandbox.faults import Fault
from sandbox.serving import served
from sandbox.world import Money, World
from tasks.days import ONE_DAY, Days
from tasks.errors import PohodaPaymentsError, Refused, SettingError, Unavailable
from tasks.provider import ByDocuments, ByPeriod
from tasks.providers.byznysweb import ByznysWeb
from tasks.providers.byznysweb.reading import starting_point
from tasks.tables import ANSWERS, DOCUMENTS, QUESTIONS, checked, table
from tests.providers.doors import Door, open_door
from tests.providers.memories import Remembered

DAYS = Days(dt.date(2026, 3, 1), dt.date(2026, 3, 31))
NOW = dt.datetime(2026, 3, 31, 12, tzinfo=dt.UTC)


def many(count: int, status: str = "31") -> list[dict[str, Any]]:
    return [
        order(1000 + n, f"26{n:08d}", 10000 + n, status, f"2026-03-{1 + n % 28:02d} 10:{n % 60:02d}:00")
        for n in range(count)
    ]


def expected(orders: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    return {o["order_num"]: (round(o["sum"]["value"] * 100), 1) for o in orders if o["status"]["id"] == "31"}


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with open_door() as found:
        yield found


@pytest.fixture
def server() -> ByznysWebServer:
    """Three pages of orders."""
    return ByznysWebServer(many(10), page=4)


@pytest.fixture
def shop(server: ByznysWebServer, door: Door) -> ByznysWebShop:
    door.behind = server.app()
    return block_for(server, door.address)


def run(shop: ByznysWebShop, memory: Remembered, days: Days = DAYS) -> list[str]:
    """One run; the codes of its notes."""
    provider = ByznysWeb(shop, memory)
    deliveries = [
        provider.normalize(raw) for portion in provider.split(days) for raw in provider.extract(portion)
    ]
    memory.record(deliveries)
    return [note.code for delivery in deliveries for note in delivery.notes]


def paid(memory: Remembered) -> dict[str, tuple[int, int]]:
    return {number: marks for number, marks in memory.marks().items() if marks != (0, 0)}


def test_all_pages_come_and_a_second_run_changes_nothing(server: ByznysWebServer, shop: ByznysWebShop) -> None:
    memory = Remembered()
    run(shop, memory)
    assert memory.marks() == expected(server.orders)
    assert memory.covered == set(DAYS)
    cursors, steps = dict(memory.cursors), len(memory.history)
    run(shop, memory)
    assert memory.marks() == expected(server.orders)
    assert (len(memory.history), memory.cursors) == (steps, cursors | {"watermark": memory.cursors["watermark"]})
    provider = ByznysWeb(shop, memory)
    assert isinstance(provider, ByPeriod)
    assert isinstance(provider, ByDocuments)
    assert (provider.source, provider.reach, provider.overlap) == ("byznysweb:obchod.cz", None, 0)
    assert provider.expiries(DAYS.first) == []


@pytest.mark.parametrize(
    "written",
    [
        "obchod.cz",
        "www.obchod.cz",
        "WWW.Obchod.CZ",
        " https://www.obchod.cz/ ",
        "http://obchod.cz/admin/?a=b",
        "obchod.cz.",
    ],
)
def test_a_shop_is_the_same_source_however_its_address_is_written(written: str) -> None:
    """Otherwise all its payments would count twice after the block is edited."""
    shop = ByznysWebShop(shop=written, token=SecretStr("x" * 32), paid_statuses=["5"])
    assert ByznysWeb(shop, Remembered()).source == "byznysweb:obchod.cz"


def test_only_what_the_chosen_sign_needs_is_asked_for_and_nothing_personal(
    server: ByznysWebServer, shop: ByznysWebShop
) -> None:
    run(shop, Remembered())
    assert not any(
        word in query for query, _ in server.log for word in (*PERSONAL, "invoices", "price_elements", "filter")
    )
    pages = [variables for query, variables in server.log if "Orders" in query]
    assert [page["params"].get("cursor") for page in pages] == [None, 4, 8]
    assert {(page["params"]["order_by"], page["params"]["sort"], page["params"]["limit"]) for page in pages} == {
        ("order_id", "ASC", 30)
    }


def test_the_pause_between_calls_is_kept_for_all_processes_together(shop: ByznysWebShop) -> None:
    memory = Remembered()
    run(shop.model_copy(update={"pause_seconds": 0.5}), memory)
    assert len(memory.turns) == 4
    assert {seconds for _, seconds in memory.turns} == {0.5}
    assert shop.token.get_secret_value() not in str(memory.turns)


def test_the_first_run_reads_purchases_and_the_next_one_changes(
    server: ByznysWebServer, shop: ByznysWebShop
) -> None:
    memory = Remembered()
    run(shop, memory)
    server.log.clear()
    run(shop, memory, Days(dt.date(2026, 3, 31), dt.date(2026, 3, 31)))
    assert "changed_from" in server.log[1][0]
    assert "newer_from" not in server.log[1][0]


@pytest.mark.parametrize(
    ("watermark", "first", "since"),
    [
        (None, "2026-03-31", "2026-01-30 00:00:00"),
        (None, "2026-01-01", "2026-01-01 00:00:00"),
        ("2026-03-30 10:00:00", "2026-03-31", "2026-03-30 09:45:00"),
        ("2026-03-31 10:00:00", "2026-03-31", "2026-03-31 00:00:00"),
        ("2026-10-25 02:58:00", "2026-10-26", "2026-10-25 01:43:00"),
        ("2026-10-25 03:05:00", "2026-10-26", "2026-10-25 01:50:00"),
        ("2026-10-25 03:20:00", "2026-10-26", "2026-10-25 03:05:00"),
    ],
)
def test_a_run_asks_since_when_nothing_can_have_been_missed(
    watermark: str | None, first: str, since: str
) -> None:
    day = dt.date.fromisoformat(first)
    assert starting_point(watermark, Days(day, day), dt.date(2026, 3, 31), 60)[0] == since


@pytest.mark.parametrize("inclusive", [True, False])
def test_a_change_at_the_watermarks_own_second_is_found(
    server: ByznysWebServer, shop: ByznysWebShop, inclusive: bool
) -> None:
    server.inclusive = inclusive
    server.orders = [
        order(1, "1", 100, "2", "2026-03-02 10:00:00"),
        order(2, "2", 100, "2", "2026-03-02 10:00:00"),
    ]
    memory = Remembered()
    run(shop, memory)
    server.move("2", "31", "2026-03-02 10:00:00")
    run(shop, memory, Days(dt.date(2026, 3, 31), dt.date(2026, 3, 31)))
    assert paid(memory) == {"2": (100, 1)}


def test_what_changed_on_an_early_page_while_later_ones_were_read_is_found_by_the_next_run(
    server: ByznysWebServer, shop: ByznysWebShop
) -> None:
    server.move("2600000000", "2", "2026-03-01 10:00:00")
    server.between.extend([lambda: None, lambda: server.move("2600000000", "31", "2026-03-31 11:00:00")])
    server.orders[-1]["last_change"] = "2026-03-31 11:00:05"
    memory = Remembered()
    run(shop, memory)
    assert "2600000000" not in memory.marks()
    run(shop, memory, Days(dt.date(2026, 3, 31), dt.date(2026, 3, 31)))
    assert memory.marks()["2600000000"] == (10000, 1)


@pytest.mark.parametrize("seed", range(5))
def test_no_order_is_lost_however_others_change_between_pages(
    server: ByznysWebServer, shop: ByznysWebShop, seed: int
) -> None:
    chance = random.Random(seed)
    untouched = [o["order_num"] for o in server.orders[::2]]

    def disturb() -> None:
        for o in chance.sample(server.orders[1:10:2], 3):
            server.move(o["order_num"], "31", "2026-03-31 10:00:00")
        number = 9000 + len(server.orders)
        server.orders.append(order(number, f"27{number}", 100, "31", "2026-03-31 10:00:00"))

    server.between.extend([disturb] * 3)
    memory = Remembered()
    run(shop, memory)
    assert set(untouched) <= set(memory.marks())


def test_paging_by_the_last_change_would_lose_orders(server: ByznysWebServer, shop: ByznysWebShop) -> None:
    query = "query($params: OrderParams) { getOrderList(params: $params) { data { order_num } } }"
    seen: set[str] = set()
    server.between.extend([lambda: None, lambda: server.move("2600000000", "31", "2026-03-31 10:00:00")])
    for cursor in (0, 4, 8):
        params = {"limit": 30, "order_by": "last_change", "sort": "ASC", "cursor": cursor}
        headers = {"BW-API-Key": f"Token {server.token}"}
        body = {"query": query, "variables": {"params": params}}
        answer = httpx.post(f"{shop.address}/api/graphql", json=body, headers=headers).json()
        seen |= {o["order_num"] for o in answer["data"]["getOrderList"]["data"]}
    assert {o["order_num"] for o in server.orders} - seen


def test_a_shop_without_orders_is_complete_too(server: ByznysWebServer, shop: ByznysWebShop) -> None:
    server.orders.clear()
    memory = Remembered()
    run(shop, memory)
    assert memory.covered == set(DAYS)
    assert "watermark" not in memory.cursors


def one(server: ByznysWebServer, *given: dict[str, Any]) -> None:
    server.orders = list(given)


def test_a_cancelled_order_takes_its_mark_back_and_the_history_keeps_every_step(
    server: ByznysWebServer, shop: ByznysWebShop
) -> None:
    memory = Remembered()
    one(server, order(9, "2501", 5000, "31", "2026-03-02 10:00:00"))
    run(shop, memory)
    assert memory.marks() == {"2501": (5000, 1)}
    server.move("2501", "17", "2026-03-05 10:00:00")
    assert run(shop, memory) == ["payment_taken_back"]
    assert memory.marks() == {"2501": (0, 0)}
    back = memory.payments["9/order/back"]
    assert (back["kind"], back["reverses"], back["amount"]) == ("reversal", "9/order", -5000)
    assert run(shop, memory) == []
    server.move("2501", "31", "2026-03-06 10:00:00")
    run(shop, memory)
    assert memory.marks() == {"2501": (5000, 1)}
    server.move("2501", "17", "2026-03-07 10:00:00")
    run(shop, memory)
    assert memory.marks() == {"2501": (0, 0)}
    assert memory.history == [
        ("9/order", 5000),
        ("9/order/back", -5000),
        ("9/order~2", 5000),
        ("9/order~2/back", -5000),
    ]


@pytest.mark.parametrize("status", ["4", "33", "16"])
def test_a_status_that_only_moved_on_takes_nothing_back_and_is_told(
    server: ByznysWebServer, shop: ByznysWebShop, status: str
) -> None:
    memory = Remembered()
    one(server, order(9, "2501", 5000, "31", "2026-03-02 10:00:00"))
    run(shop, memory)
    server.move("2501", status, "2026-03-05 10:00:00")
    assert run(shop, memory) == ["paid_status_left"]
    assert memory.marks() == {"2501": (5000, 1)}


def test_a_later_stage_that_means_paid_keeps_the_first_day_of_payment(
    server: ByznysWebServer, shop: ByznysWebShop
) -> None:
    memory = Remembered()
    both = shop.model_copy(update={"paid_statuses": ["31", "4"]})
    one(server, order(9, "2501", 5000, "31", "2026-03-02 10:00:00"))
    run(both, memory)
    server.move("2501", "4", "2026-03-05 10:00:00")
    server.order("2501")["sum"] = price(4000)
    assert run(both, memory) == ["payment_taken_back"]
    assert memory.marks() == {"2501": (4000, 1)}
    assert memory.payments["9/order"]["booked_on"] == pd.Timestamp("2026-03-02")


def test_receipts_that_come_later_replace_the_word_of_the_status(
    server: ByznysWebServer, shop: ByznysWebShop
) -> None:
    memory = Remembered()
    both = shop.model_copy(update={"rules": ["status", "receipts"]})
    one(server, order(9, "2501", 5000, "31", "2026-03-02 10:00:00"))
    assert run(both, memory) == ["signs_disagree"]
    money = [receipt("1", 2000, "2026-03-02"), receipt("2", 3000, "2026-03-03")]
    server.order("2501")["invoices"] = [invoice("7", 5000, paid=True, on="2026-03-03 10:00:00", receipts=money)]
    server.move("2501", "31", "2026-03-05 10:00:00")
    assert run(both, memory) == []
    assert memory.marks() == {"2501": (5000, 2)}


def test_receipts_that_say_less_than_the_status_said_lower_nothing_by_themselves(
    server: ByznysWebServer, shop: ByznysWebShop
) -> None:
    memory = Remembered()
    both = shop.model_copy(update={"rules": ["status", "receipts"]})
    one(server, order(9, "2501", 5000, "31", "2026-03-02 10:00:00"))
    run(both, memory)
    server.order("2501")["preinvoices"] = [
        {"id": "7", "preinvoice_num": 7, "payments": [receipt("1", 2000, "2026-03-02")]}
    ]
    assert run(both, memory) == ["signs_disagree", "paid_status_left"]
    assert memory.marks() == {"2501": (5000, 1)}


def test_a_receipt_that_is_deleted_or_given_back_lowers_the_mark(
    server: ByznysWebServer, shop: ByznysWebShop
) -> None:
    memory = Remembered()
    by_receipts = shop.model_copy(update={"rules": ["receipts"]})
    one(server, order(9, "2501", 5000, "2", "2026-03-02 10:00:00"))
    money = [receipt("1", 3000, "2026-03-02"), receipt("2", 2000, "2026-03-03"), receipt("3", -500, "2026-03-04")]
    paper = {"id": "7", "preinvoice_num": 7, "payments": money}
    server.order("2501")["preinvoices"] = [paper]
    server.order("2501")["invoices"] = [invoice("8", 5000, paid=False, receipts=money)]
    run(by_receipts, memory)
    assert memory.marks() == {"2501": (4500, 2)}
    del money[1:]
    assert run(by_receipts, memory) == ["payment_taken_back"]
    assert memory.marks() == {"2501": (3000, 1)}
    money.clear()
    run(by_receipts, memory)
    assert memory.marks() == {"2501": (0, 0)}
    money.append(receipt("1", 3000, "2026-03-02"))
    run(by_receipts, memory)
    assert memory.marks() == {"2501": (3000, 1)}


def test_a_shop_that_withholds_invoices_keeps_the_marks(server: ByznysWebServer, shop: ByznysWebShop) -> None:
    memory = Remembered()
    by_invoice = shop.model_copy(update={"rules": ["invoice"]})
    one(server, order(9, "2501", 5000, "2", "2026-03-02 10:00:00"))
    server.order("2501")["invoices"] = [invoice("8", 5000, paid=True, on="2026-03-02 10:00:00")]
    run(by_invoice, memory)
    server.may_read_invoices = False
    run(by_invoice, memory)
    assert memory.marks() == {"2501": (5000, 1)}
    assert json.loads(memory.cursors["unclear"]) == ["2501"]
    server.may_read_invoices = True
    server.order("2501")["invoices"][0]["paid"] = False
    assert run(by_invoice, memory) == ["payment_taken_back"]
    assert memory.marks() == {"2501": (0, 0)}


def test_a_hole_in_the_list_leaves_the_watermark_where_it_was(
    server: ByznysWebServer, shop: ByznysWebShop
) -> None:
    memory = Remembered()
    server.holes = {"2600000005"}
    run(shop, memory)
    assert len(memory.marks()) == 9
    assert memory.covered == set()
    assert "watermark" not in memory.cursors
    server.holes = set()
    run(shop, memory)
    assert memory.marks() == expected(server.orders)


def test_an_order_whose_method_spoils_its_page_is_asked_for_alone(
    server: ByznysWebServer, shop: ByznysWebShop
) -> None:
    pairs = [StatusWithMethods(status="4", methods=["18"])]
    paired = shop.model_copy(update={"paid_statuses": [], "paid_with_method": pairs})
    server.orders = [
        order(n, str(n), 100, status, "2026-03-02 10:00:00", price_elements=method(way))
        for n, status, way in ((1, "4", "18"), (2, "4", "6"), (3, "4", "18"), (4, "2", "18"))
    ]
    server.poisoned = {"3", "4"}
    memory = Remembered()
    run(paired, memory)
    assert paid(memory) == {"1": (100, 1)}
    assert json.loads(memory.cursors["unclear"]) == ["3"]
    server.poisoned = {"4"}
    run(paired, memory)
    assert paid(memory) == {"1": (100, 1), "3": (100, 1)}
    server.faults.then(faults.RIGHT, faults.RIGHT, Fault(status=500))
    run(paired, Remembered())
    server.faults.then(faults.RIGHT, faults.RIGHT, Fault(status=503))
    with pytest.raises(Unavailable):
        run(paired, Remembered())


def test_an_old_installation_loses_the_sign_it_cannot_show(server: ByznysWebServer, shop: ByznysWebShop) -> None:
    server.old = True
    memory = Remembered()
    notes = run(shop.model_copy(update={"rules": ["status", "receipts"]}), memory)
    assert notes == ["sign_unavailable"]
    assert memory.marks() == expected(server.orders)
    run(shop.model_copy(update={"rules": ["invoice", "receipts"]}), Remembered())
    for settings in (
        {"rules": ["receipts"]},
        {"rules": ["status", "receipts"], "combine": "all"},
        {"paid_with_method": [StatusWithMethods(status="4", methods=["1"])]},
    ):
        with pytest.raises(SettingError, match="other signs"):
            run(shop.model_copy(update=settings), Remembered())


def test_statuses_that_the_shop_does_not_have_are_refused_at_the_start(
    server: ByznysWebServer, shop: ByznysWebShop
) -> None:
    with pytest.raises(SettingError, match="no order status 99") as caught:
        run(shop.model_copy(update={"paid_statuses": ["31", "99"]}), Remembered())
    assert "31 = Platba online" in str(caught.value)
    with pytest.raises(SettingError, match="No status was chosen"):
        run(shop.model_copy(update={"paid_statuses": []}), Remembered())
    del server.statuses["17"]
    with pytest.raises(SettingError, match="17"):
        run(shop, Remembered())


def test_a_status_of_a_gateway_switched_off_is_known_and_a_renamed_one_means_the_same(
    server: ByznysWebServer, shop: ByznysWebShop
) -> None:
    with_expired = shop.model_copy(update={"excluded_statuses": ["17", "33"]})
    memory = Remembered()
    run(with_expired, memory)
    server.statuses["31"] = "Uhrazeno"
    assert run(with_expired, memory) == ["status_renamed"]
    assert memory.marks() == expected(server.orders)


def errors(message: str, path: list[object] | None = None, data: object = None) -> bytes:
    return json.dumps({"data": data, "errors": [{"message": message, "path": path}]}).encode()


LATER = format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=90), usegmt=True)


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (Fault(status=401, body=b"<html>"), SettingError, "token"),
        (Fault(status=403, body=b'{"error":"no"}'), SettingError, "tariff"),
        (Fault(status=404), SettingError, "address"),
        (Fault(status=412), SettingError, "partner token"),
        (Fault(status=400, body=b'{"error":"bad"}'), Refused, "400"),
        (Fault(status=509), Refused, "quota"),
        (Fault(status=301, headers=(("location", "http://127.0.0.2:9/x"),)), SettingError, "127.0.0.2"),
        (Fault(status=308, headers=(("location", "http://127.0.0.2:9/x"),)), SettingError, "another address"),
        (faults.THROTTLED, Unavailable, "429"),
        (Fault(status=500), Unavailable, "failed inside"),
        (Fault(status=501, headers=(("retry-after", "600"),)), Unavailable, "501"),
        (Fault(status=502), Unavailable, "502"),
        (faults.UNAVAILABLE, Unavailable, "503"),
        (Fault(status=504), Unavailable, "504"),
        (Fault(status=200, body=b"<html>"), Unavailable, "without data"),
        (Fault(status=200), Unavailable, "without data"),
        (Fault(status=200, body=b"[]"), Unavailable, "without data"),
        (Fault(status=200, body=b"{}"), Unavailable, "without data"),
        (Fault(status=200, body=b'{"data":{}}'), Unavailable, "ByznysWeb"),
        (Fault(status=200, body=errors("Internal server error")), Unavailable, "Internal server error"),
        (faults.TRUNCATED, Unavailable, "without data"),
        (faults.GARBAGE, Unavailable, "without data"),
        (faults.REFUSED, Unavailable, "ByznysWeb"),
        (faults.LOST, Unavailable, "ByznysWeb"),
        (faults.BROKEN_OFF, Unavailable, "broke off"),
    ],
)
def test_after_any_failure_at_any_call_the_next_run_is_right_and_no_mark_was_wrong(
    server: ByznysWebServer, shop: ByznysWebShop, fault: Fault, error: type[PohodaPaymentsError], words: str
) -> None:
    for position in range(4):
        memory = Remembered()
        server.faults.then(*[faults.RIGHT] * position, fault)
        with pytest.raises(error, match=words) as caught:
            run(shop, memory)
        assert server.token not in str(caught.value)
        assert (memory.marks(), memory.cursors, memory.covered) == ({}, {}, set())
        run(shop, memory)
        assert memory.marks() == expected(server.orders)
        assert memory.covered == set(DAYS)


def strange(old: bytes, new: bytes) -> Fault:
    return Fault(rewrite=lambda body: body.replace(old, new, 1))


def test_half_a_character_and_a_null_in_texts_stop_no_run(server: ByznysWebServer, shop: ByznysWebShop) -> None:
    def spoilt(body: bytes) -> bytes:
        told = json.loads(body)
        first, second = told["data"]["getOrderList"]["data"][:2]
        first["order_num"] = "26\ud83d\x00"
        second |= {"order_num": "27\ud83d\x00", "sum": None}
        return json.dumps(told).encode()

    memory = Remembered()
    server.faults.then(*[faults.RIGHT] * 2, Fault(rewrite=spoilt))
    run(shop, memory)
    assert json.loads(memory.cursors["unclear"]) == ["27\ud83d\x00"]
    assert len(memory.payments) >= 1
    # The next run asks for the unreadable order alone, by its number.
    run(shop, memory)
    assert {number: memory.marks()[number] for number in expected(server.orders)} == expected(server.orders)


def without_next_page(body: bytes) -> bytes:
    told = json.loads(body)
    told["data"]["getOrderList"]["pageInfo"] |= {"hasNextPage": True, "nextCursor": None}
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        (strange(b'"status":{"id":"31"', b'"status":null,"x":{"id":"31"'), True),
        (strange(b'"sum":{', b'"sum":null,"x":{'), True),
        (strange(b'"value":', b'"value":"1 234,50","x":'), True),
        (strange(b'"last_change":"', b'"last_change":"?'), True),
        (strange(b'"order_num":', b'"order_num":null,"x":'), False),
        (strange(b'"data":[{', b'"data":[null,{'), False),
        (Fault(rewrite=without_next_page), False),
    ],
)
def test_after_anything_odd_on_any_page_the_next_run_is_right_and_no_mark_was_wrong(
    server: ByznysWebServer, shop: ByznysWebShop, fault: Fault, named: bool
) -> None:
    right = expected(server.orders)
    last = Days(DAYS.last, DAYS.last)
    for page in range(1, 4):
        memory = Remembered()
        server.faults.then(*[faults.RIGHT] * page, fault)
        run(shop, memory)
        assert memory.marks().items() <= right.items()
        assert bool(memory.covered) == bool(memory.cursor("", "watermark")) == named
        assert (memory.marks() == right) <= (not named)
        run(shop, memory, last if named else DAYS)
        assert memory.marks() == right
        assert json.loads(memory.cursors["unclear"]) == []


@pytest.mark.parametrize(
    ("retry_after", "status", "least", "most"),
    [("2", 429, 2, 2), (LATER, 429, 1, 90), ("soon", 429, 30, 30), (None, 429, 30, 30), (None, 501, 300, 300)],
    ids=["seconds", "date", "unreadable", "throttled", "maintenance"],
)
def test_how_long_to_wait_is_told(
    server: ByznysWebServer, shop: ByznysWebShop, retry_after: str | None, status: int, least: float, most: float
) -> None:
    headers = (("retry-after", retry_after),) if retry_after else ()
    server.faults.then(Fault(status=status, headers=headers))
    with pytest.raises(Unavailable) as caught:
        run(shop, Remembered())
    assert caught.value.retry_after is not None
    assert least <= caught.value.retry_after <= most


def test_a_second_attempt_goes_on_from_the_page_that_failed(server: ByznysWebServer, shop: ByznysWebShop) -> None:
    memory = Remembered()
    provider = ByznysWeb(shop, memory)
    server.faults.then(faults.RIGHT, faults.RIGHT, faults.RIGHT, Fault(status=200, body=b"<html>"))
    with pytest.raises(Unavailable):
        provider.extract(DAYS)
    server.log.clear()
    memory.record([provider.normalize(raw) for raw in provider.extract(DAYS)])
    assert [v["params"].get("cursor") for q, v in server.log if "Orders" in q] == [8]
    assert memory.marks() == expected(server.orders)


def test_a_cursor_that_does_not_grow_and_a_list_without_end_stop_the_reading(
    server: ByznysWebServer, shop: ByznysWebShop
) -> None:
    memory = Remembered()
    server.faults.then(faults.RIGHT, faults.RIGHT, strange(b'"nextCursor":8', b'"nextCursor":4'))
    run(shop, memory)
    assert (len(memory.marks()), memory.covered) == (8, set())
    short = Remembered()
    run(shop.model_copy(update={"most_pages": 1}), short)
    assert (len(short.marks()), short.covered) == (4, set())


def test_the_quota_that_runs_out_in_the_middle_marks_nothing_more(
    server: ByznysWebServer, shop: ByznysWebShop
) -> None:
    memory = Remembered()
    server.calls_left = 2
    with pytest.raises(Refused, match="quota"):
        run(shop, memory)
    assert (memory.marks(), memory.cursors) == ({}, {})


@pytest.mark.parametrize("change", [{"may_read": False}, {"has_tariff": False}])
def test_a_token_without_the_right_needs_a_person(
    server: ByznysWebServer, shop: ByznysWebShop, change: dict[str, bool]
) -> None:
    for name, value in change.items():
        setattr(server, name, value)
    with pytest.raises(SettingError, match="tariff"):
        run(shop, Remembered())


def test_a_wrong_token_is_not_shown(shop: ByznysWebShop) -> None:
    wrong = shop.model_copy(update={"token": SecretStr(shop.token.get_secret_value().upper())})
    with pytest.raises(SettingError) as caught:
        run(wrong, Remembered())
    assert wrong.token.get_secret_value() not in str(caught.value)


def test_the_probe_lists_the_statuses_with_their_numbers(server: ByznysWebServer, shop: ByznysWebShop) -> None:
    notes = ByznysWeb(shop, Remembered()).probe()
    assert "33 = Platba online - platnost vypršela" in notes[0].text
    assert [query.split()[1] for query, _ in server.log] == ["Hello", "Statuses", "Orders($since:"]


def documents(*rows: tuple[str | None, dt.date, bool | None]) -> pd.DataFrame:
    return table(
        DOCUMENTS,
        (
            {
                "agenda": "received_order",
                "id": n,
                "number": f"26OP{n:05d}",
                "reference": reference,
                "total": 10000,
                "currency": "CZK",
                "issued_on": issued,
                "cancelled": False,
                "marked_paid": marked,
            }
            for n, (reference, issued, marked) in enumerate(rows)
        ),
    )


def today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def test_orders_of_documents_still_unpaid_are_asked_for_one_by_one(
    server: ByznysWebServer, shop: ByznysWebShop
) -> None:
    memory = Remembered()
    provider = ByznysWeb(shop, memory)
    old = today() - 10 * ONE_DAY
    asked, wrong = provider.questions(
        documents(
            ("2600000001", old, False),
            ("2600000001", old, None),
            ("2600000002", old, True),
            (None, old, False),
            ("nobody", old, None),
            ("2600000003", today(), False),
            ("2600000004", today() - 100 * ONE_DAY, False),
            ("two words", old, False),
        )
    )
    assert checked(QUESTIONS, asked)["key"].tolist() == ["2600000001", "nobody", "2600000003", "2600000004"]
    assert [fault.record for fault in wrong] == ["doklad 26OP00007"]
    deliveries = [provider.read(raw, NOW) for raw in provider.ask(asked)]
    memory.record(deliveries)
    assert memory.marks() == {"2600000001": (10001, 1)}
    assert "watermark" not in memory.cursors
    answers = checked(ANSWERS, deliveries[0].answers).set_index("key")
    assert answers["outcome"].to_dict() == {
        "2600000001": "found",
        "nobody": "no_such_order",
        "2600000003": "too_young",
        "2600000004": "too_old",
    }
    assert answers["ask_again_at"].isna().tolist() == [outcome == "too_old" for outcome in answers["outcome"]]
    run(shop, memory)
    assert memory.marks() == expected(server.orders)


def test_only_so_many_orders_are_asked_for_in_one_run_and_failures_wait_for_the_next(
    server: ByznysWebServer, shop: ByznysWebShop
) -> None:
    old = today() - 10 * ONE_DAY
    provider = ByznysWeb(shop.model_copy(update={"most_rechecks": 2}), Remembered())
    asked, _ = provider.questions(documents(*((f"260000000{n}", old, False) for n in range(3))))
    server.faults.then(Fault(status=503))
    (raw,) = provider.ask(asked)
    found = provider.read(raw, NOW)
    assert found.answers["key"].tolist() == ["2600000001"]
    assert [note.code for note in found.notes] == ["not_all_answered"]
    assert provider.ask(asked) == []
    server.faults.always = Fault(status=503)
    with pytest.raises(Unavailable):
        ByznysWeb(shop, Remembered()).ask(asked)
    never = ByznysWeb(shop.model_copy(update={"recheck_until_days": 0}), Remembered())
    assert len(never.questions(documents(("1", old, False)))[0]) == 0
    young, _ = provider.questions(documents(("1", today(), False)))
    assert [raw.outcomes for raw in provider.ask(young)] == [{"1": "too_young"}]


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault(status=404, body=b"?"), "no_such_order"),
        (Fault(status=200, body=b'{"data":{"getOrder":null}}'), "no_such_order"),
        (Fault(status=200, body=errors("Order not found", ["getOrder"], {"getOrder": None})), "no_such_order"),
        (Fault(status=200, body=errors("Internal server error")), None),
        (Fault(status=200, body=errors("Internal server error", ["getOrder"], {"getOrder": None})), None),
        (Fault(status=200, body=b'{"data":{}}'), None),
    ],
)
def test_no_such_order_is_told_apart_from_a_failure(
    server: ByznysWebServer, shop: ByznysWebShop, fault: Fault, outcome: str | None
) -> None:
    provider = ByznysWeb(shop, Remembered())
    asked, _ = provider.questions(documents(("2600000001", today() - 5 * ONE_DAY, False)))
    server.faults.then(fault)
    if outcome is None:
        with pytest.raises(Unavailable):
            provider.ask(asked)
    else:
        assert [raw.outcomes for raw in provider.ask(asked)] == [{"2600000001": outcome}]


def test_the_sandbox_refuses_what_a_shop_refuses(server: ByznysWebServer, shop: ByznysWebShop) -> None:
    url, headers = f"{shop.address}/api/graphql", {"BW-API-Key": f"Token {server.token}"}

    def status(query: str, variables: dict[str, Any] | None = None) -> int:
        return httpx.post(url, json={"query": query, "variables": variables}, headers=headers).status_code

    assert httpx.get(url, headers=headers).status_code == 400
    assert httpx.post(url, content=b"{}", headers=headers).status_code == 400
    assert httpx.post(url, json=[{"query": "{ hello }"}], headers=headers).status_code == 400
    assert httpx.post(url, json={"query": "{ hello }"}).status_code == 401
    assert status("{ getOrder(order_num: 123) { id } }") == 400
    assert status("{ getOrderList(filter: {status: 31}) { data { id } } }") == 412
    assert status("{ getOrderList { data { id blocked } } }") == 500
    assert status("{ getOrderList(status: 31) { data { id } } }") == 200
    overflow = {"query": '{ getOrder(order_num: "2600000001") { var_symb } }'}
    assert httpx.post(url, json=overflow, headers=headers).json()["errors"]
    server.partner_for_sorting = True
    by_change = {"params": {"order_by": "last_change"}}
    assert (
        status("query($params: OrderParams) { getOrderList(params: $params) { data { id } } }", by_change) == 412
    )
    server.cuts_pages = False
    assert (
        "errors"
        in httpx.post(
            url, json={"query": "{ getOrderList(params: {limit: 99}) { data { id } } }"}, headers=headers
        ).json()
    )
    active = httpx.post(url, json={"query": "{ listOrderStatuses(only_active: true) { id } }"}, headers=headers)
    assert {"id": "33"} not in active.json()["data"]["listOrderStatuses"]


def test_the_sandbox_tells_the_worlds_money(tmp_path: Path) -> None:
    day = dt.date(2026, 3, 2)
    money = (
        Money("byznysweb", 1, day, 125000, reference="2501000123", kind="eshop"),
        Money("byznysweb", 2, day, 5000, reference="2501000124", kind="eshop", currency="EUR"),
        Money("byznysweb", 3, day, -5000, reference="2501000124", kind="reversal", takes_back=2),
    )
    with stand(World(1, day, (), money), tmp_path) as place:
        assert isinstance(place.block, ByznysWebShop)
        memory = Remembered()
        run(place.block, memory)
    assert memory.marks() == {"2501000123": (125000, 1)}


def test_nothing_listens_at_the_address(shop: ByznysWebShop) -> None:
    with served(ByznysWebServer().app()) as address:
        gone = address
    with pytest.raises(Unavailable):
        run(shop.model_copy(update={"address": gone}), Remembered())
