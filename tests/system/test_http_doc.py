"""The examples of docs/http.md, run as they stand there."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from conftest import WAIT_SECONDS, Stack

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "http.md").read_text()


def run(stack: Stack, script: str, folder: Path) -> list[Any]:
    """The answers, one JSON value each."""
    done = subprocess.run(
        ["bash", "-euc", script.replace("curl ", "curl -sS -w '\\n' ")],
        env={**os.environ, **stack.environment},
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line]


def test_the_examples_answer_what_they_show(stack: Stack, tmp_path: Path) -> None:
    for name in ("command-service", "projector", "query-service"):
        stack.start(name)
    examples = re.findall(r"```sh\n(.*?)```", DOCS, re.DOTALL)
    shown = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", DOCS, re.DOTALL)]
    create, aliases, token, refusal, batch = (run(stack, it, tmp_path) for it in examples)

    # Where it stands in the log is the log's matter.
    (created,) = create
    position = created["position"]
    text = json.dumps(shown[0]).replace("orders:3:1042", position)
    assert created == json.loads(text)
    assert [answer["version"] for answer in aliases] == [2, 3, 4]
    dry, made, seen = token
    assert (dry["status"], made["status"]) == ("dry-run", "accepted")
    assert [order["orderId"] for order in seen["data"]] == [made["aggregateId"]]
    assert refusal == [shown[1]]
    assert [answer["httpStatus"] for answer in batch] == [201, 200, 422]
