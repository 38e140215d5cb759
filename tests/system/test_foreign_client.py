"""The program of docs/clients.md, run as it stands there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import BUILD, WAIT_SECONDS, Stack
from oracle.bodies import generate

DOCS = Path(__file__).resolve().parents[2] / "docs" / "clients.md"
ORDER = {
    "customerName": "Ada",
    "customerEmail": "ada@example.com",
    "items": [{"productId": "p-1", "name": "lamp", "priceMinor": 1250, "quantity": 2}],
}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    file = tmp_path / "client.py"
    file.write_text(code)
    generate(BUILD)
    return file


def run(program: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, str(program), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(BUILD / "python")},
        timeout=WAIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_client_of_its_own_sends_json_and_reads_its_outcomes(stack: Stack, program: Path) -> None:
    stack.start("command-service")
    create = ("client-1", "CreateOrder", "client-order", json.dumps(ORDER))
    position, *created = run(program, *create)
    assert created == ["accepted", "-", "1", "0"]
    sequence = position.split(":")[2]
    assert run(program, *create)[1:] == ["duplicate", "-", "1", sequence]
    ship = ("client-2", "ShipOrder", "client-order", "{}")
    assert run(program, *ship)[1:] == ["refused", "order-not-shippable", "1", "0"]
    wrong = ("client-3", "CreateOrder", "client-other", '{"customerName": 7}')
    assert run(program, *wrong)[1:] == ["refused", "invalid", "0", "0"]
