"""The life of an order by topic and over HTTP, what the read models say of it, and what the log
has. Wants the addresses of `. .dev/env`; README.md beside this folder shows what it prints on a
fresh cluster."""

import os

from foldstream import HttpClient, LogTail, Problem, TopicClient
from foldstream.orders.v1.commands_pb2 import CompleteOrder, ConfirmPayment, CreateOrder, ShipOrder
from foldstream.orders.v1.order_pb2 import OrderItem, OrderStatus
from foldstream.orders.v1.rows_pb2 import OrderRow

LAMP = OrderItem(product_id="p-1", name="lamp", price_minor=1250, quantity=2)
ADA = CreateOrder(
    order_id="ada-1", customer_name="Ada", customer_email="ada@example.com", items=[LAMP]
)
BOB = CreateOrder(order_id="bob-1", customer_name="Bob", customer_email="nowhere")


def decide(commands: TopicClient, queries: HttpClient) -> None:
    created = commands.ask(ADA, command_id="create-ada-1")
    print(f"created {created.aggregate_id}, version {created.version}, at {created.position}")

    # The same id is the same command, however often it is sent.
    again = commands.ask(ADA, command_id="create-ada-1")
    print(f"again: duplicate={again.duplicate}, at {again.position}")

    try:
        commands.ask(ShipOrder(order_id="ada-1"))
    except Problem as problem:
        print(f"refused: {problem.code}, at {problem.position}")
    try:
        commands.ask(BOB)
    except Problem as problem:
        for violation in problem.violations:
            print(f"{problem.code}: {violation.field} {violation.message}")

    paid = commands.ask(ConfirmPayment(order_id="ada-1", payment_id="pay-7"), expected_version=1)
    order = queries.row(OrderRow, "ada-1", after=paid)  # what was just written is in it
    status = OrderStatus.Name(order.status)
    print(f"{order.order_id}: {status}, {order.total_minor} {order.currency}")

    # The same over HTTP, at the address of the queries.
    shipped = queries.ask(ShipOrder(order_id="ada-1", tracking_number="T-1"), expected_version=2)
    print(f"shipped {shipped.aggregate_id}, version {shipped.version}, at {shipped.position}")


def read(brokers: str, queries: HttpClient) -> None:
    done = queries.ask(CompleteOrder(order_id="ada-1"))
    mine = {"customerEmail": "ada@example.com", "sort": "-totalMinor"}
    for order in queries.rows(OrderRow, after=done, **mine):
        print(f"listed {order.order_id}, version {order.version}")
    with LogTail(brokers, "orders") as log:
        for event in log.events():
            print(f"{event.event_id} {event.name} of {event.aggregate_id}, version {event.version}")


if __name__ == "__main__":
    brokers = os.environ["FOLDSTREAM_KAFKA_BROKERS"]
    queries = HttpClient(os.environ["FOLDSTREAM_QUERY_URL"])
    with TopicClient(brokers) as commands:
        decide(commands, queries)
    read(brokers, queries)
