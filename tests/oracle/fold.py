"""The order events folded once more, in Python: what the rows should be."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from oracle.bodies import Bodies
from oracle.topics import Log

PREFIX = "foldstream.orders.v1."
Row = dict[str, Any]


@dataclass
class Orders:
    """Live orders by id."""

    bodies: Bodies
    rows: dict[str, Row] = field(default_factory=dict)

    def fold(self, log: Log, last: int | None = None) -> None:
        """All of it, or up to the sequence `last`."""
        for entry in log.entries[:last]:
            for event in entry.body.events:
                self.apply(log.partition, entry.sequence, entry.body, event)

    def apply(self, partition: int, sequence: int, body: Any, event: Any) -> None:
        name = event.type.removeprefix(PREFIX)
        message = getattr(self.bodies.events, name).FromString(event.payload)
        if name == "OrderDeleted":
            self.rows.pop(body.aggregate_id, None)
            return
        if name == "OrderCreated":
            row = created(body.aggregate_id, message, body.time_ms)
            self.rows[body.aggregate_id] = row
        else:
            row = self.rows.get(body.aggregate_id, {})
            if not row:
                return  # an event of what is not there; the audit tells
            changed(row, name, message)
        row["total_minor"] = sum(i["priceMinor"] * i["quantity"] for i in row["items"])
        row["item_count"] = len(row["items"])
        row["version"] = event.version
        row["updated_at"] = body.time_ms
        row["_partition"], row["_sequence"] = partition, sequence


def created(order_id: str, event: Any, time_ms: int) -> Row:
    return {
        "order_id": order_id,
        "customer_id": event.customer_id,
        "customer_name": event.customer_name,
        "customer_email": event.customer_email,
        "status": "pending",
        "currency": event.currency,
        "items": [item(i) for i in event.items],
        "shipping_address": event.shipping_address,
        "payment_id": "",
        "tracking_number": "",
        "cancel_reason": "",
        "created_at": time_ms,
    }


def item(message: Any) -> Row:
    return {
        "itemId": message.item_id,
        "productId": message.product_id,
        "name": message.name,
        "priceMinor": message.price_minor,
        "quantity": message.quantity,
    }


def changed(row: Row, name: str, event: Any) -> None:
    if name == "ItemAdded":
        row["items"].append(item(event.item))
    elif name == "ItemRemoved":
        row["items"] = [i for i in row["items"] if i["itemId"] != event.item_id]
    elif name == "PaymentConfirmed":
        row["status"], row["payment_id"] = "paid", event.payment_id
    elif name == "OrderShipped":
        row["status"], row["tracking_number"] = "shipped", event.tracking_number
    elif name == "OrderCompleted":
        row["status"] = "completed"
    elif name == "OrderCancelled":
        row["status"], row["cancel_reason"] = "cancelled", event.reason
    else:
        raise ValueError(f"an order event that the oracle does not know: {name}")


def summary(rows: Iterable[Row]) -> dict[tuple[str, ...], Row]:
    """GROUP BY status, currency."""
    groups: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = (row["status"], row["currency"])
        empty = {"status": key[0], "currency": key[1], "orders": 0, "revenue_minor": 0}
        group = groups.setdefault(key, empty)
        group["orders"] += 1
        group["revenue_minor"] += row["total_minor"]
    for group in groups.values():
        # Half away from zero, as SQL's round(numeric).
        doubled = 2 * group["revenue_minor"] + group["orders"]
        group["average_minor"] = doubled // (2 * group["orders"])
    return groups


def customers(rows: Iterable[Row]) -> dict[tuple[str, ...], Row]:
    """GROUP BY customer, currency, without cancelled ones; names are those of the newest order."""
    groups: dict[tuple[str, ...], Row] = {}
    newest: dict[tuple[str, ...], tuple[int, str]] = {}
    for row in rows:
        if row["status"] == "cancelled":
            continue
        key = (row["customer_id"], row["currency"])
        empty = {"customer_id": key[0], "currency": key[1], "orders": 0, "spent_minor": 0}
        group = groups.setdefault(key, empty)
        group["orders"] += 1
        group["spent_minor"] += row["total_minor"]
        at = (row["created_at"], row["order_id"])
        if key not in newest or at > newest[key]:
            newest[key] = at
            group["customer_name"] = row["customer_name"]
            group["customer_email"] = row["customer_email"]
            group["last_order_at"] = row["created_at"]
    return groups
