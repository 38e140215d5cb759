"""Reads whole topics from Kafka: everything up to the end that stood there at the beginning."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from comparer.bodies import Bodies
from comparer.validity import ENTRIES, FRAME, STOPS, Validity

SILENCE_SECONDS = 30


class Unreadable(Exception):
    """A reader of the log has to stop here."""


@dataclass(frozen=True)
class Record:
    offset: int
    append_time_ms: int
    key: bytes | None
    value: bytes


class Topics:
    """Each call reads from the start again. Not to be used from two threads."""

    def __init__(self, brokers: str) -> None:
        self.brokers = brokers

    def consumer(self, isolation: str) -> Consumer:
        settings: dict[str, Any] = {
            "bootstrap.servers": self.brokers,
            "group.id": "comparer",  # never joined: partitions are assigned by hand
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "isolation.level": isolation,
            "check.crcs": True,
            "fetch.wait.max.ms": 20,
            "enable.partition.eof": True,
        }
        return Consumer(settings)

    def read(self, topic: str, isolation: str) -> dict[int, list[Record]]:
        """All partitions' records, in offset order."""
        consumer = self.consumer(isolation)
        try:
            known = consumer.list_topics(topic, timeout=10).topics[topic]
            if known.error is not None:
                raise KafkaException(known.error)
            records: dict[int, list[Record]] = {number: [] for number in sorted(known.partitions)}
            consumer.assign([TopicPartition(topic, n, OFFSET_BEGINNING) for n in records])
            open_ones = set(records)
            while open_ones:
                message = consumer.poll(SILENCE_SECONDS)
                if message is None:
                    raise Unreadable(f"{topic}: nothing read for {SILENCE_SECONDS} s")
                error, partition = message.error(), message.partition()
                if error is None and partition in open_ones:
                    records[partition].append(record_of(message))
                elif error is not None and error.code() == KafkaError._PARTITION_EOF:
                    open_ones.discard(partition)
                elif error is not None:
                    raise Unreadable(f"{topic}/{partition}: {error}")
            return records
        finally:
            consumer.close()


def record_of(message: Message) -> Record:
    value = message.value() or b""
    return Record(message.offset(), message.timestamp()[1], message.key(), value)


@dataclass(frozen=True)
class Entry:
    """A valid entry and its place."""

    sequence: int
    body: Any  # foldstream.v1.Entry


@dataclass
class Log:
    """What counts in one partition of a log: entries, who opened each epoch; and of which epochs
    the records were that do not count."""

    partition: int
    validity: Validity = field(default_factory=Validity)
    entries: list[Entry] = field(default_factory=list)
    owners: dict[int, str] = field(default_factory=dict)
    ignored_entries: Counter[int] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)


def read_logs(topics: Topics, topic: str, bodies: Bodies) -> list[Log]:
    """One a partition, in the order of their numbers."""
    logs = []
    for partition, records in topics.read(topic, "read_uncommitted").items():
        log = Log(partition)
        for record in records:
            feed(log, record, bodies)
        logs.append(log)
    return logs


def feed(log: Log, record: Record, bodies: Bodies) -> None:
    """The next record of the partition, in offset order."""
    verdict = log.validity.feed(record.offset, record.value)
    log.verdicts[verdict] += 1
    if verdict in STOPS:
        raise Unreadable(f"partition {log.partition} at {record.offset}: {verdict}")
    if verdict == "claim":
        claim = bodies.log.Claim.FromString(record.value[FRAME.size :])
        log.owners[log.validity.epoch] = claim.owner
    elif verdict == "entries":
        log.entries += entries_of(record, log, bodies)
    elif verdict != "foreign" and FRAME.unpack_from(record.value)[2] == ENTRIES:
        log.ignored_entries[FRAME.unpack_from(record.value)[4]] += 1


def entries_of(record: Record, log: Log, bodies: Bodies) -> list[Entry]:
    count = FRAME.unpack_from(record.value)[3]
    entries = bodies.log.Entries.FromString(record.value[FRAME.size :]).entries
    if len(entries) != count:
        raise Unreadable(f"partition {log.partition} at {record.offset}: not {count} entries")
    first = log.validity.sequence - count + 1
    return [Entry(first + i, entry) for i, entry in enumerate(entries)]
