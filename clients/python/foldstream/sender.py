"""Records of D.commands, in CloudEvents' binary mode, each delivery proved."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from foldstream import kafka
from foldstream.command import Command

Headers = list[tuple[str, str | bytes | None]]


@dataclass(frozen=True, slots=True)
class Sent:
    """A command that is in its topic. `tag` is the name under which an answer was asked for."""

    command: Command
    tag: str
    partition: int
    offset: int


class Undelivered(Exception):
    """Not proved: nobody knows whether the record is in the topic."""


class Proofs:
    """Delivered means: no error, an offset, and offsets that rise. librdkafka can report a record
    without an error that never arrived."""

    def __init__(self) -> None:
        self.last: dict[tuple[str, int], int] = {}
        self.places: dict[str, tuple[int, int]] = {}
        self.failures: dict[str, str] = {}

    def take(self, tag: str, error: KafkaError | None, message: Message) -> None:
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        if error is not None:
            self.failures[tag] = str(error.str())
        elif offset is None or offset <= self.last.get((topic, partition), -1):
            self.failures[tag] = f"reported as delivered to {topic}/{partition} at {offset}"
        else:
            self.last[topic, partition] = offset
            self.places[tag] = partition, offset

    def begin(self, tag: str) -> None:
        """Late reports about what was given up are of no use to anybody else."""
        self.places = {t: place for t, place in self.places.items() if t == tag}
        self.failures.clear()

    def has(self, tag: str) -> bool:
        return tag in self.places or tag in self.failures


class Sender:
    """One thread. Says who it is as the events' source."""

    def __init__(self, brokers: str, source: str, settings: kafka.Settings | None = None) -> None:
        self.source = source
        self.proofs = Proofs()
        self.ready: set[str] = set()
        ours = {
            "bootstrap.servers": brokers,
            # The Java clients' default, and the platform's: a key has one partition everywhere.
            "partitioner": "murmur2_random",
            "enable.idempotence": True,
            "linger.ms": 0,
            "socket.nagle.disable": True,
            "compression.type": "lz4",
            "message.timeout.ms": 60_000,
            "log_level": 0,  # delivery reports tell what fails
        }
        self.producer = Producer({**ours, **(settings or {})})

    def prepare(self, topic: str) -> None:
        """Else the first record would wait a second for it."""
        if topic in self.ready:
            return
        known = self.producer.list_topics(topic, timeout=kafka.METADATA_SECONDS).topics[topic]
        if known.error is not None:
            raise KafkaException(known.error)
        self.ready.add(topic)

    def deliver(self, command: Command, tag: str, more: Headers, seconds: float) -> Sent:
        """Raises Undelivered when it is not proved in time."""
        topic = f"{command.domain}.commands"
        self.prepare(topic)
        self.proofs.begin(tag)
        try:
            self.producer.produce(
                topic,
                command.message.SerializeToString(deterministic=True),
                command.key,
                headers=[*self.cloud_event(command), *more],
                on_delivery=lambda error, message: self.proofs.take(tag, error, message),
            )
        except BufferError as full:
            raise Undelivered("too much that was sent before is not delivered yet") from full
        # Not flush(): what was given up before may still be on its way, to another partition.
        deadline = time.monotonic() + seconds
        while not self.proofs.has(tag) and (left := deadline - time.monotonic()) > 0:
            self.producer.poll(left)
        failure = self.proofs.failures.pop(tag, None)
        place = self.proofs.places.pop(tag, None)
        if place is None:
            raise Undelivered(failure or f"no delivery report in {seconds:.1f} s")
        return Sent(command, tag, *place)

    def cloud_event(self, command: Command) -> Headers:
        return [
            ("ce_specversion", "1.0"),
            ("ce_id", command.command_id),
            ("ce_source", self.source),
            ("ce_type", command.type),
            ("content-type", "application/protobuf"),
        ]


def terms(
    expected_version: int | None,
    dry_run: bool,
    traceparent: str | None,
    attributes: Mapping[str, str] | None,
) -> Headers:
    """The headers of what a sender may wish."""
    headers: Headers = []
    if expected_version is not None:
        headers.append(("expected_version", str(expected_version)))
    if dry_run:
        headers.append(("dry_run", "true"))
    if traceparent is not None:
        headers.append(("traceparent", traceparent))
    return headers + [(f"meta_{name}", value) for name, value in (attributes or {}).items()]
