"""Everything against the log: commands, answers, snapshots, rows."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import psycopg

from foldstream.log import NOWHERE, Place, Record
from oracle import fold, history, rows, snapshots
from oracle.aggregates import Audit
from oracle.answers import Answer, Answers
from oracle.bodies import BODIES, Bodies, outcome_name
from oracle.topics import Log, Topics, read_logs
from processes import wait_for

COMMANDS, EVENTS = "orders.commands", "orders.events"
Key = TypeVar("Key")


@dataclass
class Report:
    """What was compared, and each difference as a sentence."""

    rows: int = 0
    commands: int = 0
    derived: int = 0  # commands that were decided once more
    duplicates: int = 0
    answers: int = 0
    snapshots: int = 0
    markers: int = 0
    differences: list[str] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    ignored_entries: Counter[str] = field(default_factory=Counter)  # records, by reason


@dataclass
class Reading:
    """One reading of all topics, and what it says about commands and their entries."""

    logs: list[Log]
    commands: dict[int, dict[int, Record]]
    snapshots: dict[int, list[Record]]
    problems: list[str]


def read_topics(brokers: str, bodies: Bodies) -> Reading:
    """Snapshots first: everything in them is in the log already. Then commands, so that each one
    that was read had its chance of an entry."""
    topics = Topics(brokers)
    snapped = topics.read(snapshots.TOPIC, "read_uncommitted")
    begins = topics.begins(COMMANDS)
    records = topics.read(COMMANDS, "read_committed")
    commands = {n: {record.offset: record for record in some} for n, some in records.items()}
    logs = read_logs(topics, EVENTS)
    walks = [history.Walk(log, commands[log.partition], begins[log.partition]) for log in logs]
    return Reading(logs, commands, snapped, [p for walk in walks for p in walk.run()])


def complete(brokers: str, bodies: Bodies, seconds: float) -> Reading:
    """Reads until every command has its entry, or the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        reading = read_topics(brokers, bodies)
        waiting = [p for p in reading.problems if p.endswith("has no entry")]
        if not waiting or time.monotonic() > deadline:
            return reading


def differences(
    table: str, actual: dict[Key, dict[str, Any]], expected: dict[Key, dict[str, Any]]
) -> list[str]:
    found = []
    for key in sorted({*actual, *expected}, key=str):
        have, want = actual.get(key), expected.get(key)
        if have is None:
            found.append(f"{table} {key}: missing")
        elif want is None:
            found.append(f"{table} {key}: should not be there")
        elif wrong := {c: (have.get(c), w) for c, w in want.items() if have.get(c) != w}:
            said = ", ".join(f"{c} is {h!r}, not {w!r}" for c, (h, w) in sorted(wrong.items()))
            found.append(f"{table} {key}: {said}")
    return found


def compare(
    brokers: str,
    postgres: str | None,
    seconds: float,
    answers: Iterable[Answer] = (),
) -> Report:
    """Waits until all has come to rest, at most `seconds` for each step. Without Postgres: the
    topics alone."""
    deadline = time.monotonic() + seconds
    while True:
        reading = complete(brokers, BODIES, seconds)
        if postgres is None:
            return judge_topics(reading, BODIES, answers)
        ends = {log.partition: log.place for log in reading.logs if log.place != NOWHERE}
        with rows.connect(postgres) as connection:
            wait_for(partial(arrived, connection, ends), seconds)
            tables = rows.read(connection)
        # The rows may be ahead of what was read: a late claim, a late command.
        ahead = any(
            tables.places[p].offset > end.offset for p, end in ends.items() if p in tables.places
        )
        if not ahead or time.monotonic() > deadline:
            report = judge_topics(reading, BODIES, answers)
            report.rows = len(tables.orders)
            report.differences += behind(ends, tables)
            report.differences += judge_rows(reading.logs, tables, BODIES)
            return report


def arrived(connection: psycopg.Connection[Any], ends: dict[int, Place]) -> bool:
    """Whether every partition's checkpoint has reached its end, or one stands still."""
    with connection.transaction():
        places, stopped = rows.checkpoints(connection)
    there = (places.get(p, NOWHERE).offset >= end.offset for p, end in ends.items())
    return bool(stopped) or all(there)


def judge_topics(reading: Reading, bodies: Bodies, answers: Iterable[Answer]) -> Report:
    report = Report(
        commands=sum(map(len, reading.commands.values())), differences=list(reading.problems)
    )
    audit = Audit(bodies)
    for log in reading.logs:
        number = log.partition
        snapped = snapshots.Snapshots(bodies, number, reading.snapshots.get(number, []))
        audit.check(log, reading.commands[number], snapped.seen)
        snapped.check(log, audit)
        report.differences += snapped.problems
        report.snapshots += snapped.checked
        report.verdicts += log.verdicts
        report.ignored_entries += log.ignored_reasons
        report.outcomes += Counter(outcome_name(bodies, e.body.outcome) for e in log.entries)
        report.markers += sum(e.body.HasField("marker") for e in log.entries)
    told = Answers(bodies, reading.logs)
    for answer in answers:
        told.check(answer)
    report.derived, report.duplicates = audit.derived, audit.duplicates
    report.answers = told.checked
    report.differences += audit.problems + told.problems
    return report


def behind(ends: dict[int, Place], tables: rows.Tables) -> list[str]:
    """Partitions that have not come to their logs' ends."""
    found = []
    for partition, end in ends.items():
        if partition in tables.stopped:
            found.append(f"partition {partition} stands still: {tables.stopped[partition]}")
        elif tables.places.get(partition) != end:
            found.append(f"partition {partition} is at {tables.places.get(partition)}, not {end}")
    return found


def judge_rows(logs: Iterable[Log], tables: rows.Tables, bodies: Bodies) -> list[str]:
    """One snapshot of the tables against the logs, folded up to its checkpoints: the logs must have
    been read after it."""
    orders = fold.Orders(bodies)
    found = list(tables.problems)
    for log in logs:
        place = tables.places.get(log.partition, NOWHERE)
        if log.places.get(place.offset) != place:
            found.append(f"the checkpoint of partition {log.partition} is at {place}, no place")
        orders.fold(log, place.sequence)
    live = orders.rows.values()
    found += differences("orders", tables.orders, orders.rows)
    found += differences("order_summary", tables.summary, fold.summary(live))
    found += differences("customers", tables.customers, fold.customers(live))
    return found
