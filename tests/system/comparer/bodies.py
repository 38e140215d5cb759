"""The log's Protobuf messages in Python, generated when they are needed."""

import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
PROTOS = ROOT / "proto"


@dataclass(frozen=True)
class Bodies:
    """The generated modules."""

    log: Any
    outcome: Any
    events: Any


def generate(build: Path) -> Bodies:
    out = build / "python"
    out.mkdir(parents=True, exist_ok=True)
    sources = [str(path.relative_to(PROTOS)) for path in sorted(PROTOS.rglob("*.proto"))]
    command = ["protoc", f"-I{PROTOS}", f"--python_out={out}", *sources]
    subprocess.run(command, check=True, cwd=PROTOS)
    if str(out) not in sys.path:
        sys.path.insert(0, str(out))
    return Bodies(
        import_module("foldstream.v1.log_pb2"),
        import_module("foldstream.v1.outcome_pb2"),
        import_module("foldstream.orders.v1.events_pb2"),
    )
