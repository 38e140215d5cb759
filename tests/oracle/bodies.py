"""The Protobuf messages in Python, generated when they are needed."""

import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROTOS = ROOT / "proto"


@dataclass(frozen=True)
class Bodies:
    """The generated modules."""

    log: Any
    outcome: Any
    command: Any
    store: Any
    commands: Any
    events: Any
    state: Any


def generate(build: Path) -> Bodies:
    out = (build / "python").resolve()
    out.mkdir(parents=True, exist_ok=True)
    sources = [str(path.relative_to(PROTOS)) for path in sorted(PROTOS.rglob("*.proto"))]
    command = ["protoc", f"-I{PROTOS}", f"--python_out={out}", *sources]
    subprocess.run(command, check=True, cwd=PROTOS)
    if str(out) not in sys.path:
        sys.path.insert(0, str(out))
    platform = ("v1.log", "v1.outcome", "v1.command", "v1.store")
    orders = ("orders.v1.commands", "orders.v1.events", "orders.v1.state")
    return Bodies(*[import_module(f"foldstream.{name}_pb2") for name in platform + orders])


def outcome_name(bodies: Bodies, outcome: int) -> str:
    """accepted, refused, duplicate, dry-run …"""
    name: str = bodies.outcome.Outcome.Name(outcome)
    return name.removeprefix("OUTCOME_").lower().replace("_", "-")
