"""Bytes that are not what was written: a batch that a disk has changed, and an entry that not every
client can read. Whoever reads stops before it, says where, and skips nothing (W2, W11)."""

import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from conftest import BUILD, WAIT_SECONDS, Stack
from faults.stage import Stage
from forged import Forged
from make_frames import ENTRIES, record
from oracle import rows
from oracle.bodies import BODIES
from oracle.compare import compare
from oracle.topics import Topics
from orders import Command
from processes import wait_for
from scene import CUSTOMER, ITEM, Scene, create
from services import Service

BATCH = struct.Struct(">qi")  # its first offset, and how many bytes follow
LAST_DELTA = struct.Struct(">i")
LAST_DELTA_AT = 23
# Behind a broken batch librdkafka 2.0.2 does not find its place again: it goes on somewhere inside
# the first batch of the answer, and may find there what makes it abort (then the process ends, and
# has skipped nothing either). Here it finds letters.
LETTERS = 400


def flip(log: Path, offset: int) -> None:
    """A letter of the batch that begins with this offset, which its checksum covers. Twice: it is
    whole again."""
    data = bytearray(log.read_bytes())
    at = 0
    while at < len(data):
        first, follow = BATCH.unpack_from(data, at)
        end = at + BATCH.size + follow
        if first == offset:
            assert LAST_DELTA.unpack_from(data, at + LAST_DELTA_AT)[0] == 0, "not a batch of one"
            with log.open("r+b") as file:
                file.seek(end - LETTERS // 2)
                file.write(bytes([data[end - LETTERS // 2] ^ 0xFF]))
            return
        at = end
    raise AssertionError(f"{log} has no batch at {offset}")


def applied(postgres: str) -> dict[int, int]:
    """The offset of the last record that each partition's rows have."""
    with rows.connect(postgres) as connection:
        return {number: place.offset for number, place in rows.checkpoints(connection)[0].items()}


def has_said(service: Service, *parts: str) -> bool:
    lines = service.process.log.read_text(errors="replace").splitlines()
    return any(all(part in line for part in parts) for line in lines)


def letters(count: int) -> tuple[tuple[str, bytes], ...]:
    """A header that says nothing, at the end of its record."""
    return (("padding", b"x" * count),)


def order(kind: str, command_id: str, count: int, **body: Any) -> Command:
    body = {"orderId": "o-1", **body}
    return Command(command_id, kind, "o-1", body, attributes=letters(count))


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage(BUILD / "broken-bytes", BUILD)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def services(stage: Stage) -> Iterator[tuple[Service, Service]]:
    """An owner and a projector that have not begun."""
    made = [stage.services.make(kind) for kind in ("command-service", "projector")]
    made[0].arguments += ("--instance", "owner")
    yield (made[0], made[1])
    for service in made:
        service.stop()


def flip_all(stage: Stage, *places: tuple[str, int, int]) -> None:
    """While the broker is away."""
    stage.kafka.stop()
    for topic, partition, offset in places:
        folder = stage.workspace.data / "kafka" / f"{topic}-{partition}"
        flip(folder / f"{0:020}.log", offset)
    stage.kafka.start_again(stage.kafka_port)


def test_a_broken_batch_stops_owner_and_projector_before_it_and_nothing_is_skipped(
    stage: Stage, services: tuple[Service, Service]
) -> None:
    owner, projector = services
    with Scene(stage.brokers) as scene:
        created = scene.send(order("CreateOrder", "c-1", 3 * LETTERS, **CUSTOMER, items=[ITEM]))
        paid = scene.send(order("ConfirmPayment", "c-2", LETTERS))
        shipped = scene.send(order("ShipOrder", "c-3", LETTERS, trackingNumber="t-1"))
        a = created[0]
        b = next(number for number in scene.watch.logs if number != a)
        log_b = scene.watch.logs[b]
        forged = Forged(stage.brokers, scene.bodies, b)
        forged.claim("somebody", letters(3 * LETTERS))
        tick = scene.bodies.log.Entry(tick=scene.bodies.log.TickInput())
        for _ in range(3):
            forged.entries(tick, headers=letters(LETTERS))
        assert scene.until(lambda: log_b.validity.sequence == 3)
        places = (("orders.commands", a, paid[1]), ("orders.events", b, 2))
        flip_all(stage, *places)

        for service in services:
            service.start(wait=False)
        at = {topic: f"{topic} partition {number}: at offset {o}" for topic, number, o in places}
        for service, topic, how in (
            (owner, "orders.commands", "stands still: the commands topic cannot be read"),
            (owner, "orders.events", "stands still: the log cannot be read"),
            (projector, "orders.events", "stops: "),
        ):
            assert wait_for(partial(has_said, service, at[topic], how), WAIT_SECONDS), at[topic]
        assert not owner.ready()
        assert applied(stage.postgres).get(b, -1) < 2
        scene.look()
        assert not {paid, shipped} & set(scene.decided)
        assert [claim.owner for claim in log_b.claims] == ["somebody"]

        # The disk is mended: what stood before it goes on with it.
        for service in services:
            service.stop()
        flip_all(stage, *places)
        for service in services:
            service.start()
        said = [scene.said(place) for place in (created, paid, shipped)]
        assert said == ["accepted", "accepted", "accepted"]

        def up_to_date() -> bool:
            ends = {n: log.validity.offset for n, log in scene.watch.logs.items()}
            return applied(stage.postgres) == ends

        assert scene.until(up_to_date)
    assert compare(stage.brokers, stage.postgres, WAIT_SECONDS).differences == []


def test_an_entry_with_text_that_is_no_utf_8_stops_every_reader_before_it(stack: Stack) -> None:
    owner, projector = stack.start("command-service"), stack.start("projector")
    with Scene(stack.brokers) as scene:
        created = scene.send(create("o-1", "c-1"))
        assert scene.said(created) == "accepted"
        partition = created[0]
        before = scene.watch.logs[partition].validity.offset
        assert wait_for(lambda: applied(stack.postgres).get(partition) == before, WAIT_SECONDS)
    owner.stop()

    bodies = BODIES
    forged = Forged(stack.brokers, bodies, partition)
    entry = bodies.log.Entry(tick=bodies.log.TickInput(), next_offset=created[1] + 1)
    entry.command_id = "text"
    body = bodies.log.Entries(entries=[entry]).SerializeToString()
    assert body.count(b"text") == 1
    bad = record(
        ENTRIES,
        forged.epoch,
        forged.sequence + 1,
        forged.link,
        1,
        body.replace(b"text", b"te\xfft"),
    )
    forged.append(bad)
    forged.sequence += 1
    forged.entries(bodies.log.Entry(tick=bodies.log.TickInput(), next_offset=created[1] + 1))

    where = "valid entries whose body does not decode"
    assert wait_for(lambda: has_said(projector, "stops: ", where), WAIT_SECONDS)
    owner.start(wait=False)
    assert wait_for(lambda: has_said(owner, "stands still", where), WAIT_SECONDS)
    tail = ("events", "tail", "orders", "--partition", str(partition))
    stack.foldctl(*tail, "--from-beginning", "--no-follow", fails=True)
    assert not owner.ready()
    assert applied(stack.postgres)[partition] == before
    log = Topics(stack.brokers).read("orders.events", "read_uncommitted")[partition]
    assert log[-1].offset == before + 2  # nobody claims behind it
