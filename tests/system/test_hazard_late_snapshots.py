"""Snapshots whose writer is gone land when others have gone on: whoever restores from nothing has
what the log says."""

import signal
from collections.abc import Iterator

import pytest

from conftest import BUILD, WAIT_SECONDS
from faults.kafka_proxy import Match
from faults.stage import Stage
from oracle.compare import compare
from oracle.topics import Topics
from orders import Command
from processes import wait_for
from scene import Scene, create, pay

SNAPSHOTS = "orders.snapshots"


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage(BUILD / "late-snapshots", BUILD)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def keys_of(stage: Stage, partition: int) -> list[str]:
    """In the order of their offsets; tombstones are left out."""
    records = Topics(stage.brokers).read(SNAPSHOTS, "read_uncommitted")[partition]
    return [(record.key or b"").decode() for record in records if record.value]


def test_a_snapshot_that_lands_behind_the_next_owners_marker_shadows_nothing(stage: Stage) -> None:
    first = stage.member("command-service", "first")
    second = stage.member("command-service", "second")
    late = Match(containing=SNAPSHOTS.encode())
    with Scene(stage.brokers) as scene:
        stage.proxy.hold("requests", late)
        first.start()
        partition, _ = created = scene.send(create("o-1", "c-1"))
        assert scene.said(created) == "accepted"
        assert wait_for(lambda: stage.proxy.held > 0, WAIT_SECONDS), "no round of snapshots"
        held = stage.proxy.held
        first.end(signal.SIGKILL)

        # Not through the proxy: what it writes is written.
        second.start(FOLDSTREAM_KAFKA_BROKERS=stage.brokers)
        assert scene.said(scene.send(pay("o-1", "c-2"))) == "accepted"

        def vouched_for() -> bool:
            return any(e.body.HasField("marker") for e in scene.watch.logs[partition].entries)

        assert scene.until(vouched_for), "no marker"
        assert wait_for(lambda: "@marker" in keys_of(stage, partition), WAIT_SECONDS)
        before = keys_of(stage, partition)
        assert stage.proxy.release() >= held
        assert wait_for(lambda: len(keys_of(stage, partition)) > len(before), WAIT_SECONDS)
        after = keys_of(stage, partition)
        mine = [key for key in after if key.startswith("o-1@")]
        print(f"snapshots of the order in the order of their offsets: {mine}")
        assert cut(mine[-1]) < cut(mine[0]), "nothing landed late"

        second.end(signal.SIGTERM)
        second.wipe()
        third = stage.member("command-service", "third")
        third.start()
        again = scene.entry(scene.send(pay("o-1", "c-3")))
        shipped = scene.entry(scene.send(ship("o-1", "c-4")))
        assert (again.code, again.version) == ("order-not-payable", 2)
        assert (shipped.code, shipped.version) == ("", 3)
        third.end(signal.SIGTERM)
    assert compare(stage.brokers, None, WAIT_SECONDS).differences == []


def ship(order_id: str, command_id: str) -> Command:
    body = {"orderId": order_id, "trackingNumber": "t-1"}
    return Command(command_id, "ShipOrder", order_id, body)


def cut(key: str) -> int:
    return int(key.rpartition("@")[2])
