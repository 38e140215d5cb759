"""What senders were told against what the log says. An answer is a JSON object in the words of the
HTTP API: commandId, status, code, duplicate, aggregateId, version, position, events; one that came
through Kafka has answeredAtMs, too, by the clock of the broker."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foldstream.log import Entry
from oracle.bodies import Bodies, outcome_name
from oracle.topics import Log

Answer = dict[str, Any]


def answer_of(outcome: Any, bodies: Bodies) -> Answer:
    """A foldstream.v1.CommandOutcome in those words."""
    position = outcome.position
    return {
        "commandId": outcome.command_id,
        "status": outcome_name(bodies, outcome.status),
        "code": outcome.problem.code,
        "duplicate": outcome.duplicate,
        "aggregateId": outcome.aggregate_id,
        "version": outcome.version,
        "position": f"{position.domain}:{position.partition}:{position.sequence}",
        "events": [
            {"eventId": event.event_id, "type": event.type, "version": event.version}
            for event in outcome.events
        ],
    }


def read(file: Path) -> Iterator[Answer]:
    """One a line."""
    with file.open() as lines:
        for line in lines:
            yield json.loads(line)


@dataclass
class Answers:
    """Compares each answer with the entry at its position."""

    bodies: Bodies
    logs: Iterable[Log]
    checked: int = 0
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.entries: dict[tuple[int, int], Entry] = {}
        self.repeated: set[tuple[int, int]] = set()
        for log in self.logs:
            for entry in log.entries:
                self.entries[log.partition, entry.sequence] = entry
                if entry.body.outcome == self.bodies.outcome.OUTCOME_DUPLICATE:
                    self.repeated.add((log.partition, entry.body.first))

    def check(self, answer: Answer) -> None:
        self.checked += 1
        position = str(answer["position"])
        what = f"the answer to {answer['commandId']!r}"
        domain, partition, sequence = position.split(":")
        place = int(partition), int(sequence)
        entry = self.entries.get(place)
        if domain != "orders" or entry is None:
            self.problems.append(f"{what} names {position}, where the log has no entry")
            return
        for name, told, due in self.words(answer, entry, position):
            if told != due:
                said = f"{name} {told!r}, {position} says {due!r}"
                self.problems.append(f"{what} is wrong: {said}")
        at = answer.get("answeredAtMs", entry.append_time_ms)
        if at < entry.append_time_ms:
            early = f"was given at {at}, {position} was appended at {entry.append_time_ms}"
            self.problems.append(f"{what} {early}")
        if answer.get("duplicate") and place not in self.repeated:
            self.problems.append(f"{what} calls it a duplicate, but it has none")

    def words(
        self, answer: Answer, entry: Entry, position: str
    ) -> Iterator[tuple[str, object, object]]:
        body = entry.body
        status = outcome_name(self.bodies, body.outcome)
        # A problem has a code where an outcome has a status.
        yield "status", answer.get("status", "refused"), status
        yield "code", answer.get("code", ""), body.code
        if not body.command_id:
            return  # nothing of what could not be decoded is in the log
        yield "command id", answer["commandId"], body.command_id
        yield "aggregate", answer.get("aggregateId"), body.aggregate_id
        yield "version", answer.get("version"), body.version
        # A dry run's answer tells the events that would have been; its entry has none.
        if "events" in answer and status != "dry-run":
            due = [
                {"eventId": f"{position}:{i}", "type": event.type, "version": event.version}
                for i, event in enumerate(body.events)
            ]
            yield "events", answer["events"], due
