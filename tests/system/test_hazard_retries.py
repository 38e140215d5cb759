"""A client that asks for answers, loses them, and sends its commands again."""

import uuid

from conftest import SHORT_SESSION, WAIT_SECONDS, Stack
from oracle.answers import Answers
from oracle.compare import compare
from orders import Command
from postbox import Postbox, asks
from scene import CUSTOMER, ITEM, Scene, create, pay

SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "foldstream:orders")


def test_an_answer_comes_after_its_entry_and_is_the_same_whenever_it_is_asked_for(
    stack: Stack,
) -> None:
    stack.start("command-service", "first", "--instance", "first", *SHORT_SESSION)
    with Scene(stack.brokers) as scene:
        box = Postbox(scene)
        commands = [
            asks(create("o-1", "c-1")),
            asks(pay("o-1", "c-2")),
            asks(create("o-1", "c-3")),  # refused
            asks(pay("nobody", "c-4")),  # refused, and decided again each time
        ]
        scene.send(*commands)
        first = [dict(answer) for answer in box.wait(len(commands))]
        by_id = {answer["commandId"]: answer for answer in first}
        assert by_id["c-1"]["status"] == "accepted"
        assert by_id["c-3"]["code"] == "already-exists"
        assert by_id["c-4"]["code"] == "not-found"

        # No such partition: nobody is told, and that is all.
        assert scene.ask(asks(create("o-2", "c-5"), partition=99)) == "accepted"
        assert scene.ask(asks(create("o-2", "c-6", customerName=""))) == "invalid"
        assert box.wait(len(commands) + 1)[-1]["code"] == "invalid"

        stack.started["first"].kill()
        stack.start("command-service", "second", "--instance", "second", *SHORT_SESSION)
        scene.send(*commands)
        again = box.wait(2 * len(commands) + 1)[len(commands) + 1 :]
        for answer in again:
            told = by_id[str(answer["commandId"])]
            ignored = {"answeredAtMs", "duplicate"}
            if answer["commandId"] == "c-4":
                ignored |= {"position"}
                assert not answer["duplicate"]
            else:
                assert answer["duplicate"]
            assert {k: v for k, v in answer.items() if k not in ignored} == {
                k: v for k, v in told.items() if k not in ignored
            }
        scene.look()
        checked = Answers(scene.bodies, scene.watch.logs.values())
        for answer in box.got:
            checked.check(answer)
        assert checked.problems == []


def test_a_create_without_an_id_that_is_sent_again_through_another_instance_makes_one_order(
    stack: Stack,
) -> None:
    stack.start("command-service", "first", "--instance", "first", *SHORT_SESSION)
    with Scene(stack.brokers) as scene:
        order_id = str(uuid.uuid5(SPACE, "only-once"))
        command = Command("only-once", "CreateOrder", order_id, {**CUSTOMER, "items": [ITEM]})
        place = scene.send(command)
        assert scene.said(place) == "accepted"
        assert scene.entry(place).aggregate_id == order_id
        stack.started["first"].kill()
        stack.start("command-service", "second", "--instance", "second", *SHORT_SESSION)
        assert scene.ask(command) == "duplicate"
        other = Command("only-once", "CreateOrder", order_id, {**CUSTOMER, "items": [ITEM, ITEM]})
        assert scene.ask(other) == "command-id-reused"
        created = [
            event
            for log in scene.watch.logs.values()
            for entry in log.entries
            for event in entry.body.events
        ]
        assert len(created) == 1
    assert compare(stack.brokers, None, WAIT_SECONDS).differences == []
