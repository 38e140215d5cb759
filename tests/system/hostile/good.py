"""Clients that mean well, all the while: by topic, over HTTP, and asking for what they wrote."""

import contextlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from types import TracebackType

from hostile.records import ORDER
from orders import Sender
from scene import create
from web import Web

DEADLINE_SECONDS = 10
PAUSE_SECONDS = 0.05
Places = list[tuple[int, int]]


class GoodClients:
    """`with GoodClients(…): …` has each of them ask without an end, one request after the other.
    What was not answered in time, or wrongly, is in `failures`."""

    def __init__(self, brokers: str, command_url: str, query_url: str) -> None:
        self.commands, self.queries = Web(command_url), Web(query_url)
        self.sender = Sender(brokers)
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.failures: list[str] = []
        self.keys: list[str] = []  # of the commands over HTTP
        self.over = threading.Event()
        clients = (self.post, self.forward, self.batch, self.read, self.send)
        self.threads = [threading.Thread(target=self.run, args=(one,)) for one in clients]

    def run(self, client: Callable[[int], None]) -> None:
        number = 0
        while not self.over.wait(PAUSE_SECONDS):
            number += 1
            try:
                client(number)
            except Exception as failure:  # told at the end
                self.failures.append(f"{client.__name__} {number}: {failure!r}")

    @contextlib.contextmanager
    def timed(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        took = time.monotonic() - began
        self.seconds[name].append(took)
        assert took < DEADLINE_SECONDS, f"{took:.1f} s"

    def made(self, web: Web, name: str, key: str) -> str:
        self.keys.append(key)
        with self.timed(name):
            wait = f"wait={DEADLINE_SECONDS - 1}"
            answer = web.command("CreateOrder", {"orderId": key, **ORDER}, key, prefer=wait)
        assert (answer.status, answer.body["commandId"]) == (201, key), answer.text
        return str(answer.body["position"])

    def post(self, number: int) -> None:
        self.made(self.commands, "commands", f"posted-{number}")

    def forward(self, number: int) -> None:
        self.made(self.queries, "commands through the query-service", f"forwarded-{number}")

    def batch(self, number: int) -> None:
        """Of batches only a few are taken at once: who hears 429 comes again when it says."""
        keys = [f"batch-{number}-{line}" for line in range(3)]
        lines = [
            {"domain": "orders", "command": "CreateOrder", "commandId": key, "body": ORDER}
            for key in keys
        ]
        self.keys += keys
        until = time.monotonic() + DEADLINE_SECONDS
        with self.timed("batches"):
            answer = self.commands.batch(*lines)
            while answer.status == 429 and time.monotonic() < until:
                self.over.wait(int(answer.headers["Retry-After"]))
                answer = self.commands.batch(*lines)
        assert [line["httpStatus"] for line in answer.lines] == [201] * 3, answer.text

    def read(self, number: int) -> None:
        with self.timed("queries"):
            answer = self.queries.ask("GET", "/orders?limit=5")
        assert answer.status == 200, answer.text
        assert "data" in answer.body

    def send(self, number: int) -> None:
        self.sender.send(create(f"sent-{number}", f"sent-{number}"))
        with self.timed("deliveries"):
            self.sender.flush()

    def summary(self) -> str:
        """A line a client: how many requests, and the 99th of a hundred."""
        lines = []
        for name, seconds in sorted(self.seconds.items()):
            ordered = sorted(seconds)
            p99, worst = ordered[len(ordered) * 99 // 100], ordered[-1]
            times = f"p99 {p99 * 1000:.0f} ms, worst {worst * 1000:.0f} ms"
            lines.append(f"good {name}: {len(ordered)} answered, {times}")
        return "\n".join(lines)

    def __enter__(self) -> "GoodClients":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()
