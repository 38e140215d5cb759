"""Commands that cannot be decoded cost the log, which is kept for ever, next to nothing."""

import random

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from conftest import BUILD, SHORT_SESSION, WAIT_SECONDS, Stack
from paths import Workspace
from scene import Scene, create

COMMANDS = "orders.commands"
JUNK = 100_000
HONEST = 200
MOST_BYTES = 20
END_SECONDS = 80


def preload(brokers: str) -> None:
    """Of every kind: bytes, a type that is none, a body that is none; with keys and headers that
    somebody would like to see in the log."""
    draw = random.Random(1)
    producer = Producer({"bootstrap.servers": brokers, "linger.ms": 50, "compression.type": "lz4"})
    topics = AdminClient({"bootstrap.servers": brokers}).list_topics(COMMANDS, WAIT_SECONDS).topics
    partitions = len(topics[COMMANDS].partitions)
    loud = b"LOOK AT ME " * 5
    kinds: list[tuple[bytes, list[tuple[str, bytes]]]] = [
        (draw.randbytes(40), []),
        (b"{}", [("ce_id", loud), ("ce_type", b"no.such.Type")]),
        (b'{"orderId":', [("ce_id", loud), ("ce_type", b"foldstream.orders.v1.PayOrder")]),
        (loud, [("ce_type", b"foldstream.orders.v1.CreateOrder")]),
    ]
    for number in range(JUNK):
        value, headers = kinds[number % len(kinds)]
        while True:
            try:
                producer.produce(COMMANDS, value, loud, number // 8 % partitions, headers=headers)
                break
            except BufferError:
                producer.poll(1)
    assert producer.flush(WAIT_SECONDS) == 0


def bytes_on_disk() -> int:
    """Of the log's segments, all partitions."""
    folder = Workspace(BUILD / "cluster").data / "kafka"
    segments = folder.glob("orders.events-[0-9]*/*.log")
    return sum(s.stat().st_size for s in segments if not s.parent.name.endswith("-delete"))


def test_junk_costs_less_than_twenty_bytes_a_command_and_keeps_nobody_waiting(stack: Stack) -> None:
    preload(stack.brokers)
    stack.start("command-service", "first", "--instance", "first", *SHORT_SESSION)
    with Scene(stack.brokers) as scene:
        honest = [scene.send(create(f"honest-{n}", f"honest-{n}")) for n in range(HONEST)]
        due = JUNK + HONEST
        assert scene.until(lambda: scene.watch.entries() >= due, END_SECONDS), scene.watch.entries()
        assert {scene.said(place) for place in honest} == {"accepted"}
        junk = [entry for entry in scene.decided.values() if entry.code == "invalid"]
        assert len(junk) == JUNK
        told = [entry for entry in junk if entry.command_id or entry.aggregate_id]
        assert told == []
    size = bytes_on_disk()
    print(f"{size} bytes on disk for {due} commands: {size / due:.1f} each")
    assert 0 < size < MOST_BYTES * due
