"""What orders.snapshots is worth: each record against the fold up to its sequence, and a restore as
a new owner would do it against the fold from the beginning."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError

from foldstream.log import Entry, Place, Record
from oracle.aggregates import Aggregate, Audit, Slot
from oracle.bodies import Bodies
from oracle.history import place_of
from oracle.topics import Log

TOPIC = "orders.snapshots"
MARKER, PARTITION = "@marker", "@partition"


@dataclass
class Restored:
    """An aggregate as a snapshot has it, or as a restore has made it."""

    version: int = 0
    sequence: int = 0
    slots: list[Slot] = field(default_factory=list)


@dataclass
class Snapshots:
    """One partition's."""

    bodies: Bodies
    partition: int
    records: list[Record]
    aggregates: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    counters: list[Any] = field(default_factory=list)
    pointer: Any = None
    problems: list[str] = field(default_factory=list)
    checked: int = 0

    def __post_init__(self) -> None:
        latest = {(record.key or b"").decode(): record.value for record in self.records}
        store = self.bodies.store
        for key, value in latest.items():
            name, _, cut = key.rpartition("@")
            if not value or key in ("@reset", ""):
                continue
            try:
                if key == MARKER:
                    self.pointer = store.MarkerPointer.FromString(value)
                elif name == PARTITION:
                    self.counters.append(store.PartitionSnapshot.FromString(value))
                else:
                    self.aggregates[name].append(store.Snapshot.FromString(value))
                    int(cut)
            except (DecodeError, ValueError) as wrong:
                self.tell(f"{key} cannot be read: {wrong}")

    def tell(self, what: str) -> None:
        self.problems.append(f"{TOPIC}/{self.partition}: {what}")

    def seen(self, name: str, aggregate: Aggregate, entry: Entry) -> None:
        """The fold has come past an entry that touches the aggregate."""
        for snapshot in self.aggregates.get(name, ()):
            if snapshot.aggregate.sequence == entry.sequence:
                self.checked += 1
                self.compare(name, snapshot, aggregate)

    def compare(self, name: str, snapshot: Any, aggregate: Aggregate) -> None:
        stored, at = snapshot.aggregate, f"{name} at {snapshot.aggregate.sequence}"
        for what, is_, due in (
            ("version", stored.version, aggregate.version),
            ("time", stored.time_ms, aggregate.time_ms),
            ("broken", stored.broken, False),
            ("state", self.state_of(stored.state), aggregate.order.stored()),
        ):
            if is_ != due:
                self.tell(f"{at}: {what} is {is_}, the log says {due}")
        wrong = slots_differ([slot_of(slot) for slot in snapshot.slots], aggregate)
        if wrong:
            self.tell(f"{at}: {wrong}")
        if stored.next_slot - stored.first_slot != len(snapshot.slots):
            self.tell(f"{at}: {len(snapshot.slots)} slots, numbered from {stored.first_slot}")

    def state_of(self, stored: bytes) -> tuple[str, list[str]]:
        state = self.bodies.state.OrderState.FromString(stored)
        status = state.WhichOneof("status") or "absent"
        return status, list(state.pending.item_ids)

    def check(self, log: Log, audit: Audit) -> None:
        """When the fold has passed all of the log: `audit` has its aggregates."""
        for snapshot in (*self.counters, *(s for some in self.aggregates.values() for s in some)):
            written = place_of(snapshot.written_at)
            if snapshot.HasField("written_at") and log.places.get(written.offset) != written:
                self.tell(f"a snapshot written at {written}, which is not in the log")
        touched: dict[str, set[int]] = defaultdict(set)
        for entry in log.entries:
            if entry.body.aggregate_id and (entry.body.events or audit.remembers(entry)):
                touched[entry.body.aggregate_id].add(entry.sequence)
        for name, snapshots in self.aggregates.items():
            for snapshot in snapshots:
                if snapshot.aggregate.sequence not in touched[name]:
                    at = snapshot.aggregate.sequence
                    self.tell(f"{name} at {at}, which is no entry of it: it is not in the log")
        for counters in self.counters:
            self.count(log, counters)
        self.restore(log, audit)

    def count(self, log: Log, counters: Any) -> None:
        """The partition's own numbers, as they were at their sequence."""
        if counters.sequence > len(log.entries):
            self.tell(f"{PARTITION} at {counters.sequence}, which the log does not have")
            return
        last = (-1, 0, 0)
        for entry in log.entries[: counters.sequence]:
            if entry.body.WhichOneof("input") == "command":
                command = entry.body.command
                last = (command.offset, command.append_time_ms, command.raw_hash)
        said = (
            counters.last_command_offset,
            counters.last_command_time_ms,
            counters.last_command_hash,
        )
        if said != last:
            self.tell(f"{PARTITION} at {counters.sequence}: last command {said}, due {last}")
        if log.openings and counters.log_id != log.openings[0].body.nonce:
            self.tell(f"{PARTITION} at {counters.sequence}: another log's id")

    def begin(self, log: Log) -> int:
        """The sequence after which a restore reads the log on."""
        if self.pointer is None:
            return 0
        marker, covered = place_of(self.pointer.marker), place_of(self.pointer.covered)
        if log.places.get(marker.offset) != marker:
            self.tell(f"{MARKER} names {marker}, which is not in the log")
            return 0
        named = [entry for entry in log.entries if entry.offset == marker.offset]
        if not [e for e in named if covers(e) == covered]:
            self.tell(f"{MARKER} names {marker}, which holds no marker that covers {covered}")
            return 0
        return covered.sequence

    def restore(self, log: Log, audit: Audit) -> None:
        begin = self.begin(log)
        restored: dict[str, Restored] = {}
        for name, snapshots in self.aggregates.items():
            best = max(snapshots, key=lambda s: s.aggregate.sequence)
            slots = [slot_of(slot) for slot in best.slots]
            restored[name] = Restored(best.aggregate.version, best.aggregate.sequence, slots)
        for entry in log.entries[begin:]:
            self.apply(restored, entry, audit)
        due = {n: a for n, a in audit.aggregates.items() if a.partition == log.partition}
        for name, aggregate in due.items():
            is_ = restored.pop(name, Restored())
            if (is_.version, is_.sequence) != (aggregate.version, aggregate.sequence):
                have = f"version {is_.version} at {is_.sequence}"
                want = f"version {aggregate.version} at {aggregate.sequence}"
                self.tell(f"a restore from {begin} gives {name} {have}, the log says {want}")
            elif wrong := slots_differ(is_.slots, aggregate):
                self.tell(f"a restore from {begin} gives {name} other slots: {wrong}")
        for name in restored:
            self.tell(f"a restore gives {name}, which the log does not have")

    def apply(self, restored: dict[str, Restored], entry: Entry, audit: Audit) -> None:
        body = entry.body
        if not body.aggregate_id or not (body.events or audit.remembers(entry)):
            return
        aggregate = restored.setdefault(body.aggregate_id, Restored())
        if entry.sequence <= aggregate.sequence:
            return
        if body.version - len(body.events) != aggregate.version:
            before = body.version - len(body.events)
            gap = f"{body.aggregate_id} has version {aggregate.version}, due {before}"
            self.tell(f"a restore stops at {entry.sequence}: {gap}")
        aggregate.version, aggregate.sequence = body.version, entry.sequence
        if audit.remembers(entry):
            types = tuple(event.type for event in body.events)
            what = (body.outcome, body.code, body.version)
            slot = Slot(body.command_id, body.body_hash, entry.sequence, *what, types)
            aggregate.slots.append(slot)


def covers(entry: Entry) -> Place | None:
    if entry.body.WhichOneof("input") != "marker":
        return None
    return place_of(entry.body.marker.covered)


def slot_of(stored: Any) -> Slot:
    """Of a foldstream.v1.StoredSlot."""
    what = (stored.outcome, stored.code, stored.version, tuple(stored.event_types))
    return Slot(stored.command_id, stored.body_hash, stored.sequence, *what)


def slots_differ(slots: list[Slot], aggregate: Aggregate) -> str:
    """Slots are the newest of those that were ever made; not fewer than must be remembered."""
    have = [slot for slot in slots if slot.sure]
    ever = [slot for slot in aggregate.slots if slot.sure]
    if have != ever[max(0, len(ever) - len(have)) :]:
        return f"its {len(have)} slots are not the newest ones"
    remembered = aggregate.slots[len(aggregate.slots) - aggregate.remembered() :]
    due = sum(slot.sure for slot in remembered)
    if len(have) < due:
        return f"{len(have)} slots, and {due} must be remembered"
    return ""
