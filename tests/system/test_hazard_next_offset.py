"""Where commands go on stands in the log and nowhere else: records that nobody is shown, and what
anybody commits for the group, change nothing."""

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from conftest import SHORT_SESSION, WAIT_SECONDS, Stack
from oracle.compare import compare
from processes import wait_for
from scene import Place, Scene, create, pay
from services import fetch

COMMANDS = "orders.commands"
GROUP = "foldstream.orders.owner"
ABORTED = 20


def abort(brokers: str, partition: int) -> None:
    """Records that were never committed, and the control record that says so."""
    producer = Producer({"bootstrap.servers": brokers, "transactional.id": "somebody"})
    producer.init_transactions(WAIT_SECONDS)
    producer.begin_transaction()
    for number in range(ABORTED):
        command = create("never", f"never-{number}")
        producer.produce(COMMANDS, command.value, partition=partition, headers=command.headers)
    assert producer.flush(WAIT_SECONDS) == 0
    producer.abort_transaction(WAIT_SECONDS)


def end_of(brokers: str, partition: int) -> int:
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "reader"})
    try:
        place = TopicPartition(COMMANDS, partition)
        return int(consumer.get_watermark_offsets(place, WAIT_SECONDS)[1])
    finally:
        consumer.close()


def delete_below(brokers: str, partition: int, offset: int) -> None:
    admin = AdminClient({"bootstrap.servers": brokers})
    (done,) = admin.delete_records([TopicPartition(COMMANDS, partition, offset)]).values()
    done.result()


def start(stack: Stack, name: str) -> None:
    """With an empty store."""
    stack.start("command-service", name, "--instance", name, *SHORT_SESSION)


def test_what_was_aborted_behind_the_last_command_is_no_command_and_no_loss(stack: Stack) -> None:
    start(stack, "first")
    with Scene(stack.brokers) as scene:
        place: Place = scene.send(create("o-1", "c-1"))
        assert scene.said(place) == "accepted"
        abort(stack.brokers, place[0])
        stack.started["first"].kill()
        # Everything that was decided is gone; what was aborted is all that is left.
        delete_below(stack.brokers, place[0], place[1] + 1)
        start(stack, "second")
        after = scene.send(pay("o-1", "c-2"))
        assert after == (place[0], place[1] + ABORTED + 2)
        assert scene.said(after) == "accepted"
        abort(stack.brokers, place[0])
        stack.started["second"].kill()
        # Now also what was aborted behind the last command: nobody can say that it was none.
        delete_below(stack.brokers, place[0], end_of(stack.brokers, place[0]))
        service = stack.services.make("command-service", f"{stack.name}-third")
        stack.started["third"] = service
        service.arguments += ("--instance", "third", *SHORT_SESSION)
        service.start(wait=False)
        ready = f"http://127.0.0.1:{service.admin_port}/readyz"
        assert wait_for(lambda: "partitions adopt" in fetch(ready)[1], WAIT_SECONDS), fetch(ready)
        assert "was deleted before it was read" in fetch(ready)[1]
        assert {n for n in range(len(scene.watch.logs)) if f"partition {n} " in fetch(ready)[1]}


def test_what_somebody_commits_for_the_group_is_not_believed(stack: Stack) -> None:
    start(stack, "first")
    with Scene(stack.brokers) as scene:
        keys = scene.one_of_each("group")
        for key in keys.values():
            assert scene.ask(pay(key, f"paid-{key}")) == "accepted"
        for name, where in (("second", 0), ("third", -1)):
            for service in stack.started.values():
                service.stop()
            more = [scene.send(create(key, f"{name}-{key}")) for key in keys.values()]
            consumer = Consumer({"bootstrap.servers": stack.brokers, "group.id": GROUP})

            def offset(partition: int, where: int = where) -> int:
                return where if where == 0 else end_of(stack.brokers, partition)

            places = [TopicPartition(COMMANDS, n, offset(n)) for n in keys]
            wait_for(lambda c=consumer, p=places: committed(c, p), WAIT_SECONDS)  # type: ignore[misc]
            consumer.close()
            start(stack, name)
            for place in more:
                assert scene.said(place) == "already-exists"
    assert compare(stack.brokers, None, WAIT_SECONDS).differences == []


def committed(consumer: Consumer, places: list[TopicPartition]) -> bool:
    """Whether the group says so now."""
    done = consumer.commit(offsets=places, asynchronous=False)
    return done is not None and not [place for place in done if place.error]
