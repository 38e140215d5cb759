"""Log against rows."""

import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from comparer import fold, history, rows
from comparer.bodies import Bodies, generate
from comparer.topics import Log, Topics, read_logs
from processes import wait_for

COMMANDS, EVENTS = "orders.commands", "orders.events"
Key = TypeVar("Key")


@dataclass
class Report:
    """What was compared, and each difference as a sentence."""

    rows: int = 0
    commands: int = 0
    differences: list[str] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)


@dataclass
class Reading:
    """One reading of both topics, and what it says about them."""

    logs: list[Log]
    commands: int
    problems: list[str]


def read_topics(brokers: str, bodies: Bodies) -> Reading:
    """Commands first, so that each one that was read had its chance of an entry."""
    topics = Topics(brokers)
    commands = topics.read(COMMANDS, "read_committed")
    logs = read_logs(topics, EVENTS, bodies)
    problems = [p for log in logs for p in history.check(log, commands[log.partition])]
    return Reading(logs, sum(map(len, commands.values())), problems)


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


def compare(brokers: str, postgres: str, build: Path, seconds: float) -> Report:
    bodies = generate(build)
    deadline = time.monotonic() + seconds
    while True:
        reading = complete(brokers, bodies, seconds)
        ends = {log.partition: place(log) for log in reading.logs if log.validity.offset >= 0}
        with rows.connect(postgres) as connection:
            wait_for(partial(arrived, connection, ends), seconds)
            tables = rows.read(connection)
        # The rows may be ahead of what was read: a late claim, a late command.
        ahead = any(tables.places[p] > end for p, end in ends.items() if p in tables.places)
        if not ahead or time.monotonic() > deadline:
            return judge(reading, ends, tables, bodies)


def arrived(connection: psycopg.Connection[Any], ends: dict[int, rows.Place]) -> bool:
    """Whether every partition's checkpoint has reached its end, or one stands still."""
    with connection.transaction():
        places, stopped = rows.checkpoints(connection)
    nowhere = (-1, 0, 0, 0)
    return bool(stopped) or all(places.get(p, nowhere) >= end for p, end in ends.items())


def place(log: Log) -> rows.Place:
    validity = log.validity
    return validity.offset, validity.epoch, validity.sequence, validity.link


def judge(
    reading: Reading, ends: dict[int, rows.Place], tables: rows.Tables, bodies: Bodies
) -> Report:
    orders = fold.Orders(bodies)
    report = Report(rows=len(tables.orders), commands=reading.commands)
    for log in reading.logs:
        orders.fold(log)
        report.verdicts += log.verdicts
        report.outcomes += Counter(
            bodies.outcome.Outcome.Name(entry.body.outcome).removeprefix("OUTCOME_").lower()
            for entry in log.entries
        )
    found = report.differences
    found += reading.problems + orders.problems
    for partition, end in ends.items():
        if partition in tables.stopped:
            found.append(f"partition {partition} stands still: {tables.stopped[partition]}")
        elif tables.places.get(partition) != end:
            found.append(f"partition {partition} is at {tables.places.get(partition)}, not {end}")
    found += differences("orders", tables.orders, orders.rows)
    live = orders.rows.values()
    found += differences("order_summary", tables.summary, fold.summary(live))
    found += differences("customers", tables.customers, fold.customers(live))
    return report
