"""
Reading orders page by page so that none is lost while others change (byznysweb.md 5).

The network happens here. What comes out is everything that one look at the shop gave, holes and all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from blocks.byznysweb import ByznysWebShop, Rule
from tasks.days import PRAGUE, Days
from tasks.errors import SettingError, Unavailable
from tasks.providers.byznysweb import queries
from tasks.providers.byznysweb.client import BLOCK, Reply, ServerFailed, Shop, UnknownField
from tasks.providers.byznysweb.queries import Shape, Since

OVERLAP = dt.timedelta(minutes=15)
OVERLAP_IN_AUTUMN = dt.timedelta(minutes=75)


@dataclass(frozen=True)
class Entry:
    """One order as the shop gave it."""

    order: Mapping[str, Any]
    partial: bool


@dataclass(frozen=True)
class Reading:
    """All that one look at the shop gave."""

    entries: tuple[Entry, ...]
    rules: tuple[Rule, ...]
    """The signs that this installation of the shop can show."""
    statuses: Mapping[str, str]
    """Ids and names of the configured statuses."""
    asked_on: dt.date
    days: Days | None = None
    """The days that the reading completes; none when single orders were asked."""
    holes: int = 0
    broken: str = ""
    """Why the list could not be read to its end, in Czech."""
    seconds: float = 0.0
    """How long the reading took."""
    remembered: Mapping[str, str] | None = None
    """What the ledger remembers: "watermark", "statuses" and "order:<id>"."""


@dataclass
class Pages:
    """A reading under way, kept between two attempts so that only a bad page is asked for again."""

    since: str
    how: Since
    shape: Shape
    started: float
    cursor: int = 0
    count: int = 0
    holes: int = 0
    broken: str = ""
    ended: bool = False

    def __post_init__(self) -> None:
        self.entries: list[Entry] = []

    def read(self, shop: Shop, settings: ByznysWebShop) -> None:
        """Read on to the end of the list, or to where it stops making sense."""
        while not self.ended:
            if self.count >= settings.most_pages:
                self._stop(f"Seznam objednávek má víc než {settings.most_pages} stránek")
                return
            self._add(shop, *self._page(shop))

    def add_single(self, shop: Shop, numbers: list[str]) -> None:
        """Add orders by number, as they are now; one that the shop no longer has is left out."""
        query = queries.order(self.shape)
        found = [shop.order(query, number) for number in numbers]
        self.entries += [Entry(*order) for order in found if order]

    def _page(self, shop: Shop) -> tuple[Reply, bool]:
        """A page, and whether it was read without payment methods because some order spoils them."""
        try:
            reply = self._asked(shop, self.shape)
            if not (self.shape.method and reply.failed_at("price_elements")):
                return reply, False
        except ServerFailed:
            if not self.shape.method:
                raise
        return self._asked(shop, replace(self.shape, method=False)), True

    def _asked(self, shop: Shop, shape: Shape) -> Reply:
        query = queries.orders(shape, self.how)
        return shop.asked(query, since=self.since, params=queries.page_params(self.cursor))

    def _add(self, shop: Shop, reply: Reply, methodless: bool) -> None:
        listed = reply.data.get("getOrderList")
        page = listed.get("pageInfo") if isinstance(listed, dict) else None
        data = listed.get("data") if isinstance(listed, dict) else None
        if (
            not isinstance(page, dict)
            or not isinstance(data, list)
            or not isinstance(page.get("hasNextPage"), bool)
        ):
            raise Unavailable("ByznysWeb answered something else than a page of orders")
        orders = [entry for entry in data if isinstance(entry, dict)]
        found = [Entry(order, reply.partial) for order in orders]
        if methodless:
            found = [self._with_method(shop, entry) for entry in found]
        self.entries += found
        self.holes += len(data) - len(orders)
        self.count += 1
        self._turn_to(page)

    def _with_method(self, shop: Shop, entry: Entry) -> Entry:
        """The order asked for alone; without its method when that fails too."""
        try:
            alone = shop.order(queries.order(self.shape), str(entry.order.get("order_num")))
        except Unavailable:
            return entry
        return Entry(*alone) if alone else entry

    def _turn_to(self, page: Mapping[str, Any]) -> None:
        following = page.get("nextCursor")
        if not page["hasNextPage"]:
            self.ended = True
        elif not isinstance(following, int) or following <= self.cursor:
            self._stop("E-shop neřekl, odkud číst další stránku objednávek")
        else:
            self.cursor = following

    def _stop(self, why: str) -> None:
        self.broken, self.ended = why, True


def starting_point(watermark: str | None, days: Days, asked_on: dt.date, first_days: int) -> tuple[str, Since]:
    """Since when to ask, by the shop's clock, and whether for changes or, at first, for purchases.

    Never later than the watermark allows, so that asking for some days alone leaves no gap before them.
    """
    first = dt.datetime.combine(days.first, dt.time())
    if watermark is None:
        bought = dt.datetime.combine(asked_on - dt.timedelta(days=first_days), dt.time())
        return min(first, bought).isoformat(" "), "newer_from"
    last = dt.datetime.fromisoformat(watermark)
    overlap = OVERLAP_IN_AUTUMN if _is_repeated(last) or _is_repeated(last - OVERLAP) else OVERLAP
    return min(first, last - overlap).isoformat(" "), "changed_from"


def statuses_of(shop: Shop, settings: ByznysWebShop) -> dict[str, str]:
    """Ids and names of the configured statuses, after making sure that the shop has each of them.

    Raises SettingError with the shop's own list when one is missing or none was chosen.
    """
    listed = shop.asked(queries.STATUSES).data.get("listOrderStatuses")
    if not isinstance(listed, list) or not listed:
        raise Unavailable("ByznysWeb did not list the statuses of orders")
    known = {str(item.get("id")): str(item.get("name")) for item in listed if isinstance(item, dict)}
    paid = set(settings.paid_statuses)
    paid |= {pair.status for pair in settings.paid_with_method}
    wanted = paid | set(settings.excluded_statuses)
    choice = ", ".join(f"{id} = {name}" for id, name in known.items())
    if missing := sorted(wanted - set(known)):
        raise SettingError(
            f"The shop has no order status {', '.join(missing)}",
            evidence=f"its statuses are: {choice}",
            next_step=f"correct the statuses in {BLOCK}",
        )
    if "status" in settings.rules and not paid:
        raise SettingError(
            "No status was chosen that means paid",
            evidence=f"the shop's statuses are: {choice}",
            next_step=f"choose the paid statuses in {BLOCK}",
        )
    return {status: known[status] for status in sorted(wanted)}


def shape_of(shop: Shop, settings: ByznysWebShop) -> tuple[Shape, tuple[Rule, ...]]:
    """What to ask for each order, and the chosen signs that this installation of the shop can show at all.

    Older installations do not know receipts or the id of a method (byznysweb.md 9). Raises SettingError when
    without them nothing could be decided.
    """
    rules: tuple[Rule, ...] = tuple(dict.fromkeys(settings.rules))
    papers = "invoice" in rules or "receipts" in rules
    methods = bool(settings.paid_with_method) and "status" in rules
    shape = Shape(method=methods, invoices=papers, receipts=papers)
    while shape != Shape():
        try:
            _tried(shop, shape)
            break
        except UnknownField as unknown:
            rules = tuple(rule for rule in rules if rule != "receipts")
            hopeless = not rules or (settings.combine == "all" and "receipts" in settings.rules)
            if unknown.code != "payments" or hopeless:
                raise _missing(unknown.code) from None
            shape = replace(shape, receipts=False, invoices="invoice" in rules)
    return shape, rules


def _tried(shop: Shop, shape: Shape) -> None:
    """One small question that shows whether the fields exist; a failure of data is not its matter."""
    query = queries.orders(shape, "newer_from")
    tomorrow = dt.datetime.now(PRAGUE) + dt.timedelta(days=1)
    shop.asked(query, since=f"{tomorrow:%Y-%m-%d} 00:00:00", params={"limit": 1})


def _missing(field: str) -> SettingError:
    return SettingError(
        f"This installation of the shop cannot show the field {field}, on which the chosen signs depend",
        evidence="it refused the query",
        next_step=f"choose other signs of payment in {BLOCK}, or leave out the pairs of status and method",
    )


def _is_repeated(moment: dt.datetime) -> bool:
    """Whether the clock showed this time twice in the night when summer time ended."""
    return moment.replace(tzinfo=PRAGUE, fold=0).utcoffset() != moment.replace(tzinfo=PRAGUE, fold=1).utcoffset()
