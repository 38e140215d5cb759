"""The generated messages, as one thing that is handed around."""

from dataclasses import dataclass
from typing import Any

from foldstream.orders.v1 import commands_pb2, events_pb2, state_pb2
from foldstream.v1 import command_pb2, log_pb2, outcome_pb2, store_pb2


@dataclass(frozen=True)
class Bodies:
    """Modules; those of the orders domain have short names."""

    log: Any = log_pb2
    outcome: Any = outcome_pb2
    command: Any = command_pb2
    store: Any = store_pb2
    commands: Any = commands_pb2
    events: Any = events_pb2
    state: Any = state_pb2


BODIES = Bodies()


def outcome_name(bodies: Bodies, outcome: int) -> str:
    """accepted, refused, duplicate, dry-run …"""
    name: str = bodies.outcome.Outcome.Name(outcome)
    return name.removeprefix("OUTCOME_").lower().replace("_", "-")
