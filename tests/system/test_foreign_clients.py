"""The programs of docs/clients.md for other languages, run as they stand there: those whose tools
Debian and Kafka's own jars are enough for."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from conftest import WAIT_SECONDS, Stack
from oracle.topics import Topics, read_logs
from paths import KAFKA_LIBS, ROOT

DOCS = ROOT / "docs" / "clients.md"


def program(heading: str) -> str:
    """The only one in its section."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", DOCS.read_text(), re.DOTALL | re.M)
    (code,) = re.findall(r"```\w+\n(.*?)```", section, re.DOTALL)
    return str(code)


@pytest.fixture
def running(stack: Stack) -> Stack:
    for name in ("command-service", "projector", "query-service"):
        stack.start(name)
    return stack


def run(stack: Stack, *command: str) -> list[str]:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, **stack.environment},
        cwd=ROOT,
        timeout=WAIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def judged(stack: Stack, order: str, row: str) -> int:
    """The order's row, and its only entry: accepted, so in its key's partition. Which that is."""
    found = json.loads(row)
    assert (found["orderId"], found["totalMinor"], found["status"]) == (order, 2500, "pending")
    logs = read_logs(Topics(stack.brokers), "orders.events")
    decided = [(log.partition, e.body) for log in logs for e in log.entries if e.body.command_id]
    ((partition, entry),) = decided
    assert (entry.command_id, entry.aggregate_id) == (f"create-{order}", order)
    assert [event.type for event in entry.events] == ["foldstream.orders.v1.OrderCreated"]
    return partition


def test_kcat_and_curl_send_hear_the_outcome_and_read(running: Stack) -> None:
    *told, row = run(running, "bash", "-euc", program("kcat and curl"), "kcat", "kcat-1")
    partition = judged(running, "kcat-1", row)
    assert "status: OUTCOME_ACCEPTED" in told
    assert 'command_id: "create-kcat-1"' in told
    assert "  sequence: 1" in told
    assert partition == 0 or f"  partition: {partition}" in told


def test_java_sends_and_reads(running: Stack, tmp_path: Path) -> None:
    source = tmp_path / "Orders.java"
    source.write_text(program("Java"))
    jars = f"{KAFKA_LIBS}/*"
    sent, row = run(running, "java", "-cp", jars, str(source), "java-1")
    assert sent == f"sent to {judged(running, 'java-1', row)} at 0"


def test_every_program_of_the_page_is_told_apart_and_said_to_be_run_or_not() -> None:
    text = DOCS.read_text()
    assert re.findall(r"^```(\w+)$", text, re.MULTILINE) == ["sh", "java", "go", "js"]
    by_hand = re.findall(r"^\| \[(\w+)\].* by hand, not by a test \|$", text, re.MULTILINE)
    assert by_hand == ["Go", "Node"]
