"""The oracle decides every command once more: whatever an owner could get wrong is told."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import xxhash

from foldstream.log import Entry, Place, Record
from foldstream.v1 import outcome_pb2
from oracle import history
from oracle.aggregates import Aggregate, Audit
from oracle.answers import Answers
from oracle.bodies import BODIES, Bodies
from oracle.commands import PREFIX, Command, decode
from oracle.decisions import event_of
from oracle.snapshots import Snapshots
from oracle.topics import Log, Opening

ITEM = {"productId": "p-1", "name": "lamp", "priceMinor": 5, "quantity": 1}
ORDER: dict[str, Any] = {
    "customerName": "Ada",
    "customerEmail": " Ada@Example.com",
    "items": [ITEM],
}
NONCE = b"n" * 16


@pytest.fixture(scope="module")
def bodies() -> Bodies:
    return BODIES


def sent(offset: int, command_id: str, kind: str, key: str = "o", **body: Any) -> Record:
    expected = body.pop("expected_version", None)
    headers = [("ce_id", command_id.encode()), ("ce_type", (PREFIX + kind).encode())]
    headers.append(("content-type", b"application/json"))
    if expected is not None:
        headers.append(("expected_version", str(expected).encode()))
    value = json.dumps(body).encode()
    return Record(offset, 1000 + offset, key.encode(), value, tuple(headers))


RECORDS = [
    sent(0, "c-1", "CreateOrder", **ORDER),
    sent(1, "c-2", "ShipOrder", trackingNumber="too early"),
    sent(2, "c-3", "UpdateOrderStatus", status="paid"),
    sent(4, "c-3", "UpdateOrderStatus", status="paid"),
    sent(5, "c-1", "CancelOrder"),
    sent(6, "c-4", "CancelOrder", expected_version=1),
    sent(7, "c-5", "CancelOrder", "nobody"),
    Record(8, 1008, b"o", b"{", (("ce_type", PREFIX.encode() + b"CancelOrder"),)),
    sent(9, "c-6", "DeleteOrder"),
]
OUTCOMES = [
    ("accepted", ""),
    ("refused", "order-not-shippable"),
    ("accepted", ""),
    ("duplicate", ""),
    ("refused", "command-id-reused"),
    ("refused", "version-conflict"),
    ("refused", "not-found"),
    ("refused", "invalid"),
    ("accepted", ""),
]


class Owner:
    """Decides as it should; `log` and `snapshots` may then be spoilt."""

    def __init__(self, bodies: Bodies) -> None:
        self.bodies = bodies
        self.audit = Audit(bodies)
        self.log = Log(0)
        self.log.openings.append(Opening(1, 0, bodies.log.Claim(nonce=NONCE)))
        self.commands = {record.offset: record for record in RECORDS}
        self.snapshots: list[Record] = []
        for record, (outcome, code) in zip(RECORDS, OUTCOMES, strict=True):
            self.decide(record, outcome, code)

    def decide(self, record: Record, outcome: str, code: str) -> None:
        body = self.bodies.log.Entry(next_offset=record.offset + 1, code=code)
        body.outcome = self.bodies.outcome.Outcome.Value(f"OUTCOME_{outcome.upper()}")
        body.command.offset = record.offset
        body.command.append_time_ms = record.append_time_ms
        body.command.raw_hash = xxhash.xxh3_64_intdigest(record.value)
        if code != "invalid":
            self.fill(body, decode(0, record, self.bodies))
        self.add(body)

    def fill(self, body: Any, command: Command) -> None:
        body.command_id, body.command_type = command.command_id, PREFIX + command.type
        body.aggregate_id, body.body_hash = command.aggregate_id, command.body_hash
        aggregate = self.audit.aggregate(self.log, command.aggregate_id)
        body.time_ms = max(body.command.append_time_ms, aggregate.time_ms)
        (due,) = self.audit.expected(aggregate, command)
        body.first = due.first
        for event in due.events:
            name = event.DESCRIPTOR.full_name
            body.events.add(type=name, version=aggregate.version + 1, payload=bytes_of(event))
        body.version = aggregate.version + len(body.events)

    def add(self, body: Any) -> None:
        sequence = len(self.log.entries) + 1
        entry = Entry(sequence, body, sequence, 5000 + sequence)
        self.log.entries.append(entry)
        self.log.places[sequence] = Place(sequence, 1, sequence, sequence)
        if body.aggregate_id:
            self.audit.fold(self.log, entry)

    def snap(self) -> None:
        """A snapshot of all that is, a marker, and its pointer."""
        for name, aggregate in self.audit.aggregates.items():
            self.snapshots.append(Record(0, 0, f"{name}@1".encode(), self.stored(aggregate)))
        covered = self.log.places[len(self.log.entries)]
        counters = self.bodies.store.PartitionSnapshot(sequence=covered.sequence, log_id=NONCE)
        command = self.log.entries[-1].body.command
        counters.last_command_offset = command.offset
        counters.last_command_time_ms = command.append_time_ms
        counters.last_command_hash = command.raw_hash
        self.snapshots.append(Record(0, 0, b"@partition@1", bytes_of(counters)))
        body = self.bodies.log.Entry(next_offset=self.log.entries[-1].body.next_offset)
        set_place(body.marker.covered, covered)
        self.add(body)
        pointer = self.bodies.store.MarkerPointer()
        set_place(pointer.marker, self.log.places[len(self.log.entries)])
        set_place(pointer.covered, covered)
        self.snapshots.append(Record(0, 0, b"@marker", bytes_of(pointer)))

    def stored(self, aggregate: Aggregate) -> bytes:
        snapshot = self.bodies.store.Snapshot(state_version=1)
        stored = snapshot.aggregate
        stored.version, stored.sequence = aggregate.version, aggregate.sequence
        stored.time_ms, stored.next_slot = aggregate.time_ms, len(aggregate.slots)
        state = self.bodies.state.OrderState()
        status = aggregate.order.status
        getattr(state, status).SetInParent()
        if status == "pending":
            state.pending.item_ids.extend(aggregate.order.items)
        stored.state = bytes_of(state)
        for slot in aggregate.slots:
            made = snapshot.slots.add(command_id=slot.command_id, body_hash=slot.body_hash)
            made.sequence, made.outcome, made.code = slot.sequence, slot.outcome, slot.code
            made.version = slot.version
            made.event_types.extend(slot.event_types)
        return bytes_of(snapshot)

    def problems(self) -> list[str]:
        audit = Audit(self.bodies)
        snapshots = Snapshots(self.bodies, 0, self.snapshots)
        audit.check(self.log, self.commands, snapshots.seen)
        snapshots.check(self.log, audit)
        walk = history.Walk(self.log, self.commands)
        return walk.run() + audit.problems + snapshots.problems


def bytes_of(message: Any) -> bytes:
    written: bytes = message.SerializeToString(deterministic=True)
    return written


def set_place(message: Any, place: Place) -> None:
    message.offset, message.epoch, message.sequence = place.offset, place.epoch, place.sequence
    message.link = place.link


@pytest.fixture
def owner(bodies: Bodies) -> Owner:
    return Owner(bodies)


def test_an_owner_that_decides_as_it_should_is_fine(owner: Owner, bodies: Bodies) -> None:
    assert owner.problems() == []
    owner.snap()
    owner.decide(sent(10, "c-7", "CancelOrder"), "refused", "not-found")
    owner.commands[10] = sent(10, "c-7", "CancelOrder")
    assert owner.problems() == []
    created = event_of(owner.log.entries[0].body.events[0], bodies)[1]
    assert created.customer_email == "ada@example.com"
    assert len(created.items[0].item_id) == 36


def spoil_event(body: Any) -> None:
    body.events[0].payload = b""


@pytest.mark.parametrize(
    ("sequence", "spoil", "problem"),
    [
        (1, lambda body: body.command.__setattr__("append_time_ms", 1), "appended at 1, not"),
        (1, lambda body: body.__setattr__("time_ms", 5), "its time is 5, due 1000"),
        (1, lambda body: body.__setattr__("body_hash", b"?"), "its body hash is"),
        (1, lambda body: body.__setattr__("aggregate_id", "p"), "its aggregate is 'p'"),
        (1, lambda body: body.__setattr__("command_id", "x"), "its command id is 'x'"),
        (1, spoil_event, "has other events than due"),
        (1, lambda body: body.events[0].__setattr__("version", 2), "has version 2, due 1"),
        (1, lambda body: body.__setattr__("version", 2), "has version 1 after it, it says 2"),
        (2, lambda body: body.__setattr__("code", "order-not-payable"), "due ('refused', 'order"),
        (2, lambda body: body.__setattr__("outcome", 1), "accepted with the code"),
        (2, lambda body: body.__setattr__("next_offset", 3), "next_offset 3 after the command at"),
        (4, lambda body: body.__setattr__("first", 1), "due ('duplicate', '', 3)"),
        (8, lambda body: body.__setattr__("code", "not-found"), "where no command is"),
    ],
)
def test_what_an_entry_says_wrong_is_told(
    owner: Owner, sequence: int, spoil: Callable[[Any], None], problem: str
) -> None:
    spoil(owner.log.entries[sequence - 1].body)
    assert [p for p in owner.problems() if problem in p], owner.problems()


def test_a_command_that_is_accepted_twice_is_told(owner: Owner) -> None:
    """Deduplication was left out: the same cancellation, executed again."""
    again = sent(10, "c-6", "DeleteOrder")
    owner.commands[10] = again
    owner.decide(again, "duplicate", "")
    body = owner.log.entries[-1].body
    body.outcome, body.first = outcome_pb2.OUTCOME_ACCEPTED, 0
    assert [p for p in owner.problems() if "due ('duplicate', '', 9)" in p], owner.problems()


def test_a_command_is_given_up_after_two_attempts_and_not_before(owner: Owner) -> None:
    record = sent(10, "c-8", "CancelOrder")
    owner.commands[10] = record
    for k in (1, 2):
        body = owner.bodies.log.Entry(next_offset=10)
        body.attempt.offset, body.attempt.k = 10, k
        owner.add(body)
    owner.decide(record, "refused", "invalid")
    crashed = owner.log.entries[-1].body
    crashed.code, crashed.kept.command_id = "crashed", "c-8"
    assert owner.problems() == []
    crashed.kept.command_id = "c-7"
    assert [p for p in owner.problems() if "it keeps c-7, not c-8" in p]
    owner.log.entries[-3].body.attempt.offset = 11
    assert [p for p in owner.problems() if "crashed after 1 attempts" in p]


def test_a_skipped_control_record_is_no_gap_and_a_skipped_command_is(owner: Owner) -> None:
    owner.commands[3] = sent(3, "c-9", "CancelOrder")
    assert [p for p in owner.problems() if p.endswith("command 3 has no entry")]


def spoil_snapshot(owner: Owner, change: Callable[[Any], None]) -> None:
    at = next(i for i, r in enumerate(owner.snapshots) if r.key == b"o@1")
    snapshot = owner.bodies.store.Snapshot.FromString(owner.snapshots[at].value)
    change(snapshot)
    owner.snapshots[at] = Record(0, 0, b"o@1", bytes_of(snapshot))


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda s: s.aggregate.__setattr__("version", 1), "version is 1, the log says 3"),
        (lambda s: s.aggregate.__setattr__("state", b""), "state is ('absent', [])"),
        (lambda s: s.slots.pop(), "slots"),
        (lambda s: s.aggregate.__setattr__("sequence", 77), "which is no entry of it"),
    ],
)
def test_a_snapshot_that_the_log_does_not_give_is_told(
    owner: Owner, spoil: Callable[[Any], None], problem: str
) -> None:
    owner.snap()
    assert owner.problems() == []
    spoil_snapshot(owner, spoil)
    assert [p for p in owner.problems() if problem in p], owner.problems()


def test_an_aggregate_that_a_marker_vouches_for_and_nobody_wrote_is_told(owner: Owner) -> None:
    owner.snap()
    owner.snapshots = [r for r in owner.snapshots if r.key != b"o@1"]
    problem = "a restore from 9 gives o version 0 at 0, the log says version 3 at 9"
    assert owner.problems() == [f"orders.snapshots/0: {problem}"]
    # Without the pointer a restore begins at the log's start: slower, and right.
    owner.snapshots = [r for r in owner.snapshots if r.key != b"@marker"]
    assert owner.problems() == []


def test_a_pointer_to_what_is_not_in_the_log_is_told(owner: Owner) -> None:
    owner.snap()
    owner.log.entries.pop()
    owner.log.places.popitem()
    assert [p for p in owner.problems() if "which is not in the log" in p]


def test_an_answer_that_differs_from_its_entry_is_told(owner: Owner, bodies: Bodies) -> None:
    right = {
        "commandId": "c-3",
        "status": "accepted",
        "code": "",
        "duplicate": True,
        "aggregateId": "o",
        "version": 2,
        "position": "orders:0:3",
        "events": [{"eventId": "orders:0:3:0", "type": PREFIX + "PaymentConfirmed", "version": 2}],
    }
    answers = Answers(bodies, [owner.log])
    answers.check(right)
    assert answers.problems == []
    for name, value, problem in (
        ("position", "orders:0:99", "where the log has no entry"),
        ("status", "refused", "status 'refused'"),
        ("code", "not-found", "code 'not-found'"),
        ("version", 1, "version 1"),
        ("events", [], "events []"),
        ("commandId", "c-4", "command id 'c-4'"),
        ("answeredAtMs", 5002, "was given at 5002, orders:0:3 was appended at 5003"),
    ):
        answers = Answers(bodies, [owner.log])
        answers.check(right | {name: value})
        assert [p for p in answers.problems if problem in p], (name, answers.problems)
    answers = Answers(bodies, [owner.log])
    answers.check(right | {"commandId": "c-1", "version": 1, "position": "orders:0:1"})
    assert [p for p in answers.problems if "calls it a duplicate, but it has none" in p]
