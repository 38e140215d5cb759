"""foldctl against a running system: answers of send, the log as it is, bodies that protoc reads."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conftest import Stack
from foldstream.validity import ENTRIES, FRAME
from oracle.topics import Topics
from orders import TYPES

ROOT = Path(__file__).resolve().parents[2]
ORDER = {
    "orderId": "ctl-1",
    "customerName": "Ada",
    "customerEmail": "Ada@Example.com",
    "items": [{"productId": "p-1", "name": "lamp", "priceMinor": 1250, "quantity": 2}],
}


@pytest.fixture
def deciding(stack: Stack) -> Stack:
    stack.start("command-service")
    return stack


def send(stack: Stack, command: str, body: dict[str, Any], *more: str, fails: bool = False) -> Any:
    text = stack.foldctl("send", "orders", command, json.dumps(body), *more, fails=fails)
    return json.loads(text)


def test_send_prints_what_became_of_a_command(deciding: Stack) -> None:
    created = send(deciding, "CreateOrder", ORDER, "--id", "c-1")
    assert created["status"] == "accepted"
    assert not created["duplicate"]
    assert created["version"] == 1
    assert [event["type"] for event in created["events"]] == [TYPES + "OrderCreated"]
    again = send(deciding, "CreateOrder", ORDER, "--id", "c-1")
    assert again == created | {"duplicate": True}
    refusal = send(deciding, "ShipOrder", {"orderId": "ctl-1"}, fails=True)
    assert refusal["code"] == "order-not-shippable"
    assert refusal["status"] == 422
    reused = send(deciding, "CancelOrder", {"orderId": "ctl-1"}, "--id", "c-1", fails=True)
    assert reused["code"] == "command-id-reused"
    stale = ("--expected-version", "7")
    conflict = send(deciding, "CancelOrder", {"orderId": "ctl-1"}, *stale, fails=True)
    assert (conflict["code"], conflict["expected"], conflict["actual"]) == (
        "version-conflict",
        7,
        1,
    )
    wrong = send(deciding, "CreateOrder", ORDER | {"items": []}, "--no-check", fails=True)
    assert wrong["code"] == "invalid"


def test_the_tail_shows_events_frames_entries_and_what_is_ignored(deciding: Stack) -> None:
    created = send(deciding, "CreateOrder", ORDER)
    partition = int(created["position"].split(":")[1])
    deciding.append("orders.events", partition, b"junk")
    paid = send(deciding, "ConfirmPayment", {"orderId": "ctl-1"})
    everything = ("events", "tail", "orders", "--from-beginning", "--no-follow")
    events = [json.loads(line) for line in deciding.foldctl(*everything).splitlines()]
    assert [e["id"] for e in events] == [
        outcome["events"][0]["eventId"] for outcome in (created, paid)
    ]
    assert [e["type"] for e in events] == [TYPES + "OrderCreated", TYPES + "PaymentConfirmed"]
    assert {e["specversion"] for e in events} == {"1.0"}

    one = ("--partition", str(partition))
    lines = deciding.foldctl("--json", *everything, "--raw", *one).splitlines()
    raw = [json.loads(line) for line in lines]
    verdicts = [record["verdict"] for record in raw]
    assert verdicts == ["valid", "valid", "ignored:foreign", "valid"]
    assert [record.get("kind") for record in raw] == ["claim", "entries", None, "entries"]
    text = deciding.foldctl(*everything, "--raw", *one)
    assert "ctl-1" in text
    assert "ignored:foreign" in text


def test_protoc_decodes_the_body_of_a_record(deciding: Stack) -> None:
    created = send(deciding, "CreateOrder", ORDER, "--id", "decode-me")
    partition = int(created["position"].split(":")[1])
    (offset,) = (
        record.offset
        for record in Topics(deciding.brokers).read("orders.events", "read_uncommitted")[partition]
        if FRAME.unpack_from(record.value)[2] == ENTRIES
    )
    place = ("--partition", str(partition), "--body", str(offset))
    body = subprocess.run(
        deciding.services.foldctl("events", "tail", "orders", "--raw", *place),
        env=deciding.environment,
        capture_output=True,
        check=True,
    ).stdout
    decoded = subprocess.run(
        ["protoc", "-Iproto", "--decode", "foldstream.v1.Entries", "foldstream/v1/log.proto"],
        input=body,
        capture_output=True,
        check=True,
        cwd=ROOT,
    ).stdout.decode()
    assert 'command_id: "decode-me"' in decoded
    assert f'type: "{TYPES}OrderCreated"' in decoded
