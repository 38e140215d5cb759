"""The Python client over HTTP against the true gateway: what counts once stays once while the
processes behind it come and go."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import SHORT_SESSION, WAIT_SECONDS, Stack
from foldstream import (
    HttpClient,
    Invalid,
    NotFound,
    Outcome,
    Problem,
    TopicClient,
    VersionConflict,
)
from foldstream.orders.v1.commands_pb2 import (
    AddItem,
    ConfirmPayment,
    CreateOrder,
    ShipOrder,
    UpdateOrderStatus,
)
from foldstream.orders.v1.order_pb2 import ORDER_STATUS_PAID, OrderItem
from foldstream.orders.v1.rows_pb2 import OrderRow
from oracle.topics import Topics, read_logs

LAMP = OrderItem(product_id="p-1", name="lamp", price_minor=1250, quantity=2)
SENDERS, EACH = 4, 25


def create(order_id: str = "", name: str = "Ada") -> CreateOrder:
    email = f"{name.lower()}@example.com"
    return CreateOrder(order_id=order_id, customer_name=name, customer_email=email, items=[LAMP])


@pytest.fixture
def client(stack: Stack) -> HttpClient:
    for name in ("command-service", "projector", "query-service"):
        stack.start(name)
    return HttpClient(stack.environment["FOLDSTREAM_QUERY_URL"], seconds=WAIT_SECONDS)


def test_a_command_is_answered_counts_once_and_is_seen(client: HttpClient) -> None:
    created = client.ask(create("o-1"), command_id="c-1", expected_version=0)
    assert (created.status, created.aggregate_id, created.version) == ("accepted", "o-1", 1)
    again = client.ask(create("o-1"), command_id="c-1", expected_version=0)
    assert again.duplicate
    assert (again.position, again.events) == (created.position, created.events)
    paid = client.ask(UpdateOrderStatus(order_id="o-1", status=ORDER_STATUS_PAID))
    row = client.row(OrderRow, "o-1", after=paid)
    assert (row.status, row.version) == (ORDER_STATUS_PAID, 2)
    dry = client.ask(ShipOrder(order_id="o-1"), dry_run=True)
    assert (dry.status, [event.version for event in dry.events]) == ("dry-run", [3])
    assert client.row(OrderRow, "o-1", after=dry).version == 2
    made = client.ask(create())
    assert client.row(OrderRow, made.aggregate_id, after=made).customer_name == "Ada"


def test_a_refusal_says_all_that_is_wrong(client: HttpClient) -> None:
    with pytest.raises(Invalid) as invalid:
        client.ask(CreateOrder(customer_name="Ada", customer_email="nowhere"))
    assert {violation.field for violation in invalid.value.violations} == {"customerEmail", "items"}
    with pytest.raises(NotFound) as nobody:
        client.ask(ShipOrder(order_id="nobody"))
    assert nobody.value.position is not None
    client.ask(create("o-1"))
    with pytest.raises(VersionConflict) as conflict:
        client.ask(ConfirmPayment(order_id="o-1"), expected_version=7)
    told = conflict.value
    assert (told.status, told.expected, told.actual) == (412, 7, 1)
    with pytest.raises(Problem) as shipped:
        client.ask(ShipOrder(order_id="o-1"))
    assert (shipped.value.code, shipped.value.status) == ("order-not-shippable", 422)


def test_one_that_nobody_waits_for_is_decided_all_the_same(
    client: HttpClient, stack: Stack
) -> None:
    pending = client.send(create("o-1"), command_id="c-1")
    assert (pending.status, pending.position) == ("pending", None)
    with TopicClient(stack.brokers) as by_topic:
        told = by_topic.ask(create("o-1"), command_id="c-1")
    assert told.duplicate
    assert client.row(OrderRow, "o-1", after=told).version == 1


def test_a_batch_is_answered_line_by_line(client: HttpClient) -> None:
    told = client.ask_all([create("o-1"), ShipOrder(order_id="o-1"), create("o-1"), create("o-2")])
    assert [type(one) is Outcome for one in told] == [True, False, False, True]
    assert [one.code for one in told if isinstance(one, Problem)] == [
        "order-not-shippable",
        "already-exists",
    ]
    last = told[-1]
    assert isinstance(last, Outcome)
    assert client.row(OrderRow, "o-2", after=last).version == 1


def add_items(client: HttpClient, sender: int) -> list[Outcome]:
    def item(number: int) -> AddItem:
        one = OrderItem(item_id=f"i-{number}", product_id="p", name="n", quantity=1)
        return AddItem(order_id=f"o-{sender}", item=one)

    return [client.ask(item(number)) for number in range(EACH)]


def test_commands_count_once_while_processes_die_and_come_back(stack: Stack) -> None:
    """Each sender waits for one outcome before it sends the next: all of them are told, and the
    versions of each order run on without a gap."""
    stack.start("command-service", "first", "--instance", "first", *SHORT_SESSION)
    stack.start("projector")
    stack.start("query-service")
    client = HttpClient(stack.environment["FOLDSTREAM_QUERY_URL"], seconds=WAIT_SECONDS)
    for sender in range(SENDERS):
        client.ask(create(f"o-{sender}"))
    with ThreadPoolExecutor(SENDERS) as pool:
        told = [pool.submit(add_items, client, sender) for sender in range(SENDERS)]
        for _ in range(2):
            for name in ("first", "query-service"):
                stack.started[name].kill()
                stack.started[name].start()
        outcomes = [one.result() for one in told]
    for of_one in outcomes:
        assert [outcome.version for outcome in of_one] == list(range(2, EACH + 2))
    logs = read_logs(Topics(stack.brokers), "orders.events")
    counted = Counter(e.body.command_id for log in logs for e in log.entries if e.body.events)
    assert set(counted.values()) == {1}
    assert len(counted) == SENDERS * (EACH + 1)
    assert stack.compare().differences == []
