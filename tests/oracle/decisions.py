"""The orders domain decided once more, in Python: what becomes of a command."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from oracle.bodies import Bodies
from oracle.commands import PREFIX, SPACE, Command

MOST_ITEMS = 1000
BY_STATUS = {2: "ConfirmPayment", 3: "ShipOrder", 4: "CompleteOrder", 5: "CancelOrder"}
PENDING = 1


class Refused(Exception):
    """Its text is the code."""


@dataclass
class Order:
    """What decisions need to know of an order."""

    status: str = "absent"
    items: list[str] = field(default_factory=list)

    def evolve(self, name: str, event: Any) -> None:
        """`name` is the event's short one."""
        if name == "OrderCreated":
            self.status, self.items = "pending", [item.item_id for item in event.items]
        elif name == "ItemAdded":
            self.items.append(event.item.item_id)
        elif name == "ItemRemoved":
            self.items = [item for item in self.items if item != event.item_id]
        else:
            self.status, self.items = AFTER[name], []

    def stored(self) -> tuple[str, list[str]]:
        """As foldstream.orders.v1.OrderState has it: items of a pending one only."""
        return self.status, self.items


AFTER = {
    "PaymentConfirmed": "paid",
    "OrderShipped": "shipped",
    "OrderCompleted": "completed",
    "OrderCancelled": "cancelled",
    "OrderDeleted": "deleted",
}


@dataclass
class Decision:
    """One command on one order; `made` counts the ids that were drawn."""

    order: Order
    command: Command
    events: Any  # the module
    made: int = 0

    def fresh_id(self) -> str:
        name = f"{self.command.aggregate_id}/{self.command.command_id}/{self.made}"
        self.made += 1
        return str(uuid.uuid5(SPACE, name))

    def must_be(self, status: str, code: str) -> None:
        if self.order.status != status:
            raise Refused(code)

    def decide(self, name: str, message: Any) -> Any:
        """The event, or None for accepted without one."""
        if name == "CreateOrder":
            return self.create(message)
        if self.order.status in ("absent", "deleted"):
            raise Refused("not-found")
        if name == "UpdateOrderStatus":
            if message.status == PENDING:
                self.must_be("pending", "order-not-editable")
                return None
            name = BY_STATUS[message.status]
            message = None
        return getattr(self, WAYS[name])(message)

    def create(self, message: Any) -> Any:
        self.must_be("absent", "already-exists")
        email = message.customer_email.strip(" \t\n\v\f\r")
        email = "".join(c.lower() if c.isascii() else c for c in email)
        event = self.events.OrderCreated(
            customer_name=message.customer_name,
            customer_email=email,
            customer_id=message.customer_id or email,
            currency=message.currency or "USD",
            shipping_address=message.shipping_address,
        )
        seen: set[str] = set()
        for item in message.items:
            added = event.items.add()
            added.CopyFrom(item)
            added.item_id = item.item_id or self.fresh_id()
            if added.item_id in seen:
                raise Refused("item-exists")
            seen.add(added.item_id)
        return event

    def add_item(self, message: Any) -> Any:
        self.must_be("pending", "order-not-editable")
        event = self.events.ItemAdded(item=message.item)
        event.item.item_id = message.item.item_id or self.fresh_id()
        if event.item.item_id in self.order.items:
            raise Refused("item-exists")
        if len(self.order.items) >= MOST_ITEMS:
            raise Refused("order-full")
        return event

    def remove_item(self, message: Any) -> Any:
        self.must_be("pending", "order-not-editable")
        if message.item_id not in self.order.items:
            raise Refused("item-not-found")
        if len(self.order.items) == 1:
            raise Refused("order-empty")
        return self.events.ItemRemoved(item_id=message.item_id)

    def pay(self, message: Any) -> Any:
        self.must_be("pending", "order-not-payable")
        return self.events.PaymentConfirmed(payment_id=message.payment_id if message else "")

    def ship(self, message: Any) -> Any:
        self.must_be("paid", "order-not-shippable")
        number = message.tracking_number if message else ""
        return self.events.OrderShipped(tracking_number=number)

    def complete(self, _: Any) -> Any:
        self.must_be("shipped", "order-not-completable")
        return self.events.OrderCompleted()

    def cancel(self, message: Any) -> Any:
        if self.order.status == "completed":
            raise Refused("order-not-cancellable")
        if self.order.status == "cancelled":
            return None
        return self.events.OrderCancelled(reason=message.reason if message else "")

    def delete(self, _: Any) -> Any:
        return self.events.OrderDeleted()


WAYS = {
    "AddItem": "add_item",
    "RemoveItem": "remove_item",
    "ConfirmPayment": "pay",
    "ShipOrder": "ship",
    "CompleteOrder": "complete",
    "CancelOrder": "cancel",
    "DeleteOrder": "delete",
}


def decide(order: Order, command: Command, bodies: Bodies) -> list[Any]:
    """The events; raises Refused."""
    event = Decision(order, command, bodies.events).decide(command.type, command.message)
    return [] if event is None else [event]


def event_of(event: Any, bodies: Bodies) -> tuple[str, Any]:
    """The short name and the message of a foldstream.v1.Event."""
    name = event.type.removeprefix(PREFIX)
    return name, getattr(bodies.events, name).FromString(event.payload)
