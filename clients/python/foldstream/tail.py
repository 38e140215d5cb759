"""A domain's log, read while it grows: entries and events that count, and nothing else."""

import importlib
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, TopicPartition
from google.protobuf import symbol_database
from google.protobuf.message import Message

from foldstream import kafka
from foldstream.log import NOWHERE, Entry, Judged, PartitionLog, Place, Record, Unreadable, resumed
from foldstream.position import Position
from foldstream.words import to_words

POLL_SECONDS = 0.1
ANSWER_SECONDS = 30
SILENCE_SECONDS = 30  # without a record that is known to be there
BATCH = 500  # records


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry that counts, and where it stands."""

    position: Position
    entry: Entry

    @classmethod
    def of(cls, domain: str, partition: int, entry: Entry) -> "LogEntry":
        return cls(Position(domain, partition, entry.sequence), entry)


@dataclass(frozen=True, slots=True)
class Event:
    """`event_id` is orders:3:1042:0; `version` that of the aggregate after it. `payload` is None
    for a type that this client does not know; `data` is it as JSON."""

    event_id: str
    type: str
    aggregate_id: str
    version: int
    time_ms: int
    command_id: str
    principal: str
    position: Position
    payload: Message | None

    @property
    def name(self) -> str:
        """OrderCreated"""
        return self.type.rpartition(".")[2]

    @property
    def data(self) -> dict[str, Any]:
        return to_words(self.payload) if self.payload is not None else {}


class LogTail:
    """One thread; `with LogTail(brokers, "orders") as tail: …`. Begins at the logs' starts, or
    behind places that an earlier reader kept (`places()`): each is verified, because the log may
    be another one by now. Raises Unreadable where a reader of the log has to stop."""

    def __init__(
        self,
        brokers: str,
        domain: str,
        *,
        places: Mapping[int, Place] | None = None,
        partitions: Iterable[int] | None = None,
        settings: kafka.Settings | None = None,
    ) -> None:
        self.domain, self.topic = domain, f"{domain}.events"
        self.consumer: Consumer = kafka.consumer(brokers, settings=settings)
        wanted = kafka.partitions(self.consumer, self.topic) if partitions is None else partitions
        kept = {number: (places or {}).get(number, NOWHERE) for number in wanted}
        self.kept = {n: place for n, place in kept.items() if place != NOWHERE}  # not verified yet
        self.logs = {n: PartitionLog(n) for n, place in kept.items() if place == NOWHERE}
        self.consumer.assign(
            [TopicPartition(self.topic, n, max(place.offset, 0)) for n, place in kept.items()]
        )

    def places(self) -> dict[int, Place]:
        """Of all that was read; to be kept together with what was made of it."""
        return self.kept | {number: log.place for number, log in self.logs.items()}

    def read(self, seconds: float = POLL_SECONDS) -> list[tuple[int, Judged]]:
        """What has come, with its partition; perhaps nothing."""
        judged = []
        for message in self.consumer.consume(BATCH, seconds):
            partition, error = message.partition(), message.error()
            if error is not None:
                if error.code() not in (KafkaError._PARTITION_EOF, *kafka.PASSING):
                    raise Unreadable(f"{self.topic}/{partition}: {error.str()}")
                continue
            record = kafka.record_of(message)
            if partition in self.kept:
                self.verify(partition, record)
            else:
                judged.append((partition, self.logs[partition].feed(record)))
        return judged

    def verify(self, partition: int, there: Record) -> None:
        self.logs[partition] = resumed(partition, self.kept[partition], there)
        del self.kept[partition]

    def ends(self) -> dict[int, int]:
        """The offset of the next record of each partition, asked now."""
        found = {}
        for number in [*self.logs, *self.kept]:
            place = TopicPartition(self.topic, number)
            found[number] = int(self.consumer.get_watermark_offsets(place, ANSWER_SECONDS)[1])
        return found

    def reached(self, ends: Mapping[int, int]) -> bool:
        return not self.kept and all(log.validity.next >= ends[n] for n, log in self.logs.items())

    def entries(self, *, follow: bool = False) -> Iterator[LogEntry]:
        """Each partition's in its order. Without `follow`: up to the ends that there are now."""
        ends = self.ends()
        for number, place in self.kept.items():
            if ends[number] <= place.offset:
                raise Unreadable(f"{self.topic}/{number} ends before {place}")
        heard = time.monotonic()
        while follow or not self.reached(ends):
            found = self.read()
            if found:
                heard = time.monotonic()
            elif not follow and time.monotonic() - heard > SILENCE_SECONDS:
                raise Unreadable(f"{self.topic}: nothing read for {SILENCE_SECONDS} s")
            for partition, judged in found:
                for entry in judged.entries:
                    yield LogEntry.of(self.domain, partition, entry)

    def events(self, *, follow: bool = False) -> Iterator[Event]:
        for found in self.entries(follow=follow):
            yield from events_of(found)

    def close(self) -> None:
        self.consumer.close()

    def __enter__(self) -> "LogTail":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def events_of(found: LogEntry) -> Iterator[Event]:
    body, position = found.entry.body, found.position
    for index, event in enumerate(body.events):
        yield Event(
            f"{position}:{index}",
            event.type,
            body.aggregate_id,
            event.version,
            body.time_ms,
            body.command_id,
            body.principal,
            position,
            decoded(event.type, event.payload),
        )


def decoded(type_name: str, payload: bytes) -> Message | None:
    """foldstream.orders.v1.OrderCreated is a message of foldstream/orders/v1/events.proto."""
    try:
        importlib.import_module(f"{type_name.rpartition('.')[0]}.events_pb2")
        kind = symbol_database.Default().GetSymbol(type_name)
    except (ImportError, KeyError):
        return None
    made: Message = kind.FromString(payload)
    return made
