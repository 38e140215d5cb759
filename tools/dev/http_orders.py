"""Order commands over HTTP, in batches. What has no outcome yet is sent again under the same id."""

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from orders import Command
from paths import Failed

BATCH_LINES = 200
NOT_YET = (429, 503, 504)
PATIENCE_SECONDS = 120
PAUSE_SECONDS = 0.5


def line_of(command: Command) -> bytes:
    head = {"domain": "orders", "command": command.type, "commandId": command.command_id}
    # A body may be no JSON at all: then its line is none.
    return json.dumps(head)[:-1].encode() + b', "body": ' + command.value + b"}"


@dataclass
class HttpSender:
    """One thread. `outcomes` counts by status code."""

    url: str
    waiting: list[Command] = field(default_factory=list)
    outcomes: Counter[int] = field(default_factory=Counter)
    duplicates: int = 0

    def send(self, command: Command) -> None:
        self.waiting.append(command)
        if len(self.waiting) >= BATCH_LINES:
            self.flush()

    def flush(self) -> None:
        """Until each command has its outcome."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.waiting:
            answers = self.batch(self.waiting)
            again = []
            for command, answer in zip(self.waiting, answers, strict=True):
                if answer["httpStatus"] in NOT_YET:
                    again.append(command)
                else:
                    self.outcomes[answer["httpStatus"]] += 1
                    self.duplicates += answer.get("duplicate", False)
            self.waiting = again
            if again:
                if time.monotonic() > deadline:
                    raise Failed(f"{len(again)} commands have no outcome: {answers[-1]}")
                time.sleep(PAUSE_SECONDS)

    def batch(self, commands: list[Command]) -> list[dict[str, Any]]:
        body = b"\n".join(line_of(command) for command in commands)
        headers = {"Content-Type": "application/x-ndjson"}
        request = urllib.request.Request(f"{self.url}/api/v1/commands:batch", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return [json.loads(line) for line in answer.read().splitlines()]
        except urllib.error.HTTPError as refusal:
            return [{"httpStatus": refusal.code}] * len(commands)
        except OSError:
            return [{"httpStatus": 503}] * len(commands)
