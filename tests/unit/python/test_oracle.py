"""The oracle finds what it is for: each promise about the log is shown broken once."""

from typing import Any

import pytest
import xxhash

from foldstream.log import Entry, Record, Unreadable
from foldstream.validity import CLAIM, ENTRIES, FRAME, identify
from oracle import fold, history
from oracle import rows as tables
from oracle.bodies import BODIES, Bodies
from oracle.compare import differences
from oracle.topics import Log

VALUES = [b"a", b"b", b"c"]


@pytest.fixture(scope="module")
def bodies() -> Bodies:
    return BODIES


def commands() -> list[Record]:
    return [Record(offset, 0, None, value) for offset, value in enumerate(VALUES)]


def decided(bodies: Bodies, offsets: list[int]) -> Log:
    log = Log(0)
    for sequence, offset in enumerate(offsets, 1):
        body = bodies.log.Entry(next_offset=offset + 1)
        body.command.offset = offset
        body.command.raw_hash = xxhash.xxh3_64_intdigest(VALUES[offset])
        log.entries.append(Entry(sequence, body))
    return log


def test_one_entry_a_command_in_order_is_fine(bodies: Bodies) -> None:
    assert history.check(decided(bodies, [0, 1, 2]), commands()) == []


@pytest.mark.parametrize(
    ("offsets", "problem"),
    [
        ([0, 2], "command 1 has no entry"),
        ([0, 1, 1, 2], "command 1 has 2 entries"),
        ([1, 0, 2], "commands were not decided in the order of their offsets"),
        ([1, 0, 2], "next_offset goes back 2 -> 1"),
    ],
)
def test_a_command_that_is_lost_doubled_or_out_of_order_is_found(
    bodies: Bodies, offsets: list[int], problem: str
) -> None:
    found = history.check(decided(bodies, offsets), commands())
    assert [f for f in found if problem in f], found


def test_an_entry_for_another_command_or_for_none_is_found(bodies: Bodies) -> None:
    log = decided(bodies, [0, 1, 2])
    log.entries[1].body.command.raw_hash += 1
    assert "the command at 1 is another one" in history.check(log, commands())[0]
    log = decided(bodies, [0, 1, 2])
    assert "where no command is" in history.check(log, commands()[:2])[0]


def test_a_next_offset_that_reads_again_and_a_duplicate_of_later_are_found(bodies: Bodies) -> None:
    log = decided(bodies, [0, 1, 2])
    log.entries[2].body.next_offset = 2
    assert "would read it again" in history.check(log, commands())[0]
    log = decided(bodies, [0, 1, 2])
    log.entries[1].body.first = 3
    assert "a duplicate of 3, which comes later" in history.check(log, commands())[0]


def created(bodies: Bodies) -> Log:
    event = bodies.events.OrderCreated(customer_id="c", currency="USD")
    event.items.add(item_id="i", product_id="p", name="n", price_minor=5, quantity=3)
    body = bodies.log.Entry(aggregate_id="o", time_ms=7)
    payload = event.SerializeToString()
    body.events.add(type=fold.PREFIX + "OrderCreated", version=1, payload=payload)
    return Log(0, entries=[Entry(1, body)])


def test_a_row_missing_left_over_or_different_is_found(bodies: Bodies) -> None:
    orders = fold.Orders(bodies)
    orders.fold(created(bodies))
    assert differences("orders", orders.rows, orders.rows) == []
    assert differences("orders", {}, orders.rows) == ["orders o: missing"]
    assert differences("orders", orders.rows, {}) == ["orders o: should not be there"]
    other = {"o": orders.rows["o"] | {"total_minor": 16}}
    assert differences("orders", other, orders.rows) == ["orders o: total_minor is 16, not 15"]


def row(order_id: str, **other: Any) -> fold.Row:
    keys = {"order_id": order_id, "customer_id": "c", "currency": "USD", "status": "paid"}
    rest = {"total_minor": 1, "created_at": 1, "customer_name": "N", "customer_email": "e"}
    return {**keys, **rest, **other}


def test_groups_are_counted_summed_and_rounded_half_up() -> None:
    rows = [row("a"), row("b", total_minor=2), row("c", status="cancelled", total_minor=9)]
    summary = fold.summary(rows)
    assert summary["paid", "USD"]["orders"] == 2
    assert summary["paid", "USD"]["average_minor"] == 2
    assert summary["cancelled", "USD"]["revenue_minor"] == 9
    (customer,) = fold.customers(rows).values()
    assert (customer["orders"], customer["spent_minor"]) == (2, 3)


def test_a_group_has_the_name_of_its_newest_order_and_of_the_greater_key_in_a_tie() -> None:
    old, new = row("z", customer_name="old"), row("a", customer_name="new", created_at=2)
    tied = row("b", customer_name="tied", created_at=2)
    assert fold.customers([new, old])["c", "USD"]["customer_name"] == "new"
    assert fold.customers([tied, new, old])["c", "USD"]["customer_name"] == "tied"


def record(kind: int, epoch: int, sequence: int, prev: int, count: int, body: bytes) -> bytes:
    head = FRAME.pack(b"FS", 1, kind, count, epoch, sequence, prev, 0)
    value = head + body
    return value[:32] + identify(value).to_bytes(8, "little") + body


def test_a_body_with_another_number_of_entries_than_its_frame_stops_the_reader(
    bodies: Bodies,
) -> None:
    log = Log(0)
    claim = record(CLAIM, 1, 0, 0, 0, bodies.log.Claim(owner="me").SerializeToString())
    log.feed(Record(0, 0, None, claim))
    assert log.owners == {1: "me"}
    one = bodies.log.Entries(entries=[bodies.log.Entry()]).SerializeToString()
    two = record(ENTRIES, 1, 1, identify(claim), 2, one)
    with pytest.raises(Unreadable, match="not 2 entries"):
        log.feed(Record(1, 0, None, two))


def test_entries_that_do_not_count_are_told_by_the_epoch_of_their_writer(bodies: Bodies) -> None:
    log = Log(0)
    first = record(CLAIM, 1, 0, 0, 0, b"")
    values = [first, record(CLAIM, 2, 0, 0, 0, b""), record(ENTRIES, 1, 1, identify(first), 1, b"")]
    for offset, value in enumerate(values):
        log.feed(Record(offset, 0, None, value))
    assert log.entries == []
    assert log.ignored_entries == {1: 1}


def test_digest_vectors_are_compared_with_what_the_rows_add_up_to() -> None:
    digests = [
        (0, 3, b"\xff" * 16),
        (0, 3, b"\xff" * 16),
        (1, 63, b"\x00" * 15 + b"\x07"),
    ]
    full = (2).to_bytes(8, "big") + (2**128 - 2).to_bytes(16, "big")
    seven = (1).to_bytes(8, "big") + (7).to_bytes(16, "big")
    vectors = [(0, bytes(3 * 24) + full + bytes(60 * 24)), (1, bytes(63 * 24) + seven)]
    assert tables.stored_buckets(vectors) == tables.added_up(digests)
    assert tables.stored_buckets(vectors) != tables.added_up(digests[:2])
    assert tables.stored_buckets(vectors) != tables.added_up([*digests, digests[2]])
    assert tables.stored_buckets([(0, bytes(64 * 24))]) == tables.added_up([]) == {}
