"""What a command's annotations say of it (foldstream/v1/options.proto), and its ids."""

import uuid
from dataclasses import dataclass

from google.protobuf.message import Message

from foldstream.v1 import options_pb2


@dataclass(frozen=True, slots=True)
class Command:
    """A command that can be sent: `key` is its aggregate's id."""

    message: Message
    domain: str
    key: str
    command_id: str

    @property
    def type(self) -> str:
        """foldstream.orders.v1.CreateOrder"""
        return str(self.message.DESCRIPTOR.full_name)

    @property
    def name(self) -> str:
        """CreateOrder"""
        return str(self.message.DESCRIPTOR.name)


def namespace(domain: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"foldstream:{domain}")


def command_of(message: Message, command_id: str | None = None) -> Command:
    """A new id for each attempt means that each attempt counts; the same id means once. A create
    without an aggregate's id gets the one that the platform would give it."""
    options = message.DESCRIPTOR.GetOptions().Extensions[options_pb2.command]
    if not options.domain:
        raise ValueError(f"{message.DESCRIPTOR.full_name} is no command")
    command_id = command_id or str(uuid.uuid4())
    key = str(getattr(message, options.id_field))
    if not key and not options.creates:
        raise ValueError(f"{options.id_field} of {message.DESCRIPTOR.name} is missing")
    key = key or str(uuid.uuid5(namespace(options.domain), command_id))
    return Command(message, options.domain, key, command_id)
