"""bench_orders, which does in bulk what a script is too slow for (bench/orders)."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paths import Failed
from progress import Progress


@dataclass(frozen=True)
class Tool:
    """The program, and where it says what went wrong."""

    program: Path
    log: Path

    def run(self, what: str, total: int, *arguments: str) -> dict[str, Any]:
        """What it found. It says how far it is, of `total`."""
        found: dict[str, Any] = {}
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log, Progress(what, total) as progress:
            child = subprocess.Popen(
                [self.program, *arguments], stdout=subprocess.PIPE, stderr=log, text=True
            )
            assert child.stdout is not None
            for line in child.stdout:
                said = json.loads(line)
                if "done" in said:
                    progress.at(said["done"])
                else:
                    found |= said
            if child.wait():
                raise Failed(f"bench_orders {arguments[0]} failed", self.log)
        return found
