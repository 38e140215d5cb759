"""What really happened to a stage: counted in logs, exit codes, the log of events and the proxy,
never in what the director meant to do."""

import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faults.director import FENCED, Director
from faults.stage import Member, Stage
from oracle.compare import Report

STANDS = ("the partition stands still", "stops: ")
# The classes of the last line, in its order; `commands` is a count, not a class.
CLASSES = (
    "kills",
    "zombies",
    "fenced",
    "ignored_entries",
    "failed_deliveries",
    "pg_restarts",
    "connection_cuts",
    "broker_restarts",
    "twins",
    "duplicates",
)


@dataclass(frozen=True)
class Line:
    """A line of a service's log."""

    text: str
    level: str


def lines_of(member: Member) -> Iterator[Line]:
    log = member.stage.workspace.logs / f"{member.name}.log"
    for text in log.read_text(errors="replace").splitlines() if log.exists() else ():
        try:
            fields: dict[str, Any] = json.loads(text)
            line = Line(fields["msg"], fields["level"])
        except (ValueError, KeyError):
            continue  # cut off by kill -9, or a plain sentence at the start
        yield line


def count_in(file: Path, text: str) -> int:
    return file.read_text(errors="replace").count(text) if file.exists() else 0


@dataclass
class Evidence:
    """Of a run that is over."""

    stage: Stage
    director: Director
    report: Report

    def __post_init__(self) -> None:
        services = [m for m in self.stage.everybody if m.kind == "command-service"]
        self.lines = {member.name: list(lines_of(member)) for member in services}
        self.fences = [
            line for lines in self.lines.values() for line in lines if line.text.startswith(FENCED)
        ]

    def counts(self) -> dict[str, int]:
        stage, proxy = self.stage, self.stage.proxy
        logs = stage.workspace.logs
        ends = [code for member in stage.everybody for code in member.ends]
        undelivered = ("not delivered", "could not be sent", "producer refused")
        return {
            "commands": self.report.commands,
            "kills": ends.count(-signal.SIGKILL),
            "zombies": self.director.zombies,
            "fenced": len(self.fences),
            "ignored_entries": self.ignored(),
            "failed_deliveries": sum(any(w in f.text for w in undelivered) for f in self.fences),
            "pg_restarts": count_in(logs / "postgres.log", "ready to accept connections") - 1,
            "connection_cuts": proxy.counts["cut"]
            + proxy.counts["deaf"]
            + self.director.terminated,
            "broker_restarts": count_in(logs / "kafka.log", "Kafka Server started") - 1,
            "twins": self.director.struck["twins"],
            "duplicates": self.report.duplicates,
        }

    def ignored(self) -> int:
        """Records with entries that do not count."""
        reasons = ("stale", "repeat", "hole", "fork")
        return sum(self.report.ignored_entries[reason] for reason in reasons)

    def standstills(self) -> list[str]:
        """Partitions that only an operator brings back: no strike of ours is a reason for that."""
        everybody = {member.name: lines_of(member) for member in self.stage.everybody}
        return [
            f"{name}: {line.text}"
            for name, lines in everybody.items()
            for line in lines
            if line.level == "error" and line.text.startswith(STANDS)
        ]


def last_line(counts: dict[str, int], violations: int) -> str:
    words = " ".join(f"{name}={counts[name]}" for name in ("commands", *CLASSES))
    return f"soak-exactly-once: {words} violations={violations}"


def missing(counts: dict[str, int]) -> list[str]:
    """Classes that never struck."""
    return [name for name in CLASSES if counts[name] <= 0]
