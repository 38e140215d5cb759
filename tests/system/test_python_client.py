"""The Python client (clients/python) against a running system: its example prints what its README
shows, and what it promises holds while owners come and go."""

import os
import re
import subprocess
import sys

import pytest

from conftest import SHORT_SESSION, WAIT_SECONDS, Stack
from foldstream import (
    FromLog,
    HttpClient,
    Invalid,
    LogTail,
    NotFound,
    Outcome,
    Position,
    Problem,
    TopicClient,
    Unreadable,
    VersionConflict,
)
from foldstream.log import Place
from foldstream.orders.v1.commands_pb2 import AddItem, ConfirmPayment, CreateOrder, ShipOrder
from foldstream.orders.v1.order_pb2 import ORDER_STATUS_PAID, OrderItem
from foldstream.orders.v1.rows_pb2 import OrderRow
from oracle.answers import Answers
from oracle.bodies import BODIES
from oracle.topics import Topics, read_logs
from paths import ROOT, path_of_tests

CLIENT = ROOT / "clients" / "python"
LAMP = OrderItem(product_id="p-1", name="lamp", price_minor=1250, quantity=2)


def create(order_id: str = "", name: str = "Ada") -> CreateOrder:
    email = f"{name.lower()}@example.com"
    return CreateOrder(order_id=order_id, customer_name=name, customer_email=email, items=[LAMP])


