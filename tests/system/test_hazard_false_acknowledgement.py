"""A record that the broker refused, and that the client library reports as delivered: two brokers,
two of them needed, one stopped; answers held until the next record of the producer was written."""

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

from brokers import Pair
from conftest import BUILD, WAIT_SECONDS
from faults.kafka_proxy import Match
from processes import wait_for
from scene import configure

LIMIT = "min.insync.replicas"
PROGRAM = BUILD / "tests" / "system_false_acknowledgement"


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with Pair(BUILD / "two-brokers") as made:
        yield made


class Told:
    """The program, record by record."""

    def __init__(self, pair: Pair, topic: str, mutant: str) -> None:
        command = [str(PROGRAM), pair.proxied, topic]
        environment = {**os.environ, "FOLDSTREAM_MUTANT": mutant}
        pipe = subprocess.PIPE
        self.program = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, text=True, env=environment, bufsize=1
        )
        assert self.line() == {"ready": True}

    def line(self) -> dict[str, Any]:
        assert self.program.stdout is not None
        line: dict[str, Any] = json.loads(self.program.stdout.readline())
        return line

    def send(self, text: str) -> None:
        assert self.program.stdin is not None
        self.program.stdin.write(text + "\n")

    def end(self) -> None:
        assert self.program.stdin is not None
        self.program.stdin.close()
        try:
            assert self.program.wait(WAIT_SECONDS) == 0
        finally:
            self.program.kill()


def two_replicas(pair: Pair, topic: str) -> AdminClient:
    admin = AdminClient({"bootstrap.servers": pair.brokers})
    made = NewTopic(topic, 1, replica_assignment=[[1, 2]], config={LIMIT: "2"})
    admin.create_topics([made])[topic].result()

    def whole() -> bool:
        known = admin.list_topics(topic, timeout=10).topics[topic].partitions
        return bool(known) and known[0].leader == 1 and set(known[0].isrs) == {1, 2}

    assert wait_for(whole, WAIT_SECONDS)
    return admin


def limit(admin: AdminClient, topic: str) -> str:
    resource = ConfigResource(ResourceType.TOPIC, topic)
    (described,) = admin.describe_configs([resource]).values()
    return str(described.result()[LIMIT].value)


def values(pair: Pair, topic: str) -> list[str]:
    """What the topic holds."""
    consumer = Consumer({"bootstrap.servers": pair.brokers, "group.id": "reader"})
    try:
        place = TopicPartition(topic, 0, 0)
        end = consumer.get_watermark_offsets(place, WAIT_SECONDS)[1]
        consumer.assign([place])
        return [
            (message.value() or b"").decode()
            for message in consumer.consume(end, WAIT_SECONDS)
            if message.error() is None
        ]
    finally:
        consumer.close()


def reports(pair: Pair, topic: str, mutant: str) -> list[dict[str, Any]]:
    """Of two records, the first one refused and the second one written."""
    if pair.second.process.pid() is None:
        pair.second.start_again()
    admin = two_replicas(pair, topic)
    told = Told(pair, topic, mutant)
    try:
        pair.second.process.stop()

        def alone() -> bool:
            return bool(
                admin.list_topics(topic, timeout=10).topics[topic].partitions[0].isrs == [1]
            )

        assert wait_for(alone, WAIT_SECONDS)
        pair.proxy.hold("answers", Match())
        told.send("refused")
        assert wait_for(lambda: pair.proxy.held == 1, WAIT_SECONDS)
        assert values(pair, topic) == []
        configure(pair.brokers, topic, LIMIT, "1")
        assert wait_for(lambda: limit(admin, topic) == "1", WAIT_SECONDS)
        told.send("written")
        assert wait_for(lambda: values(pair, topic) == ["written"], WAIT_SECONDS)
        assert wait_for(lambda: pair.proxy.held == 2, WAIT_SECONDS)
        pair.proxy.release()
        return sorted((told.line(), told.line()), key=lambda line: int(line["tag"]))
    finally:
        told.end()


def test_a_false_acknowledgement_has_no_offset_and_counts_as_no_delivery(pair: Pair) -> None:
    first, second = reports(pair, "honest", "")
    print(first, second)
    assert first == {"tag": 1, "error": "", "offset": first["offset"], "delivered": False}
    assert first["offset"] < 0
    assert second == {"tag": 2, "error": "", "offset": 0, "delivered": True}
    assert values(pair, "honest") == ["written"]


def test_whoever_looks_at_the_error_alone_takes_it_for_delivered(pair: Pair) -> None:
    first, second = reports(pair, "believing", "delivered-whatever-the-offset")
    print(first, second)
    assert first["delivered"] and first["offset"] < 0
    assert second["delivered"]
    assert values(pair, "believing") == ["written"]
