"""The queries put to the shop: as little as the chosen rules need, and nothing about persons (byznysweb.md 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PAGE = 30
RECEIPTS = "payments { id pay_date sum { value currency { code } } }"

STATUSES = "query Statuses { listOrderStatuses(only_active: false) { id name } }"
HELLO = 'query Hello { hello(name: "pohoda-payments") }'

Since = Literal["changed_from", "newer_from"]


@dataclass(frozen=True)
class Shape:
    """Which parts of an order are asked for beyond its status and total."""

    method: bool = False
    invoices: bool = False
    receipts: bool = False

    @property
    def fields(self) -> str:
        """The fields of one order; those known to make servers fail are not among them (byznysweb.md 9)."""
        parts = [
            "id order_num last_change status { id name }",
            "sum { value is_net_price currency { code } } vat_summary { amount }",
        ]
        if self.method:
            parts.append("price_elements { type reference_id }")
        if self.invoices:
            inner = f" {RECEIPTS}" if self.receipts else ""
            parts.append(
                f"invoices {{ id paid pay_date sum {{ value is_net_price currency {{ code }} }}{inner} }}"
            )
        if self.receipts:
            parts.append(f"preinvoices {{ id {RECEIPTS} }}")
        return " ".join(parts)


def orders(shape: Shape, since: Since) -> str:
    """One page of orders changed or bought since a moment."""
    return (
        f"query Orders($since: DateTime, $params: OrderParams) {{ getOrderList({since}: $since, params: $params) "
        f"{{ data {{ {shape.fields} }} pageInfo {{ hasNextPage nextCursor }} }} }}"
    )


def order(shape: Shape) -> str:
    """One order by its number."""
    return f"query Order($number: String!) {{ getOrder(order_num: $number) {{ {shape.fields} }} }}"


def page_params(cursor: int) -> dict[str, object]:
    """Parameters of one page.

    Only by `order_id` upwards no order slips past the cursor while others change (byznysweb.md 5.3).
    """
    first: dict[str, object] = {"limit": PAGE, "order_by": "order_id", "sort": "ASC"}
    return first | ({"cursor": cursor} if cursor else {})
