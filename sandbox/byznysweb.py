"""
A shop on ByznysWeb on loopback: a real GraphQL interface over orders that change as one likes.

Queries are executed by graphql-core against the part of the shop's schema that matters, so that a query that a
real shop would refuse is refused here too.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo, GraphQLSchema, build_schema, graphql_sync
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from blocks.byznysweb import ByznysWebShop
from sandbox.faults import Faults, Faulty
from sandbox.serving import served
from sandbox.world import Money, Stand, World

TOKEN = "synthetic" + "Ab3" * 7 + "xY"
SERVER_FAILS_ON = ("blocked", "raw_value", "order_change", "statusmail", "send_sms")
PERSONAL = ("customer", "address", "email", "note", "phone")
STATUSES = {
    "2": "Čeká na úhradu",
    "4": "Odeslaná",
    "16": "Vyřízená",
    "17": "Storno",
    "31": "Platba online - zaplaceno",
    "33": "Platba online - platnost vypršela",
    "74": "Nezaplacená - zrušená objednávka",
}

SCHEMA = """
scalar Date
scalar DateTime
scalar CurrencyCode
enum Direction { ASC DESC }
enum OrderSorting { order_id order_num last_change pur_date }
enum PriceElementType { shipping payment gift custom discount }
input OrderParams { limit: Int, cursor: Int, order_by: OrderSorting, sort: Direction, search: String }
input OrderFilter { order_num: String, status: Int }
type Currency { id: ID!, code: CurrencyCode! }
type Price { value: Float!, raw_value: Float!, currency: Currency!, is_net_price: Boolean, formatted: String }
type OrderStatus { id: ID!, name: String!, order_change: Boolean, statusmail: Boolean, send_sms: Boolean }
type Taxation { tax_rate: Float, amount: Float!, tax_base: Float! }
type OrderPriceElement { id: ID!, type: PriceElementType!, title: String, reference_id: ID }
type Receipt { id: ID!, receipt_num: String, payment_type: String, pay_date: Date, sum: Price! }
type Preinvoice { id: ID!, preinvoice_num: Int!, payments: [Receipt] }
type Invoice {
  id: ID!, invoice_num: String!, created: DateTime!, paid: Boolean!, pay_date: DateTime, sum: Price!
  payments: [Receipt]
}
type Order {
  id: ID!, order_num: String!, external_ref: String, pur_date: DateTime!, var_symb: Int, blocked: Boolean!
  price_elements: [OrderPriceElement]!, sum: Price!, status: OrderStatus, vat_summary: [Taxation!]
  preinvoices: [Preinvoice], invoices: [Invoice], last_change: DateTime!
}
type PageInfo { hasNextPage: Boolean!, nextCursor: Int, pageIndex: Int, totalPages: Int }
type OrderList { data: [Order]!, pageInfo: PageInfo! }
type Payment { id: ID!, name: String! }
type Query {
  hello(name: String): String
  getOrderList(
    status: Int, newer_from: DateTime, changed_from: DateTime, params: OrderParams, filter: OrderFilter
  ): OrderList
  getOrder(order_num: String!): Order
  listOrderStatuses(only_active: Boolean): [OrderStatus!]
  listPayments(only_active: Boolean): [Payment!]
}
"""

Tree = dict[str, Any]


@dataclass
class ByznysWebServer:
    """A shop, its orders as they are now, and every way in which its answers can differ."""

    orders: list[Tree] = field(default_factory=list[Tree])
    statuses: dict[str, str] = field(default_factory=lambda: dict(STATUSES))
    inactive: set[str] = field(default_factory=lambda: {"33"})
    token: str = TOKEN
    may_read: bool = True
    may_read_invoices: bool = True
    has_tariff: bool = True
    partner_for_sorting: bool = False
    cuts_pages: bool = True
    inclusive: bool = True
    old: bool = False
    """Whether the installation lacks receipts on papers and the ids of payment methods."""
    poisoned: set[str] = field(default_factory=set[str])
    """Numbers of orders whose price elements cannot be read."""
    holes: set[str] = field(default_factory=set[str])
    """Numbers of orders in whose place a list has null."""
    calls_left: int | None = None
    page: int = 30
    between: deque[Callable[[], None]] = field(default_factory=deque[Callable[[], None]])
    """Done one by one before each page of orders: whoever changes orders while a client reads."""
    faults: Faults = field(default_factory=Faults)
    log: list[tuple[str, Tree]] = field(default_factory=list[tuple[str, Tree]])
    """Query and variables of every call; never headers."""

    def app(self) -> Starlette:
        inner = Starlette(routes=[Route("/api/graphql", self._answer, methods=["POST", "GET"])])
        app = Starlette()
        app.mount("/", Faulty(inner, self.faults))
        return app

    async def _answer(self, request: Request) -> Response:
        if request.method != "POST" or request.headers.get("content-type") != "application/json":
            return JSONResponse({"error": "POST with application/json, please"}, 400)
        asked = await request.json()
        if not isinstance(asked, dict):
            return JSONResponse({"error": "one operation at a time"}, 400)
        if status := self._refused(request):
            return JSONResponse({"error": "refused"}, status)
        query, variables = asked.get("query", ""), asked.get("variables") or {}
        self.log.append((query, variables))
        if "filter" in query or (self.partner_for_sorting and "last_change" in json.dumps(variables)):
            return JSONResponse({"error": "partner token"}, 412)
        if any(f" {name}" in query for name in SERVER_FAILS_ON):
            return JSONResponse({"errors": [{"message": "Internal server error"}]}, 500)
        return self._executed(query, variables)

    def _refused(self, request: Request) -> int | None:
        if request.headers.get("bw-api-key") != f"Token {self.token}":
            return 401
        if not self.may_read or not self.has_tariff:
            return 403
        if self.calls_left is not None:
            self.calls_left -= 1
            return 509 if self.calls_left < 0 else None
        return None

    def _executed(self, query: str, variables: Mapping[str, Any]) -> Response:
        result = graphql_sync(
            schema_of(self.old), query, self, variable_values=dict(variables), field_resolver=self._resolved
        )
        invalid = result.data is None and any(not error.path for error in result.errors or ())
        withheld = not self.may_read_invoices and "invoices" in query
        return JSONResponse(result.formatted, 400 if invalid else 206 if withheld else 200)

    def _resolved(self, source: Any, info: GraphQLResolveInfo[Any], **given: Any) -> Any:
        name = info.field_name
        if source is self:
            return getattr(self, f"_{name}")(**given)
        if name == "price_elements" and source["order_num"] in self.poisoned:
            raise GraphQLError("Internal server error")
        if name in ("invoices", "preinvoices") and not self.may_read_invoices:
            return None
        if name == "var_symb":
            return int(source["order_num"])
        return source.get(name)

    def _hello(self, name: str = "") -> str:
        return f"Hello {name}"

    def _getOrderList(
        self,
        newer_from: str = "",
        changed_from: str = "",
        status: int | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Tree:
        if self.between:
            self.between.popleft()()
        params = params or {}
        limit = params.get("limit", self.page)
        if limit > 30 and not self.cuts_pages:
            raise GraphQLError("limit is too large")
        limit = min(limit, self.page)
        found = [
            order
            for order in self.orders
            if order["pur_date"] >= newer_from
            and (order["last_change"] >= changed_from if self.inclusive else order["last_change"] > changed_from)
            and (status is None or (order["status"] or {}).get("id") == str(status))
        ]
        by = str(params.get("order_by", "order_id")).replace("order_id", "id")
        found.sort(key=lambda order: (len(str(order[by])), str(order[by])), reverse=params.get("sort") == "DESC")
        start = params.get("cursor", 0)
        more = start + limit < len(found)
        shown = [None if order["order_num"] in self.holes else order for order in found[start : start + limit]]
        page = {
            "hasNextPage": more,
            "nextCursor": start + limit if more else None,
            "pageIndex": 1,
            "totalPages": 1,
        }
        return {"data": shown, "pageInfo": page}

    def _getOrder(self, order_num: str) -> Tree | None:
        return next((order for order in self.orders if order["order_num"] == order_num), None)

    def _listOrderStatuses(self, only_active: bool = True) -> list[Tree]:
        hidden = self.inactive if only_active else set[str]()
        return [{"id": id, "name": name} for id, name in self.statuses.items() if id not in hidden]

    def order(self, number: str) -> Tree:
        """The order of this number, to be changed at will."""
        found = self._getOrder(number)
        assert found is not None
        return found

    def move(self, number: str, status: str | None, at: str) -> None:
        """Give an order another status at a moment of the shop's clock."""
        order = self.order(number)
        order["status"] = None if status is None else {"id": status, "name": self.statuses.get(status, "?")}
        order["last_change"] = at


