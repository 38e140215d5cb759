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

from oracle.bodies import Bodies
from oracle.validity import CLAIM, COUNTS, ENTRIES, FRAME, STOPS, Validity

SILENCE_SECONDS = 30
Headers = tuple[tuple[str, bytes], ...]


class Unreadable(Exception):
    """A reader of the log has to stop here."""


@dataclass(frozen=True, slots=True)
class Record:
    """A tombstone has no bytes, like an empty value."""

    offset: int
    append_time_ms: int
    key: bytes | None
    value: bytes
    headers: Headers = ()


class Topics:
    """Each call reads from the start again. Not to be used from two threads."""

    def __init__(self, brokers: str) -> None:
        self.brokers = brokers

    def consumer(self, isolation: str) -> Consumer:
        settings: dict[str, Any] = {
            "bootstrap.servers": self.brokers,
            "group.id": "oracle",  # never joined: partitions are assigned by hand
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "isolation.level": isolation,
            "check.crcs": True,
            "fetch.wait.max.ms": 20,
            "enable.partition.eof": True,
            "log_level": 0,  # errors come as events
        }
        return Consumer(settings)

    def partitions(self, consumer: Consumer, topic: str) -> list[int]:
        known = consumer.list_topics(topic, timeout=SILENCE_SECONDS).topics[topic]
        if known.error is not None:
            raise KafkaException(known.error)
        return sorted(known.partitions)

    def read(self, topic: str, isolation: str) -> dict[int, list[Record]]:
        """All partitions' records, in offset order."""
        consumer = self.consumer(isolation)
        try:
            records: dict[int, list[Record]] = {n: [] for n in self.partitions(consumer, topic)}
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
                elif error is not None and error.code() not in PASSING:
                    raise Unreadable(f"{topic}/{partition}: {error}")
            return records
        finally:
            consumer.close()

    def begins(self, topic: str) -> dict[int, int]:
        """The offsets below which the broker has nothing any more."""
        consumer = self.consumer("read_uncommitted")
        try:
            found = {}
            for number in self.partitions(consumer, topic):
                place = TopicPartition(topic, number)
                found[number] = consumer.get_watermark_offsets(place, SILENCE_SECONDS)[0]
            return found
        finally:
            consumer.close()


# Errors after which the client goes on by itself.
PASSING = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE)


def record_of(message: Message) -> Record:
    headers = tuple((name, value or b"") for name, value in message.headers() or ())
    value = message.value() or b""
    return Record(message.offset(), message.timestamp()[1], message.key(), value, headers)


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a log: that of a valid record."""

    offset: int
    epoch: int
    sequence: int
    link: int


NOWHERE = Place(-1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """A valid entry, its sequence, and the offset and append time of its record."""

    sequence: int
    body: Any  # foldstream.v1.Entry
    offset: int = -1
    append_time_ms: int = 0


@dataclass(frozen=True, slots=True)
class Opening:
    """A valid claim: the epoch that it opened, and the last sequence before it."""

    epoch: int
    after: int
    body: Any  # foldstream.v1.Claim


@dataclass
class Log:
    """What counts in one partition of a log: entries, who opened each epoch; and of which epochs
    the records with entries were that do not count, and why."""

    partition: int
    validity: Validity = field(default_factory=Validity)
    entries: list[Entry] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    claims: list[Any] = field(default_factory=list)  # foldstream.v1.Claim, lost ones included
    owners: dict[int, str] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=lambda: {-1: NOWHERE})
    ignored_entries: Counter[int] = field(default_factory=Counter)
    ignored_reasons: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)

    @property
    def place(self) -> Place:
        """Of its last valid record."""
        v = self.validity
        return Place(v.offset, v.epoch, v.sequence, v.link)


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
    before = log.validity.sequence
    verdict = log.validity.feed(record.offset, record.value)
    log.verdicts[verdict] += 1
    if verdict in STOPS:
        raise Unreadable(f"partition {log.partition} at {record.offset}: {verdict}")
    if verdict in COUNTS:
        log.places[record.offset] = log.place
    if verdict not in ("foreign", "damaged") and record.value[3] == CLAIM:
        log.claims.append(bodies.log.Claim.FromString(record.value[FRAME.size :]))
    if verdict == "claim":
        claim = log.claims[-1]
        log.openings.append(Opening(log.validity.epoch, before, claim))
        log.owners[log.validity.epoch] = claim.owner
    elif verdict == "entries":
        log.entries += entries_of(record, log, bodies)
    elif verdict != "foreign" and FRAME.unpack_from(record.value)[2] == ENTRIES:
        log.ignored_entries[FRAME.unpack_from(record.value)[4]] += 1
        log.ignored_reasons[verdict] += 1


def entries_of(record: Record, log: Log, bodies: Bodies) -> list[Entry]:
    count = FRAME.unpack_from(record.value)[3]
    entries = bodies.log.Entries.FromString(record.value[FRAME.size :]).entries
    if len(entries) != count:
        raise Unreadable(f"partition {log.partition} at {record.offset}: not {count} entries")
    first = log.validity.sequence - count + 1
    place = (record.offset, record.append_time_ms)
    return [Entry(first + i, entry, *place) for i, entry in enumerate(entries)]
