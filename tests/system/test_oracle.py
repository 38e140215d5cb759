"""The oracle finds a projector that leaves out the fold of any one event type."""

from collections import Counter

import pytest

from conftest import Stack
from oracle.bodies import BODIES
from oracle.compare import EVENTS
from oracle.topics import Topics, read_logs
from orders import Orders, Sender

COMMANDS = 600


@pytest.fixture
def events(stack: Stack) -> list[str]:
    """Every event type of the domain; the log has some of each."""
    sender = Sender(stack.brokers)
    sender.send_all(list(Orders("skip", seed=7).commands(COMMANDS)))
    stack.start("command-service")
    stack.start("projector")
    report = stack.compare()
    assert report.differences == []
    assert report.commands == COMMANDS
    bodies = BODIES
    logs = read_logs(Topics(stack.brokers), EVENTS)
    seen = Counter(event.type for log in logs for e in log.entries for event in e.body.events)
    declared = bodies.events.DESCRIPTOR.message_types_by_name.values()
    assert set(seen) == {message.full_name for message in declared}
    return sorted(seen)


def test_a_fold_that_is_left_out_makes_it_fail(stack: Stack, events: list[str]) -> None:
    for event in events:
        stack.started["projector"].stop()
        stack.fresh_database()
        stack.start("projector", FOLDSTREAM_TEST_SKIP_FOLD=event)
        found = stack.compare().differences
        assert found, f"nothing found without {event}"
        assert [d for d in found if d.startswith("orders ")], found[:3]
        assert not [d for d in found if d.startswith("partition ")], found[:3]


def test_a_row_changed_by_hand_makes_it_fail(stack: Stack, events: list[str]) -> None:
    assert events
    change = "UPDATE read_gen.orders_g1 SET total_minor = total_minor + 1 WHERE order_id = %s"
    with stack.connect() as connection:
        row = connection.execute("SELECT min(order_id) FROM read.orders").fetchone()
        assert row is not None
        connection.execute(change, row)
    found = stack.compare().differences
    assert len(found) == 1
    assert f"orders {row[0]}: total_minor is" in found[0]
