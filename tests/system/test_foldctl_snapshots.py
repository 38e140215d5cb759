"""foldctl snapshots against a running owner: what it says of them is what a restore finds."""

import json
import shutil
from typing import Any

import pytest

from conftest import WAIT_SECONDS, Stack
from orders import Orders, Sender
from processes import wait_for

COMMANDS = 400


@pytest.fixture
def deciding(stack: Stack) -> Stack:
    Sender(stack.brokers).send_all(list(Orders("snapped").commands(COMMANDS)))
    stack.start("command-service")
    stack.start("projector")
    assert stack.compare().differences == []
    return stack


def snapshots(stack: Stack, *arguments: str, fails: bool = False) -> Any:
    return json.loads(stack.foldctl("--json", "snapshots", *arguments, fails=fails))


def restart(stack: Stack, without_store: bool) -> None:
    service = stack.started["command-service"]
    service.stop()
    if without_store:
        shutil.rmtree(stack.services.store_of(service.name))
    service.start()


def test_what_is_due_is_written_counted_and_shown(deciding: Stack) -> None:
    created = snapshots(deciding, "create", "orders")["partitions"]
    assert {one["status"] for one in created} == {"written"}
    counted = snapshots(deciding, "count", "orders")["partitions"]
    for one, made in zip(counted, created, strict=True):
        assert one["partition"] == made["partition"]
        assert one["marker"]["valid"], one
        assert one["marker"]["sequence"] == made["coveredSequence"]
        assert one["entriesBehind"] == one["logSequence"] - made["coveredSequence"]
        assert one["records"] == one["aggregates"] + 1  # the partition's own
        assert one["stopped"] is None
    report = deciding.compare()
    assert report.differences == []
    assert report.snapshots == sum(one["aggregates"] for one in counted)

    again = snapshots(deciding, "create", "orders")["partitions"]
    assert {one["status"] for one in again} == {"clean"}

    with deciding.connect() as connection:
        row = connection.execute("SELECT order_id, version FROM read.orders LIMIT 1").fetchone()
    assert row is not None
    shown = snapshots(deciding, "show", "orders", str(row[0]))
    assert (shown["aggregateId"], shown["version"]) == row
    assert shown["slots"] > 0
    deciding.foldctl("snapshots", "show", "orders", "nobody", fails=True)
    text = deciding.foldctl("snapshots", "count", "orders", "--partition", "1")
    assert len(text.splitlines()) == 2
    assert "valid" in text


def test_what_was_deleted_is_written_again_and_a_restore_is_right(deciding: Stack) -> None:
    snapshots(deciding, "create", "orders")
    one = ("orders", "--partition", "0")
    before = snapshots(deciding, "count", *one)["partitions"][0]
    deciding.foldctl("snapshots", "delete", *one, fails=True)  # nobody can be asked here
    assert snapshots(deciding, "count", *one)["partitions"][0] == before
    deleted = snapshots(deciding, "delete", *one, "--yes")["partitions"][0]
    assert deleted["status"] == "deleted"
    restart(deciding, without_store=True)
    created = snapshots(deciding, "create", *one)["partitions"][0]
    assert created["status"] == "written"

    def only_new_ones() -> bool:
        now = snapshots(deciding, "count", *one)["partitions"][0]
        later = now["marker"]["sequence"] > before["marker"]["sequence"]
        return bool(now["marker"]["valid"]) and later and now["superfluous"] == 0

    assert wait_for(only_new_ones, WAIT_SECONDS), "older snapshots are still there"
    after = snapshots(deciding, "count", *one)["partitions"][0]
    assert after["aggregates"] == before["aggregates"]
    restart(deciding, without_store=True)
    assert deciding.compare().differences == []
    log = deciding.started["command-service"].process.log.read_text()
    assert "stands still" not in log