@cache
def schema_of(old: bool) -> GraphQLSchema:
    """The interface of today's installations, or of those that lack receipts and the ids of payment methods."""
    text = SCHEMA
    if old:
        for newer in ("  payments: [Receipt]\n", ", payments: [Receipt]", ", reference_id: ID"):
            text = text.replace(newer, "")
    return build_schema(text)


def price(amount: int, currency: str = "CZK", *, net: bool | None = False) -> Tree:
    """A sum of hundredths as the shop gives it."""
    value = float(Decimal(amount).scaleb(-2))
    return {"value": value, "raw_value": value, "is_net_price": net, "currency": {"id": "1", "code": currency}}


def receipt(id: str, amount: int, day: str, currency: str = "CZK") -> Tree:
    """Money that the shop's people entered for an invoice or a pre-invoice."""
    return {
        "id": id,
        "receipt_num": f"P{id}",
        "payment_type": "transfer",
        "pay_date": day,
        "sum": price(amount, currency),
    }


def invoice(
    id: str, amount: int, *, paid: bool, on: str | None = None, receipts: list[Tree] | None = None
) -> Tree:
    """An invoice of an order."""
    return {
        "id": id,
        "invoice_num": f"25{id}",
        "created": "2026-03-01 12:00:00",
        "paid": paid,
        "pay_date": on,
        "sum": price(amount),
        "payments": receipts,
    }


