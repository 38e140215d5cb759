"""The Python client's reading of a log, record by record: what counts, where it stops, and going on
behind a place that was kept."""

import pytest

import make_frames
from foldstream import LogEntry, Unreadable
from foldstream.log import NOWHERE, PartitionLog, Place, Record, resumed
from foldstream.orders.v1 import events_pb2
from foldstream.tail import events_of
from foldstream.v1 import log_pb2
from make_frames import CLAIM, ENTRIES, ident
from oracle.topics import Log


class Written:
    """A log as an owner writes it."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.epoch = self.sequence = self.link = 0

    def append(self, value: bytes) -> Record:
        self.records.append(Record(len(self.records), 1000, None, value))
        return self.records[-1]

    def claim(self, **more: object) -> Record:
        body = log_pb2.Claim(owner="me", **more)  # type: ignore[arg-type]
        self.epoch += 1
        return self.linked(make_frames.record(CLAIM, self.epoch, body=body.SerializeToString()))

    def entries(self, *entries: log_pb2.Entry, count: int | None = None) -> Record:
        body = log_pb2.Entries(entries=entries).SerializeToString()
        return self.raw(body, len(entries) if count is None else count)

    def raw(self, body: bytes, count: int) -> Record:
        first = self.sequence + 1
        self.sequence += count
        frame = (ENTRIES, self.epoch, first, self.link, count, body)
        return self.linked(make_frames.record(*frame))

    def linked(self, value: bytes) -> Record:
        self.link = ident(value)
        return self.append(value)


@pytest.fixture
def written() -> Written:
    return Written()


def paid(next_offset: int) -> log_pb2.Entry:
    event = log_pb2.Event(
        type="foldstream.orders.v1.PaymentConfirmed",
        version=2,
        payload=events_pb2.PaymentConfirmed(payment_id="p-7").SerializeToString(),
    )
    return log_pb2.Entry(
        next_offset=next_offset, aggregate_id="o-1", command_id="c-1", time_ms=5, events=[event]
    )


def fed(log: PartitionLog, written: Written) -> PartitionLog:
    for record in written.records[log.validity.next :]:
        log.feed(record)
    return log


def test_entries_that_count_have_dense_sequences_and_others_none(written: Written) -> None:
    log = PartitionLog(3)
    claim = log.feed(written.claim())
    assert (claim.verdict, claim.claim and claim.claim.owner) == ("claim", "me")
    two = log.feed(written.entries(paid(1), paid(2)))
    assert [(entry.sequence, entry.body.next_offset) for entry in two.entries] == [(1, 1), (2, 2)]
    assert log.feed(written.append(written.records[1].value)).entries == ()
    assert log.feed(written.append(b"junk")).verdict == "foreign"
    (third,) = log.feed(written.entries(paid(3))).entries
    assert (third.sequence, third.offset, third.append_time_ms) == (3, 4, 1000)
    assert log.place == Place(4, 1, 3, written.link)


def test_an_entry_says_its_events_with_their_ids_and_bodies(written: Written) -> None:
    log = PartitionLog(3)
    log.feed(written.claim())
    (entry,) = log.feed(written.entries(paid(1))).entries
    (event,) = events_of(LogEntry.of("orders", 3, entry))
    assert (event.event_id, event.name, event.version) == ("orders:3:1:0", "PaymentConfirmed", 2)
    assert event.data == {"paymentId": "p-7"}
    assert event.payload == events_pb2.PaymentConfirmed(payment_id="p-7")


def test_an_event_that_this_client_does_not_know_has_no_payload(written: Written) -> None:
    log = PartitionLog(0)
    log.feed(written.claim())
    newer = paid(1)
    newer.events[0].type = "foldstream.shipments.v9.Lost"
    (entry,) = log.feed(written.entries(newer)).entries
    (event,) = events_of(LogEntry.of("orders", 0, entry))
    assert (event.payload, event.data, event.type) == (None, {}, "foldstream.shipments.v9.Lost")


@pytest.mark.parametrize(
    ("body", "count", "why"),
    [
        (b"\xff", 1, "valid entries that cannot be read"),
        (log_pb2.Entries(entries=[paid(1)]).SerializeToString(), 2, "not 2 entries"),
    ],
)
def test_a_valid_record_that_cannot_be_read_stops_the_reader(
    written: Written, body: bytes, count: int, why: str
) -> None:
    log = PartitionLog(2)
    log.feed(written.claim())
    with pytest.raises(Unreadable, match=f"partition 2 at 1: {why}"):
        log.feed(written.raw(body, count))


def test_a_missing_offset_stops_the_reader(written: Written) -> None:
    log = PartitionLog(0)
    claim = written.claim()
    with pytest.raises(Unreadable, match="missing_offset"):
        log.feed(Record(1, 0, None, claim.value))


def test_a_claim_that_cannot_be_read_stops_when_it_is_valid_and_is_ignored_when_not() -> None:
    log = PartitionLog(0)
    late = make_frames.record(CLAIM, 9, body=b"\xff")
    assert log.feed(Record(0, 0, None, late)).verdict == "impossible"
    with pytest.raises(Unreadable, match="a valid claim that cannot be read"):
        log.feed(Record(1, 0, None, make_frames.record(CLAIM, 1, body=b"\xff")))


def test_a_next_offset_that_goes_back_stops_unless_an_operator_said_so(written: Written) -> None:
    written.claim()
    written.entries(paid(9))
    written.claim(adoption=log_pb2.Adoption(next_offset=2))
    written.entries(paid(3))
    log = fed(PartitionLog(0), written)
    assert log.next_offset == 3
    written.entries(paid(2))
    with pytest.raises(Unreadable, match="next_offset goes back 3 -> 2"):
        fed(log, written)


def test_the_oracle_tells_of_it_instead(written: Written) -> None:
    written.claim()
    written.entries(paid(9), paid(1))
    log = Log(0)
    fed(log, written)
    assert len(log.entries) == 2


def test_reading_goes_on_behind_a_place_that_is_still_there(written: Written) -> None:
    written.claim()
    written.entries(paid(1))
    place = fed(PartitionLog(0), written).place
    there = written.records[-1]
    written.entries(paid(2))
    log = fed(resumed(0, place, there), written)
    assert log.place == fed(PartitionLog(0), written).place
    assert fed(resumed(0, NOWHERE, None), written).place == log.place


@pytest.mark.parametrize("what", ["shrunk", "recreated", "junk", "another record"])
def test_a_place_of_another_log_stops_the_reader(written: Written, what: str) -> None:
    claim = written.claim()
    entry = written.entries(paid(1))
    place = fed(PartitionLog(0), written).place
    there = {
        "shrunk": None,
        "recreated": Record(1, 0, None, Written().claim().value),
        "junk": Record(1, 0, None, b""),
        "another record": Record(0, 0, None, claim.value),
    }
    assert resumed(0, place, entry).place == place
    with pytest.raises(Unreadable, match="is no place of this log"):
        resumed(0, place, there[what])
