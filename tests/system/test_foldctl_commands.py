"""Commands that were refused because processes ended over them: listed, and sent again."""

import json
from typing import Any

import xxhash
from confluent_kafka import OFFSET_END, TopicPartition
from confluent_kafka.admin import AdminClient

from conftest import Stack
from foldstream.log import Record
from forged import Forged
from oracle.bodies import BODIES, Bodies
from oracle.topics import Topics
from orders import TYPES, Command, Sender

CREATE = {
    "customerName": "Ada",
    "customerEmail": "ada@example.com",
    "items": [{"productId": "p-1", "name": "lamp", "priceMinor": 1250, "quantity": 2}],
}


def crashed(bodies: Bodies, record: Record, command: Command) -> Any:
    """The entry that an owner writes instead of a third attempt."""
    entry = bodies.log.Entry(
        next_offset=record.offset + 1, outcome=bodies.outcome.OUTCOME_REFUSED, code="crashed"
    )
    entry.command.offset = record.offset
    entry.command.append_time_ms = record.append_time_ms
    entry.command.raw_hash = xxhash.xxh3_64_intdigest(record.value)
    entry.kept.command_id = command.command_id
    entry.kept.type = TYPES + command.type
    entry.kept.content_type = bodies.command.CONTENT_TYPE_JSON
    entry.kept.value = command.value
    return entry


def test_what_crashed_is_listed_and_sent_again(stack: Stack) -> None:
    commands = [
        Command("c-1", "CreateOrder", "crash-1", {"orderId": "crash-1", **CREATE}),
        Command("c-2", "CreateOrder", "crash-1", CREATE),  # its id stands in the key alone
        Command("c-3", "CreateOrder", "crash-1", {}, b'{"orderId":'),
        Command("c-4", "CreateOrder", "crash-1", CREATE),
    ]
    Sender(stack.brokers).send_all(commands)
    records = Topics(stack.brokers).read("orders.commands", "read_committed")
    ((partition, found),) = [(n, some) for n, some in records.items() if some]
    bodies = BODIES
    forged = Forged(stack.brokers, bodies, partition)
    forged.claim("whoever crashed")
    entries = [crashed(bodies, r, c) for r, c in zip(found, commands, strict=True)]
    entries[3].kept_key = b"crash-1"  # those of older owners have none
    forged.entries(*entries)
    stack.start("command-service")

    listed = json.loads(stack.foldctl("--json", "commands", "list", "orders", "--crashed"))["data"]
    assert [(one["sequence"], one["offset"], one["commandId"]) for one in listed] == [
        (1, 0, "c-1"),
        (2, 1, "c-2"),
        (3, 2, "c-3"),
        (4, 3, "c-4"),
    ]
    assert {one["type"] for one in listed} == {TYPES + "CreateOrder"}
    assert [one["bytes"] for one in listed] == [len(command.value) for command in commands]
    newest = stack.foldctl("commands", "list", "orders", "--limit", "1").splitlines()
    assert len(newest) == 2
    assert "c-4" in newest[1]

    def retry(sequence: int, fails: bool = False) -> Any:
        words = ("commands", "retry", "orders", str(partition), str(sequence))
        return json.loads(stack.foldctl(*words, fails=fails))

    first = retry(1)
    assert (first["status"], first["commandId"], first["version"]) == ("accepted", "c-1", 1)
    assert first["aggregateId"] == "crash-1"
    second = retry(2, fails=True)
    assert (second["code"], second["aggregateId"]) == ("already-exists", "crash-1")
    third = retry(3, fails=True)
    assert (third["code"], third["commandId"]) == ("invalid", "c-3")
    assert retry(1)["duplicate"]
    stack.foldctl("commands", "retry", "orders", str(partition), "5", fails=True)
    stack.foldctl("commands", "retry", "orders", str(partition), "99", fails=True)

    # What the topic no longer has is known by its entry alone.
    admin = AdminClient({"bootstrap.servers": stack.brokers})
    everything = TopicPartition("orders.commands", partition, OFFSET_END)
    for deleted in admin.delete_records([everything]).values():
        deleted.result()
    stack.foldctl("commands", "retry", "orders", str(partition), "2", fails=True)
    fourth = retry(4, fails=True)
    assert (fourth["code"], fourth["aggregateId"]) == ("already-exists", "crash-1")
