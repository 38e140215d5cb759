"""Every aggregate folded once more, and every command decided once more on what it finds: version,
time, deduplication, outcome, events."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from foldstream.log import Entry, Record
from oracle.bodies import Bodies, outcome_name
from oracle.commands import PREFIX, TOPIC, Command, Undecodable, decode
from oracle.decisions import Order, Refused, decide, event_of
from oracle.topics import Log

# Refused without a look at the aggregate; some of them bear its id.
STATELESS = {"invalid", "misrouted", "unauthenticated", "forbidden"}
# What the platform says when something failed: it follows from no command.
FAILURES = {"internal", "crashed", "too-large", "try-again", "busy"}
# Refusals that are decided again whenever the command comes again.
FORGOTTEN = STATELESS | {"not-found", "command-id-reused"}
# Remembered at least: the last 128 of an aggregate, and all of 15 minutes up to 4,096.
LEAST_SLOTS, MOST_SLOTS, SLOT_AGE_MS = 128, 4096, 15 * 60 * 1000


@dataclass(frozen=True)
class Slot:
    """What is remembered of a command."""

    command_id: str
    body_hash: bytes
    sequence: int
    outcome: int
    code: str
    version: int
    event_types: tuple[str, ...]

    @property
    def sure(self) -> bool:
        """Whether every owner remembers it."""
        return self.code not in FAILURES


@dataclass
class Aggregate:
    """An aggregate after its last entry, with everything that was ever remembered of it."""

    partition: int
    order: Order = field(default_factory=Order)
    version: int = 0
    sequence: int = 0
    time_ms: int = 0
    slots: list[Slot] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)  # the newest slot of each command id

    def find(self, command_id: str) -> tuple[Slot, bool] | None:
        """The newest slot, and whether it must still be remembered."""
        at = self.places.get(command_id)
        if at is None:
            return None
        return self.slots[at], at >= len(self.slots) - self.remembered()

    def remembered(self) -> int:
        """How many of the newest slots must be there."""
        count = len(self.slots)
        if count <= LEAST_SLOTS:
            return count
        # Whatever is older than the first of the last 15 minutes may be gone.
        newest = max(self.times)
        gone = next(i for i, time in enumerate(self.times) if time >= newest - SLOT_AGE_MS)
        return min(max(count - gone, LEAST_SLOTS), MOST_SLOTS)

    def remember(self, slot: Slot, time_ms: int) -> None:
        self.places[slot.command_id] = len(self.slots)
        self.slots.append(slot)
        self.times.append(time_ms)


@dataclass
class Expected:
    """What an entry has to say."""

    outcome: str
    code: str = ""
    first: int = 0
    events: list[Any] = field(default_factory=list)


@dataclass
class Audit:
    """All logs of one domain, one after the other. `seen` is told each aggregate after each entry
    that touches it."""

    bodies: Bodies
    aggregates: dict[str, Aggregate] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    duplicates: int = 0
    derived: int = 0

    def check(
        self,
        log: Log,
        commands: dict[int, Record],
        seen: Callable[[str, Aggregate, Entry], None] = lambda name, aggregate, entry: None,
    ) -> None:
        for entry in log.entries:
            body = entry.body
            kind = body.WhichOneof("input")
            if kind == "command" and not body.command_type.startswith("foldstream.v1."):
                self.command(log, entry, commands.get(body.command.offset))
            elif kind != "command" and body.events:
                self.tell(log, entry, f"a {kind} with events")
            if body.aggregate_id and self.fold(log, entry):
                seen(body.aggregate_id, self.aggregates[body.aggregate_id], entry)

    def tell(self, log: Log, entry: Entry, what: str) -> None:
        self.problems.append(f"orders:{log.partition}:{entry.sequence}: {what}")

    def command(self, log: Log, entry: Entry, record: Record | None) -> None:
        body = entry.body
        said = outcome_name(self.bodies, body.outcome)
        if body.events and said != "accepted":
            self.tell(log, entry, f"{said}, and has events")
        if bool(body.code) is (said == "accepted") and said in ("accepted", "refused"):
            self.tell(log, entry, f"{said} with the code {body.code!r}")
        self.duplicates += said == "duplicate"
        if record is None:
            return  # the commands topic has it no more, or the history tells
        try:
            command = decode(log.partition, record, self.bodies)
        except Undecodable as why:
            if said != "refused" or body.code not in STATELESS | {"too-large", "crashed"}:
                self.tell(log, entry, f"{said} {body.code}, where no command is ({why})")
            return
        # One that is not decoded once more, because that may be what ends the process, is kept.
        if body.code == "crashed" and body.kept.command_id not in ("", command.command_id):
            self.tell(log, entry, f"it keeps {body.kept.command_id}, not {command.command_id}")
        unseen = body.code in ("too-large", "crashed") and not body.aggregate_id
        if body.code in STATELESS or unseen:
            return
        self.identity(log, entry, command)
        self.outcome(log, entry, command, said)

    def identity(self, log: Log, entry: Entry, command: Command) -> None:
        body = entry.body
        for name, is_, due in (
            ("command id", body.command_id, command.command_id),
            ("type", body.command_type, PREFIX + command.type),
            ("aggregate", body.aggregate_id, command.aggregate_id),
            ("body hash", body.body_hash, command.body_hash),
        ):
            if is_ != due:
                self.tell(log, entry, f"its {name} is {is_!r}, {TOPIC} says {due!r}")

    def outcome(self, log: Log, entry: Entry, command: Command, said: str) -> None:
        body = entry.body
        aggregate = self.aggregate(log, command.aggregate_id)
        time_ms = max(body.command.append_time_ms, aggregate.time_ms)
        if body.time_ms != time_ms:
            self.tell(log, entry, f"its time is {body.time_ms}, due {time_ms}")
        if body.code in FAILURES and said in ("refused", "dry-run"):
            return
        choices = self.expected(aggregate, command)
        self.derived += 1
        is_ = (said, body.code, body.first)
        dues = [(e.outcome, e.code, e.first) for e in choices]
        if is_ not in dues:
            due = " or ".join(str(due) for due in dues)
            self.tell(log, entry, f"{command.type} {command.command_id}: {is_}, due {due}")
            return
        events = choices[dues.index(is_)].events
        if [event_of(event, self.bodies)[1] for event in body.events] != events:
            self.tell(log, entry, f"{command.type} {command.command_id} has other events than due")

    def expected(self, aggregate: Aggregate, command: Command) -> list[Expected]:
        """What may be said: several things only where it may be remembered, or not."""
        fresh = self.decided(aggregate, command)
        found = None if command.dry_run else aggregate.find(command.command_id)
        if found is None:
            return [fresh]
        slot, remembered = found
        if slot.body_hash == command.body_hash:
            again = Expected("duplicate", first=slot.sequence)
        else:
            again = Expected("refused", "command-id-reused")
        return [again] if remembered and slot.sure else [again, fresh]

    def decided(self, aggregate: Aggregate, command: Command) -> Expected:
        expects = command.expected_version
        told = aggregate.version != 0 or command.type == "CreateOrder"
        due = Expected("accepted")
        if expects is not None and expects != aggregate.version and told:
            due = Expected("refused", "version-conflict")
        else:
            try:
                due.events = decide(aggregate.order, command, self.bodies)
            except Refused as refusal:
                due = Expected("refused", str(refusal))
        return Expected("dry-run", due.code) if command.dry_run else due

    def aggregate(self, log: Log, name: str) -> Aggregate:
        return self.aggregates.get(name) or Aggregate(log.partition)

    def fold(self, log: Log, entry: Entry) -> bool:
        """Whether the entry touches its aggregate."""
        body = entry.body
        aggregate = self.aggregate(log, body.aggregate_id)
        stateless = body.code in STATELESS
        if aggregate.partition != log.partition and not stateless:
            where = f"{body.aggregate_id} is in partition {aggregate.partition}, too"
            self.tell(log, entry, where)
        for event in body.events:
            if event.version != aggregate.version + 1:
                due = f"{body.aggregate_id} has version {event.version}"
                self.tell(log, entry, f"{due}, due {aggregate.version + 1}")
            aggregate.version = event.version
            aggregate.time_ms = body.time_ms
            aggregate.order.evolve(*event_of(event, self.bodies))
        if not stateless and body.version != aggregate.version:
            after = f"{body.aggregate_id} has version {aggregate.version}"
            self.tell(log, entry, f"{after} after it, it says {body.version}")
        remembers = self.remembers(entry)
        if remembers:
            types = tuple(event.type for event in body.events)
            what = (body.outcome, body.code, body.version)
            slot = Slot(body.command_id, body.body_hash, entry.sequence, *what, types)
            aggregate.remember(slot, body.time_ms)
        if not remembers and not body.events:
            return False
        aggregate.sequence = entry.sequence
        self.aggregates[body.aggregate_id] = aggregate
        return True

    def remembers(self, entry: Entry) -> bool:
        body = entry.body
        if not body.command_id or not body.body_hash:
            return False
        said = outcome_name(self.bodies, body.outcome)
        if said == "accepted":
            return True
        return said == "refused" and body.version > 0 and body.code not in FORGOTTEN
