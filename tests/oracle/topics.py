"""Reads whole topics from Kafka: everything up to the end that stood there at the beginning. What
counts in a log is said by the Python client (clients/python), which shares nothing with the C++."""

from collections import Counter
from dataclasses import dataclass, field

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from foldstream import kafka
from foldstream.log import NOWHERE, Entry, Judged, PartitionLog, Place, Record, Unreadable
from foldstream.v1 import log_pb2
from foldstream.validity import COUNTS, ENTRIES, FRAME

SILENCE_SECONDS = 30


class Topics:
    """Each call reads from the start again. Not to be used from two threads."""

    def __init__(self, brokers: str) -> None:
        self.brokers = brokers

    def consumer(self, isolation: str) -> Consumer:
        return kafka.consumer(self.brokers, isolation)

    def partitions(self, consumer: Consumer, topic: str) -> list[int]:
        return kafka.partitions(consumer, topic)

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
                    records[partition].append(kafka.record_of(message))
                elif error is not None and error.code() == KafkaError._PARTITION_EOF:
                    open_ones.discard(partition)
                elif error is not None and error.code() not in kafka.PASSING:
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


@dataclass(frozen=True, slots=True)
class Opening:
    """A valid claim: the epoch that it opened, and the last sequence before it."""

    epoch: int
    after: int
    body: log_pb2.Claim


@dataclass
class Log(PartitionLog):
    """What counts in one partition of a log, all of it: entries, who opened each epoch; and of
    which epochs the records with entries were that do not count, and why."""

    entries: list[Entry] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    claims: list[log_pb2.Claim] = field(default_factory=list)  # lost ones included
    owners: dict[int, str] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=lambda: {-1: NOWHERE})
    ignored_entries: Counter[int] = field(default_factory=Counter)
    ignored_reasons: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)

    def feed(self, record: Record) -> Judged:
        """The next record of the partition, in offset order."""
        before = self.validity.sequence
        judged = super().feed(record)
        verdict, claim = judged.verdict, judged.claim
        self.verdicts[verdict] += 1
        if verdict in COUNTS:
            self.places[record.offset] = judged.place
        if claim is not None:
            self.claims.append(claim)
        if verdict == "claim" and claim is not None:
            self.openings.append(Opening(judged.place.epoch, before, claim))
            self.owners[judged.place.epoch] = claim.owner
        elif verdict == "entries":
            self.entries += judged.entries
        elif verdict != "foreign" and FRAME.unpack_from(record.value)[2] == ENTRIES:
            self.ignored_entries[FRAME.unpack_from(record.value)[4]] += 1
            self.ignored_reasons[verdict] += 1
        return judged

    def move_on(self, *_: object) -> None:
        """A next_offset that goes back is told with everything else that is wrong (history.py)."""


def read_logs(topics: Topics, topic: str) -> list[Log]:
    """One a partition, in the order of their numbers."""
    logs = []
    for partition, records in topics.read(topic, "read_uncommitted").items():
        log = Log(partition)
        for record in records:
            log.feed(record)
        logs.append(log)
    return logs
