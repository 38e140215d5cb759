"""The Python client by topic while its connections are cut and deliveries go unanswered: what it
was told is in the log, once."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from conftest import BUILD, WAIT_SECONDS
from faults.kafka_proxy import KafkaProxy, Match
from faults.stage import Stage
from foldstream import FromLog, Outcome, OutcomeUnknown, TopicClient
from foldstream.orders.v1.commands_pb2 import AddItem, CreateOrder
from foldstream.orders.v1.order_pb2 import OrderItem
from oracle.compare import compare
from oracle.topics import Topics, read_logs

CUTS = 20  # connections
BETWEEN_CUTS_SECONDS = 0.2
CREATE = CreateOrder(
    order_id="o-1",
    customer_name="Ada",
    customer_email="ada@example.com",
    items=[OrderItem(product_id="p-1", name="lamp", price_minor=1, quantity=1)],
)


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage(BUILD / "python-client", BUILD)
    try:
        made.start()
        service = made.member("command-service", "service")
        service.start(FOLDSTREAM_KAFKA_BROKERS=made.brokers)  # it is the client that is struck
        yield made
    finally:
        made.stop()


@contextmanager
def cuts(proxy: KafkaProxy) -> Iterator[None]:
    over = threading.Event()

    def strike() -> None:
        while not over.wait(BETWEEN_CUTS_SECONDS):
            proxy.cut()

    thread = threading.Thread(target=strike)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def item(number: int) -> AddItem:
    made = OrderItem(item_id=f"i-{number}", product_id="p", name="n", price_minor=1, quantity=1)
    return AddItem(order_id="o-1", item=made)


def counted(stage: Stage) -> Counter[str]:
    """How many entries with events each command has."""
    logs = read_logs(Topics(stage.brokers), "orders.events")
    return Counter(e.body.command_id for log in logs for e in log.entries if e.body.events)


def test_connections_that_are_cut_cost_nothing_and_double_nothing(stage: Stage) -> None:
    with TopicClient(stage.proxied_brokers, seconds=WAIT_SECONDS) as client:
        client.ask(CREATE)
        with cuts(stage.proxy):
            told: list[Outcome] = []
            while stage.proxy.count("cut") < CUTS:
                told.append(client.ask(item(len(told))))
    assert [outcome.version for outcome in told] == list(range(2, len(told) + 2))
    assert set(counted(stage).values()) == {1}
    assert compare(stage.brokers, None, WAIT_SECONDS).differences == []


def test_a_delivery_that_nobody_confirms_is_unknown_and_the_same_id_tells(stage: Stage) -> None:
    brokers = stage.proxied_brokers
    with TopicClient(brokers, answers=FromLog(brokers), seconds=WAIT_SECONDS) as client:
        client.ask(CREATE)
        stage.proxy.drop("answers", Match())  # to what is produced
        with pytest.raises(OutcomeUnknown, match="not delivered"):
            client.ask(item(1), command_id="add-1", seconds=2)
        stage.proxy.mend()
        stage.proxy.cut()  # what was waiting for an answer asks again
        told = client.ask(item(1), command_id="add-1")
        assert told.version == 2
        assert told.duplicate
    assert counted(stage)["add-1"] == 1