def test_the_example_prints_what_its_readme_shows(stack: Stack) -> None:
    for name in ("command-service", "projector", "query-service"):
        stack.start(name)
    shown = re.findall(r"```text\n(.*?)```", (CLIENT / "README.md").read_text(), re.DOTALL)
    done = subprocess.run(
        [sys.executable, str(CLIENT / "examples" / "orders.py")],
        env={**os.environ, **stack.environment, "PYTHONPATH": path_of_tests()},
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == shown[0]


def refusal(client: TopicClient, message: ShipOrder | CreateOrder, **more: int) -> Problem:
    with pytest.raises(Problem) as told:
        client.ask(message, **more)  # type: ignore[arg-type]
    return told.value


def test_outcomes_are_the_same_by_reply_and_from_the_log(stack: Stack) -> None:
    stack.start("command-service")
    from_log = FromLog(stack.brokers)
    with (
        TopicClient(stack.brokers) as replied,
        TopicClient(stack.brokers, answers=from_log) as logged,
    ):
        created = replied.ask(create("o-1"), command_id="c-1", attributes={"shop": "web"})
        assert (created.status, created.version, created.duplicate) == ("accepted", 1, False)
        # A duplicate has the first one's answer: from the log it is looked up.
        again = replied.ask(create("o-1"), command_id="c-1")
        assert again == logged.ask(create("o-1"), command_id="c-1")
        assert again.duplicate
        assert (again.position, again.events) == (created.position, created.events)
        for client in (replied, logged):
            assert refusal(client, ShipOrder(order_id="o-1")).code == "order-not-shippable"
            assert isinstance(refusal(client, ShipOrder(order_id="nobody")), NotFound)
            conflict = refusal(client, ShipOrder(order_id="o-1"), expected_version=7)
            assert isinstance(conflict, VersionConflict)
            assert (conflict.expected, conflict.actual) == (7, 1)
            dry = client.ask(ConfirmPayment(order_id="o-1"), dry_run=True)
            assert (dry.status, dry.aggregate_id) == ("dry-run", "o-1")
        # Violations are in replies alone.
        wrong = CreateOrder(customer_name="Ada", customer_email="nowhere")
        told = refusal(replied, wrong)
        assert isinstance(told, Invalid)
        assert {violation.field for violation in told.violations} == {"customerEmail", "items"}
        assert refusal(logged, wrong).code == "invalid"
    (log,) = [log for log in read_logs(Topics(stack.brokers), "orders.events") if log.entries][:1]
    assert {a.name for e in log.entries for a in e.body.attributes} <= {"shop"}


def answer(outcome: Outcome) -> dict[str, object]:
    """In the words of the oracle."""
    events = [
        {"eventId": event.event_id, "type": event.type, "version": event.version}
        for event in outcome.events
    ]
    return {
        "commandId": outcome.command_id,
        "status": outcome.status,
        "duplicate": outcome.duplicate,
        "aggregateId": outcome.aggregate_id,
        "version": outcome.version,
        "position": str(outcome.position),
        "events": events,
    }


def test_a_client_rides_over_the_death_of_an_owner(stack: Stack) -> None:
    """Commands that were sent before it and waited for after it are decided once."""
    stack.start("command-service", "first", "--instance", "first", *SHORT_SESSION)
    with TopicClient(stack.brokers, seconds=WAIT_SECONDS) as client:
        told = [client.ask(create(f"o-{n}")) for n in range(4)]
        stack.started["first"].kill()
        sent = [client.send(AddItem(order_id=f"o-{n}", item=LAMP)) for n in range(4)]
        stack.start("command-service", "second", "--instance", "second", *SHORT_SESSION)
        told += [client.wait(one) for one in sent]
        told += [
            client.ask(ConfirmPayment(order_id=f"o-{n}"), expected_version=2) for n in range(4)
        ]
    assert [outcome.version for outcome in told] == [1] * 4 + [2] * 4 + [3] * 4
    judged = Answers(BODIES, read_logs(Topics(stack.brokers), "orders.events"))
    for outcome in told:
        judged.check(answer(outcome))
    assert (judged.checked, judged.problems) == (12, [])


def test_a_query_shows_what_was_just_written(stack: Stack) -> None:
    for name in ("command-service", "projector", "query-service"):
        stack.start(name)
    queries = HttpClient(stack.environment["FOLDSTREAM_QUERY_URL"])
    with TopicClient(stack.brokers) as commands:
        for n in range(30):
            created = commands.ask(create(f"o-{n:02}"))
            assert queries.row(OrderRow, f"o-{n:02}", after=created).version == 1
        paid = commands.ask(ConfirmPayment(order_id="o-07", payment_id="p-7"))
        row = queries.row(OrderRow, "o-07", after=paid)
        assert (row.status, row.payment_id, row.total_minor) == (ORDER_STATUS_PAID, "p-7", 2500)
        assert row.created_at.ToMilliseconds() > 0
        found = [row.order_id for row in queries.rows(OrderRow, status="pending", limit=7)]
        assert sorted(found) == [f"o-{n:02}" for n in range(30) if n != 7]
        by_path = [row.order_id for row in queries.rows(OrderRow, "/status/paid", after=paid)]
        assert by_path == ["o-07"]
        summary = queries.get("/orders/summary", after=paid)
        assert summary.data["totalOrders"] == 30
        assert paid.position is not None and summary.covers(paid.position)
        assert queries.get("/orders/summary", etag=summary.etag).data is None
        with pytest.raises(NotFound):
            queries.row(OrderRow, "nobody")
        with pytest.raises(Problem) as told:
            queries.get("/orders", after=Position("orders", 0, 10**6), seconds=1)
        assert told.value.status in (400, 503)


def test_the_tail_goes_on_where_another_one_stopped(stack: Stack) -> None:
    stack.start("command-service")
    with TopicClient(stack.brokers) as client:
        for n in range(8):
            client.ask(create(f"o-{n}"))
        with LogTail(stack.brokers, "orders") as tail:
            first = list(tail.events())
            places = tail.places()
        for n in range(8):
            client.ask(ConfirmPayment(order_id=f"o-{n}", payment_id=f"p-{n}"))
    with LogTail(stack.brokers, "orders", places=places) as tail:
        second = list(tail.events())
        ends = tail.places()
    assert {(event.aggregate_id, event.version) for event in first} == {
        (f"o-{n}", 1) for n in range(8)
    }
    assert {event.data["paymentId"] for event in second} == {f"p-{n}" for n in range(8)}
    assert {event.name for event in second} == {"PaymentConfirmed"}
    logs = read_logs(Topics(stack.brokers), "orders.events")
    assert ends == {log.partition: log.place for log in logs}


def test_the_tail_follows_what_is_written_while_it_reads(stack: Stack) -> None:
    stack.start("command-service")
    with TopicClient(stack.brokers) as client, LogTail(stack.brokers, "orders") as tail:
        client.ask(create("o-1"))
        seen = []
        for event in tail.events(follow=True):
            seen.append(event.name)
            if len(seen) == 2:
                break
            client.ask(ConfirmPayment(order_id="o-1"))
    assert seen == ["OrderCreated", "PaymentConfirmed"]


def test_a_place_of_another_log_is_refused(stack: Stack) -> None:
    stack.start("command-service")
    with TopicClient(stack.brokers) as client:
        partition = client.ask(create("o-1")).position
    assert partition is not None
    with LogTail(stack.brokers, "orders") as tail:
        assert len(list(tail.events())) == 1
        place = tail.places()[partition.partition]
    other = Place(place.offset, place.epoch, place.sequence, place.link ^ 1)
    beyond = Place(place.offset + 100, place.epoch, place.sequence, place.link)
    for wrong in (other, beyond):
        places = {partition.partition: wrong}
        with LogTail(stack.brokers, "orders", places=places) as tail, pytest.raises(Unreadable):
            list(tail.events())
