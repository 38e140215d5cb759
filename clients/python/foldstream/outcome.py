"""What became of a command: an Outcome when it counts, a Problem when it does not. Both are the
same whichever way the command went: HTTP, a reply, the log."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from foldstream.position import Position
from foldstream.v1 import log_pb2, outcome_pb2, problem_pb2

Json = Mapping[str, Any]

NOT_FINAL = (
    outcome_pb2.OUTCOME_HELD,
    outcome_pb2.OUTCOME_QUEUED,
    outcome_pb2.OUTCOME_SCHEDULED,
    outcome_pb2.OUTCOME_FORWARDED,
)


@dataclass(frozen=True, slots=True)
class EventReference:
    event_id: str
    type: str
    version: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status` is accepted or dry-run; `pending` when nobody waited. A repeat of a command has the
    first one's answer, marked `duplicate`."""

    command_id: str
    status: str
    duplicate: bool = False
    aggregate_id: str = ""
    version: int = 0
    events: tuple[EventReference, ...] = ()
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    """The field's path is in JSON names: items[2].priceMinor."""

    field: str
    message: str


class Problem(Exception):
    """Why not (RFC 9457). `code` says it to programs. One that has a position left an entry in the
    log; `status` is None when only the log was asked."""

    def __init__(
        self,
        code: str,
        title: str = "",
        status: int | None = None,
        *,
        detail: str = "",
        violations: tuple[Violation, ...] = (),
        expected: int | None = None,
        actual: int | None = None,
        outcome: Outcome | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.code, self.title, self.status, self.detail = code, title, status, detail
        self.violations, self.expected, self.actual = violations, expected, actual
        self.outcome = outcome or Outcome("", "refused")
        self.retry_after = retry_after  # seconds
        said = [f"{v.field} {v.message}" for v in violations] or [detail or title]
        super().__init__(f"{code}: {'; '.join(said)}" if any(said) else code)

    @property
    def command_id(self) -> str:
        return self.outcome.command_id

    @property
    def position(self) -> Position | None:
        return self.outcome.position


class Invalid(Problem):
    """`violations` has all of them at once."""


class NotFound(Problem):
    pass


class VersionConflict(Problem):
    """`expected` is what the sender said, `actual` the aggregate's version."""


class NotCaughtUp(Problem):
    """The query's rows have not reached the position in time."""


class OutcomeUnknown(Problem):
    """It may count or not; the same command id, sent again, tells."""


KINDS: Mapping[str, type[Problem]] = {
    "invalid": Invalid,
    "not-found": NotFound,
    "version-conflict": VersionConflict,
    "not-caught-up": NotCaughtUp,
    "outcome-unknown": OutcomeUnknown,
}


def problem_of_code(code: str, *args: Any, **more: Any) -> Problem:
    return KINDS.get(code, Problem)(code, *args, **more)


def status_name(outcome: outcome_pb2.Outcome.ValueType) -> str:
    """accepted, refused, duplicate, dry-run …"""
    return outcome_pb2.Outcome.Name(outcome).removeprefix("OUTCOME_").lower().replace("_", "-")


# --- over HTTP --------------------------------------------------------------------------------


def position_in(body: Json) -> Position | None:
    return Position.parse(body["position"]) if body.get("position") else None


def outcome_in(body: Json, status: str = "") -> Outcome:
    events = (EventReference(e["eventId"], e["type"], e["version"]) for e in body.get("events", ()))
    return Outcome(
        body.get("commandId", ""),
        status or body["status"],
        body.get("duplicate", False),
        body.get("aggregateId", ""),
        body.get("version", 0),
        tuple(events),
        position_in(body),
    )


def problem_in(
    status: int, body: Json, reason: str = "", retry_after: float | None = None
) -> Problem:
    """Of an answer that may not be ours (a proxy's): then it has the reason alone."""
    violations = (Violation(v["field"], v["message"]) for v in body.get("violations", ()))
    return problem_of_code(
        body.get("code", ""),
        body.get("title", reason),
        status,
        detail=body.get("detail", ""),
        violations=tuple(violations),
        expected=body.get("expected"),
        actual=body.get("actual"),
        outcome=outcome_in(body, "refused"),
        retry_after=retry_after,
    )


# --- as a reply -------------------------------------------------------------------------------


def outcome_from(reply: outcome_pb2.CommandOutcome) -> Outcome:
    events = (EventReference(e.event_id, e.type, e.version) for e in reply.events)
    place = reply.position
    return Outcome(
        reply.command_id,
        status_name(reply.status),
        reply.duplicate,
        reply.aggregate_id,
        reply.version,
        tuple(events),
        Position(place.domain, place.partition, place.sequence),
    )


def problem_from(told: problem_pb2.Problem, outcome: Outcome) -> Problem:
    violations = (Violation(v.field, v.message) for v in told.violations)
    return problem_of_code(
        told.code,
        told.title,
        told.status,
        detail=told.detail,
        violations=tuple(violations),
        expected=told.expected if told.HasField("expected") else None,
        actual=told.actual if told.HasField("actual") else None,
        outcome=outcome,
    )


def answer_from(reply: outcome_pb2.CommandOutcome) -> Outcome | Problem:
    outcome = outcome_from(reply)
    return problem_from(reply.problem, outcome) if reply.problem.code else outcome


# --- in the log -------------------------------------------------------------------------------


def answer_in_log(
    command_id: str, place: Position, entry: log_pb2.Entry, duplicate: bool = False
) -> Outcome | Problem:
    """Of an entry that is no duplicate itself; `duplicate` when it is the first one's. The log has
    no violations, and no id of a command that could not be decoded."""
    events = (
        EventReference(f"{place}:{index}", event.type, event.version)
        for index, event in enumerate(entry.events)
    )
    outcome = Outcome(
        entry.command_id or command_id,
        status_name(entry.outcome),
        duplicate,
        entry.aggregate_id,
        entry.version,
        tuple(events),
        place,
    )
    if not entry.code:
        return outcome
    conflict = entry.code == "version-conflict"
    return problem_of_code(
        entry.code,
        expected=entry.expected_version if entry.HasField("expected_version") else None,
        actual=entry.version if conflict else None,
        outcome=outcome,
    )
