"""An entry that the broker never takes, because the log's limit was lowered while everything runs:
its command is refused in the end, and nothing else stands still."""

import random
import string

from conftest import SHORT_SESSION, WAIT_SECONDS, Stack
from load import Load
from oracle.bodies import Bodies
from oracle.compare import compare
from orders import Command
from processes import wait_for
from scene import Scene, configure, create
from services import fetch

EVENTS = "orders.events"
ITEMS = 1000
# What the platform adds to each item: an id of 36 letters, and its field.
ID_BYTES = 38
# The claims after each of the five entries that fail, and one for a stumble.
MOST_CLAIMS = 6
CHUNKS_A_SECOND = 5
END_SECONDS = 80


class Packed(Command):
    """As the platform's own senders pack it: without headers."""

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        return []


def huge(order_id: str, bodies: Bodies) -> Packed:
    """Allowed, and not to be compressed; its event is larger by the ids of its items."""
    draw = random.Random(1)
    letters = string.ascii_letters + string.digits
    order = bodies.commands.CreateOrder(
        order_id=order_id, customer_name="Ada", customer_email="ada@example.com"
    )
    for _ in range(ITEMS):
        name = "".join(draw.choices(letters, k=250))
        order.items.add(product_id="p", name=name, price_minor=1, quantity=1)
    command = bodies.command.Command(
        command_id="huge",
        type=order.DESCRIPTOR.full_name,
        content_type="CONTENT_TYPE_PROTOBUF",
        value=order.SerializeToString(),
    )
    return Packed("huge", "CreateOrder", order_id, {}, command.SerializeToString())


def test_a_command_whose_entry_no_longer_fits_the_log_is_refused_and_the_others_go_on(
    stack: Stack,
) -> None:
    stack.start("command-service", "first", "--instance", "first", *SHORT_SESSION)
    with Scene(stack.brokers) as scene:
        keys = scene.one_of_each("limit")
        assert scene.until(lambda: len(scene.decided) >= len(keys))
        command = huge("limit-huge", scene.bodies)
        limit = len(command.value) + ITEMS * ID_BYTES // 2
        configure(stack.brokers, EVENTS, "max.message.bytes", str(limit))
        before = scene.claims()
        with Load(stack.brokers, "limit-load", CHUNKS_A_SECOND):
            place = scene.send(command)
            elsewhere = [key for partition, key in keys.items() if partition != place[0]]
            rounds = 0
            while place not in scene.decided:
                rounds += 1
                seen = scene.watch.entries()
                assert scene.until(lambda: scene.watch.entries() > seen + 100), "all stands still"
                for key in elsewhere:
                    assert scene.ask(create(key, f"{rounds}-{key}")) == "already-exists"
                assert rounds < 1000, scene.claims() - before
        entry = scene.entry(place, END_SECONDS)
        claims = scene.claims() - before
        print(f"refused {entry.code} after {claims[place[0]]} more claims, {rounds} rounds")
        assert entry.code == "crashed"
        assert entry.kept.command_id == "huge"
        assert claims[place[0]] <= MOST_CLAIMS
        assert set(claims) == {place[0]}, "other partitions were disturbed"
        assert scene.ask(create(keys[place[0]], "afterwards")) == "already-exists"
    assert compare(stack.brokers, None, WAIT_SECONDS).differences == []

    # Whoever starts on such a log waits, and says what to do.
    stack.started["first"].stop()
    stack.started["first"].start(wait=False)
    ready = f"http://127.0.0.1:{stack.started['first'].admin_port}/readyz"
    assert wait_for(lambda: "max.message.bytes is" in fetch(ready)[1], WAIT_SECONDS), fetch(ready)
