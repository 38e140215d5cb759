"""What a benchmark found: a table, bench/results/NAME.json, and the last line."""

import argparse
import json
import platform
import re
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paths import ROOT

RESULTS = ROOT / "bench" / "results"


@dataclass
class Series:
    """The same things measured some times in turn."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, **found: float) -> None:
        for name, value in found.items():
            self.values.setdefault(name, []).append(value)

    def median(self, name: str) -> float:
        return statistics.median(self.values[name])

    def has(self, name: str) -> bool:
        return name in self.values

    def table(self, names: Mapping[str, str]) -> str:
        """A line a name that was measured: `names` are their texts."""
        width = max(len(text) for text in names.values())
        rows = [f"{'':<{width}}  {'median':>12}   each"]
        for name, text in names.items():
            if self.has(name):
                each = " ".join(shown(value) for value in self.values[name])
                rows.append(f"{text:<{width}}  {shown(self.median(name)):>12}   {each}")
        return "\n".join(rows)


def per_second_of(count: int, found: Mapping[str, int]) -> float:
    """By the append times that a reader found, in whole milliseconds."""
    return 1000 * count / max(1, found["last_ms"] - found["first_ms"])


def shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.2f}"


def machine() -> dict[str, Any]:
    cpus = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.+)$", cpus, re.MULTILINE)
    commit = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"],
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": commit.stdout.strip(),
        "cpu": model[1] if model else platform.machine(),
        "cores": cpus.count("processor\t:"),
        "kernel": platform.release(),
        "load_before": Path("/proc/loadavg").read_text().split()[0],
    }


def finish(
    name: str,
    options: argparse.Namespace,
    machine: Mapping[str, Any],
    series: Series,
    pairs: Sequence[tuple[str, str]],
    **more: Any,
) -> None:
    """The JSON, with everything that was measured, and the last line."""
    found = {
        "machine": machine,
        "options": {key: str(value) for key, value in vars(options).items()},
        **more,
        "rounds": series.values,
        "medians": dict(pairs),
    }
    options.results.mkdir(parents=True, exist_ok=True)
    path: Path = options.results / f"{name}.json"
    path.write_text(json.dumps(found, indent=1) + "\n")
    print(f"{name}: " + " ".join(f"{key}={value}" for key, value in pairs), flush=True)