def order(id: int, number: str, amount: int, status: str | None, at: str, **more: Any) -> Tree:
    """An order of hundredths in a status, bought and last changed at a moment."""
    return {
        "id": str(id),
        "order_num": number,
        "external_ref": None,
        "pur_date": at,
        "last_change": at,
        "status": None if status is None else {"id": status, "name": STATUSES.get(status, "?")},
        "sum": price(amount),
        "vat_summary": [],
        "price_elements": [],
        "preinvoices": [],
        "invoices": [],
        "blocked": False,
        **more,
    }


def method(id: str) -> list[Tree]:
    """Price elements of an order paid in this way."""
    return [
        {"id": "1", "type": "shipping", "title": "Doprava", "reference_id": "3"},
        {"id": "2", "type": "payment", "title": "Způsob platby", "reference_id": id},
    ]


def block_for(server: ByznysWebServer, address: str) -> ByznysWebShop:
    """The block that fits the server when it is reached at this address."""
    return ByznysWebShop(
        shop="www.obchod.cz",
        token=SecretStr(server.token),
        paid_statuses=["31"],
        excluded_statuses=["17", "74"],
        pause_seconds=0,
        address=address,
    )


@contextmanager
def stand(world: World, folder: Path) -> Generator[Stand]:
    """The e-shop of the sandbox's firm, whose orders are as paid as the world says."""
    server = ByznysWebServer(orders=orders_of(world.channel("byznysweb")))
    with served(server.app()) as address:
        yield Stand("byznysweb", block_for(server, address))


def orders_of(money: list[Money]) -> list[Tree]:
    """An order for each payment; one whose payment was taken back is cancelled."""
    cancelled = {m.takes_back: m for m in money if m.takes_back is not None}
    found: list[Tree] = []
    for m in (m for m in money if m.takes_back is None):
        back = cancelled.get(m.number)
        made = order(9_000 + m.number, m.reference, m.amount, "31", f"{m.paid_on} 10:00:00")
        made["sum"] = price(m.amount, m.currency)
        if back is not None:
            made |= {"status": {"id": "17", "name": STATUSES["17"]}, "last_change": f"{back.paid_on} 11:00:00"}
        found.append(made)
    return found
