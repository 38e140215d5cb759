"""What a record of orders.commands says, read once more: CloudEvents in binary mode, or packed."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

import xxhash
from google.protobuf import json_format
from google.protobuf.message import DecodeError

from foldstream.log import Record
from oracle.bodies import Bodies

PREFIX = "foldstream.orders.v1."
TOPIC = "orders.commands"
SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "foldstream:orders")
CREATES = "CreateOrder"
KNOWN = ("ce_id", "ce_type", "content-type", "expected_version", "dry_run")


# What the readers of JSON and Protobuf raise at bytes that are no command, however deep.
UNREADABLE = (
    DecodeError,
    json_format.ParseError,
    ValueError,
    TypeError,
    AttributeError,
    RecursionError,
)


@dataclass(frozen=True)
class Command:
    """A command that could be decoded. `type` is the short name."""

    command_id: str
    type: str
    aggregate_id: str
    message: Any
    expected_version: int | None = None
    dry_run: bool = False

    @property
    def body_hash(self) -> bytes:
        name = self.message.DESCRIPTOR.full_name.encode()
        body = self.message.SerializeToString(deterministic=True)
        return xxhash.xxh3_128_digest(name + b"\0" + body)


class Undecodable(Exception):
    """Why a record is no command."""


@dataclass
class Envelope:
    """A command's attributes, wherever they were carried."""

    command_id: str
    type: str
    body: bytes
    is_json: bool
    expected_version: int | None
    dry_run: bool


def from_headers(record: Record) -> Envelope:
    headers = {name: value.decode() for name, value in record.headers if name in KNOWN}
    expected = headers.get("expected_version")
    return Envelope(
        headers.get("ce_id", ""),
        headers.get("ce_type", ""),
        record.value,
        headers.get("content-type", "").split(";")[0].strip().lower() == "application/json",
        None if expected is None else int(expected),
        headers.get("dry_run") in ("true", "1"),
    )


def from_packed(record: Record, bodies: Bodies) -> Envelope:
    packed = bodies.command.Command.FromString(record.value)
    return Envelope(
        packed.command_id,
        packed.type,
        packed.value,
        packed.content_type == bodies.command.CONTENT_TYPE_JSON,
        packed.expected_version if packed.HasField("expected_version") else None,
        packed.dry_run,
    )


def body_of(envelope: Envelope, bodies: Bodies) -> Any:
    kind = getattr(bodies.commands, envelope.type.removeprefix(PREFIX), None)
    if kind is None or not envelope.type.startswith(PREFIX):
        raise Undecodable(f"no command {envelope.type}")
    if not envelope.is_json:
        return kind.FromString(envelope.body)
    fields = json.loads(envelope.body)
    if isinstance(fields.get("status"), str):  # enums go by their short names
        fields["status"] = "ORDER_STATUS_" + fields["status"].upper().replace("-", "_")
    return json_format.ParseDict(fields, kind())


def decode(partition: int, record: Record, bodies: Bodies) -> Command:
    """Raises Undecodable. Says nothing of the fields' checks."""
    try:
        envelope = from_headers(record) if record.headers else from_packed(record, bodies)
        message = body_of(envelope, bodies)
        key = (record.key or b"").decode()
    except UNREADABLE as wrong:
        raise Undecodable(str(wrong)) from wrong
    place = f"{TOPIC}/{partition}/{record.offset}"
    command_id = envelope.command_id or str(uuid.uuid5(SPACE, place))
    name = envelope.type.removeprefix(PREFIX)
    aggregate = key or message.order_id
    if not aggregate and name == CREATES:
        aggregate = str(uuid.uuid5(SPACE, command_id))
    message.order_id = aggregate
    expected, dry_run = envelope.expected_version, envelope.dry_run
    return Command(command_id, name, aggregate, message, expected, dry_run)
