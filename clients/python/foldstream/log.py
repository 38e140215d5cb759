"""One partition of a log, record by record: what of it counts, and what that says. No Kafka."""

from dataclasses import dataclass, field

from google.protobuf.message import DecodeError

from foldstream.v1 import log_pb2
from foldstream.validity import CLAIM, COUNTS, FRAME, STOPS, Validity, identify

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


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a log: that of a valid record. Who keeps one can go on reading behind it."""

    offset: int
    epoch: int
    sequence: int
    link: int


NOWHERE = Place(-1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """A valid entry, its sequence, and the offset and append time of its record."""

    sequence: int
    body: log_pb2.Entry
    offset: int = -1
    append_time_ms: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """A record: its verdict; its entries when they count; its claim, also one that came too late.
    `place` is that of the last valid record, this one included."""

    verdict: str
    place: Place
    claim: log_pb2.Claim | None = None
    entries: tuple[Entry, ...] = ()


@dataclass
class PartitionLog:
    """Feed it every record in offset order, from the start or from behind a place. Raises
    Unreadable where a reader has to stop; nothing must be fed afterwards."""

    partition: int
    validity: Validity = field(default_factory=Validity)

    def __post_init__(self) -> None:
        self.next_offset = 0

    @property
    def place(self) -> Place:
        """Of its last valid record."""
        v = self.validity
        return Place(v.offset, v.epoch, v.sequence, v.link)

    def feed(self, record: Record) -> Judged:
        verdict = self.validity.feed(record.offset, record.value)
        if verdict in STOPS:
            raise self.stop(record, verdict)
        claim = claim_of(record) if verdict not in ("foreign", "damaged") else None
        if verdict == "claim" and claim is None:
            raise self.stop(record, "a valid claim that cannot be read")
        entries = self.entries_of(record) if verdict == "entries" else ()
        self.move_on(record, claim if verdict in COUNTS else None, entries)
        return Judged(verdict, self.place, claim, entries)

    def move_on(
        self, record: Record, claim: log_pb2.Claim | None, entries: tuple[Entry, ...]
    ) -> None:
        """The place in the commands topic never goes back, but by an operator's word."""
        if claim is not None and claim.HasField("adoption"):
            self.next_offset = claim.adoption.next_offset
        for entry in entries:
            if entry.body.next_offset < self.next_offset:
                raise self.stop(
                    record, f"next_offset goes back {self.next_offset} -> {entry.body.next_offset}"
                )
            self.next_offset = entry.body.next_offset

    def entries_of(self, record: Record) -> tuple[Entry, ...]:
        count = FRAME.unpack_from(record.value)[3]
        try:
            bodies = log_pb2.Entries.FromString(record.value[FRAME.size :]).entries
        except DecodeError as error:
            raise self.stop(record, "valid entries that cannot be read") from error
        if len(bodies) != count:
            raise self.stop(record, f"not {count} entries")
        first = self.validity.sequence - count + 1
        place = (record.offset, record.append_time_ms)
        return tuple(Entry(first + i, body, *place) for i, body in enumerate(bodies))

    def stop(self, record: Record, why: str) -> Unreadable:
        return Unreadable(f"partition {self.partition} at {record.offset}: {why}")


def claim_of(record: Record) -> log_pb2.Claim | None:
    """Of a whole frame; nothing when it is no claim, or one that cannot be read."""
    if record.value[3] != CLAIM:
        return None
    try:
        return log_pb2.Claim.FromString(record.value[FRAME.size :])
    except DecodeError:
        return None


def resumed(partition: int, place: Place, there: Record | None) -> PartitionLog:
    """Behind a place that was kept; `there` is the record that is at its offset now. A log that was
    recreated, shrunk or restored is another log."""
    if place == NOWHERE:
        return PartitionLog(partition)
    value = there.value if there is not None and there.offset == place.offset else b""
    if len(value) < FRAME.size or identify(value) != place.link:
        raise Unreadable(f"partition {partition}: {place} is no place of this log")
    validity = Validity(place.offset, place.epoch, place.sequence, place.link)
    return PartitionLog(partition, validity)
