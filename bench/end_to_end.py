"""./dev bench end-to-end: from a command's append to the row over HTTP, with everything as shipped.

--rate commands a second go to orders.commands, of many orders at once. One of them at a time is
looked for: a GET every 2 ms, from when it is sent, until the order has the version that the command
gives it. What is told is the time from the broker's append of the command (whole milliseconds) to
that answer. Beside it bare_log idle: what one hop through the log takes on this machine.
"""

import argparse
import http.client
import json
import queue
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from endings import ended
from measure import command_line, limits, report
from measure.bed import PARTITIONS, Bed
from measure.report import Series
from orders import TOPIC, Command
from paths import Failed
from progress import Progress
from services import NAMES

NAME = "end-to-end"
POLL_SECONDS = 0.002
VISIBLE_SECONDS = 30
OPEN_ORDERS = 200
BARE_VALUE_BYTES = 300
UNMEASURED = 50
ROWS = {
    "p50_ms": "append to visible, p50 ms",
    "p99_ms": "append to visible, p99 ms",
    "max_ms": "append to visible, slowest, ms",
    "bare_idle_p50_ms": "bare_log idle, p50 ms",
}
ITEM = {"productId": "p-1", "name": "lamp", "priceMinor": 1250, "quantity": 2}
CUSTOMER = {"customerName": "Ada", "customerEmail": "ada@example.com"}


@dataclass
class Sent:
    """A command, the version that it gives its order, and when the broker appended it (ms)."""

    command: Command
    version: int
    appended: "queue.SimpleQueue[float | str]" = field(default_factory=queue.SimpleQueue)

    def report(self, error: KafkaError | None, message: Message) -> None:
        offset = message.offset()
        if error is not None or offset is None or offset < 0:
            self.appended.put(error.str() if error else "no offset")
        else:
            self.appended.put(float(message.timestamp()[1]))

    def when_appended(self) -> float:
        try:
            said = self.appended.get(timeout=VISIBLE_SECONDS)
        except queue.Empty:
            said = "no report"
        if isinstance(said, str):
            raise Failed(f"a command was not delivered: {said}")
        return said


def commands() -> Iterator[Sent]:
    """Five commands of each order, in turn over the open ones."""
    first = 0
    while True:
        for step in range(5):
            for number in range(first, first + OPEN_ORDERS):
                order = f"order-{number}"
                kind, body = step_of(step, number)
                body = {"orderId": order, **body}
                yield Sent(Command(f"{order}-{step}", kind, order, body), step + 1)
        first += OPEN_ORDERS


def step_of(step: int, number: int) -> tuple[str, dict[str, Any]]:
    return (
        ("CreateOrder", {**CUSTOMER, "items": [ITEM]}),
        ("AddItem", {"item": ITEM}),
        ("ConfirmPayment", {"paymentId": f"pay-{number}"}),
        ("ShipOrder", {"trackingNumber": f"track-{number}"}),
        ("CompleteOrder", {}),
    )[step]


class Traffic:
    """Sends at a constant rate from a thread of its own; whoever looks for a command gets the next
    one that is sent."""

    def __init__(self, brokers: str, rate: float) -> None:
        self.rate = rate
        self.over = threading.Event()
        self.wanted = threading.Event()
        self.given: queue.SimpleQueue[Sent] = queue.SimpleQueue()
        self.sent = 0
        self.failure: Exception | None = None
        self.producer = Producer(
            {
                "bootstrap.servers": brokers,
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "linger.ms": 0,
                "log_level": 0,  # delivery reports tell what fails
            }
        )
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        began = time.monotonic()
        try:
            for sent in commands():
                if self.over.wait(max(0.0, began + self.sent / self.rate - time.monotonic())):
                    break
                one = sent.command
                self.producer.produce(
                    TOPIC, one.value, one.key, headers=one.headers, on_delivery=sent.report
                )
                self.sent += 1
                if self.wanted.is_set():
                    self.wanted.clear()
                    self.given.put(sent)
                self.producer.poll(0)
        except Exception as failure:  # told by next()
            self.failure = failure

    def next(self) -> Sent:
        """One that is sent now."""
        self.wanted.set()
        try:
            return self.given.get(timeout=VISIBLE_SECONDS)
        except queue.Empty:
            raise Failed(f"nothing is sent: {self.failure}") from None

    def __enter__(self) -> "Traffic":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()
        self.producer.flush(VISIBLE_SECONDS)
        del self.producer  # before its broker goes


class Looker:
    """Asks the query-service for an order until it has a version."""

    def __init__(self, url: str) -> None:
        self.connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)

    def version(self, order: str) -> int:
        """0: it is not there."""
        self.connection.request("GET", f"/api/v1/orders/order/{order}")
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status not in (200, 404):
            raise Failed(f"the query-service answers {answer.status}: {body.decode()[:200]}")
        return int(json.loads(body)["version"]) if answer.status == 200 else 0

    def visible_at(self, sent: Sent) -> float:
        """Seconds since 1970: when the answer that shows it was there."""
        key = sent.command.key or ""
        began = turn = time.monotonic()
        while self.version(key) < sent.version:
            turn = max(turn + POLL_SECONDS, time.monotonic())
            if turn - began > VISIBLE_SECONDS:
                raise Failed(f"{key} has not come to version {sent.version}")
            time.sleep(max(0.0, turn - time.monotonic()))
        return time.time()


@dataclass
class EndToEnd:
    """One run."""

    options: argparse.Namespace
    series: Series = field(default_factory=Series)

    def run(self) -> int:
        machine = report.machine()
        build = command_line.build(self.options.build)
        limits.built("bare_log")
        with Bed(self.options.folder, build, postgres=True) as self.bed:
            for name in NAMES:
                self.bed.start(name)
            self.bed.make_topic("idle-in")
            self.bed.make_topic("idle-out")
            with Traffic(self.bed.brokers, self.options.rate) as traffic:
                looker = Looker(self.bed.services.environment["FOLDSTREAM_QUERY_URL"])
                self.look(traffic, looker, UNMEASURED)
                for _ in range(self.options.rounds):
                    self.round(traffic, looker)
            for _ in range(self.options.rounds):
                self.bare()
        return self.tell(machine)

    def round(self, traffic: Traffic, looker: Looker) -> None:
        before, began = traffic.sent, time.monotonic()
        took = sorted(self.look(traffic, looker, self.options.looks))
        rate = (traffic.sent - before) / (time.monotonic() - began)
        print(f"{rate:.0f} commands/s were sent meanwhile")
        self.series.add(
            p50_ms=took[len(took) // 2], p99_ms=took[len(took) * 99 // 100], max_ms=took[-1]
        )

    def look(self, traffic: Traffic, looker: Looker, count: int) -> list[float]:
        took = []
        with Progress("looking for commands", count) as progress:
            for number in range(count):
                sent = traffic.next()
                visible = looker.visible_at(sent)
                took.append(1000 * visible - sent.when_appended())
                progress.at(number)
        return took

    def bare(self) -> None:
        """When nothing else is under way, as it is elsewhere."""
        found = limits.run("bare_log", "idle", self.bed.brokers, "idle-in", "idle-out",
                           str(self.options.idle), str(BARE_VALUE_BYTES),
                           str(PARTITIONS))  # fmt: skip
        self.series.add(bare_idle_p50_ms=found["idle_p50_ms"])

    def tell(self, machine: dict[str, Any]) -> int:
        of = self.series.median
        print(self.series.table(ROWS))
        names = ("p50_ms", "p99_ms", "bare_idle_p50_ms")
        pairs = [(name, f"{of(name):.2f}") for name in names]
        report.finish(NAME, self.options, machine, self.series, pairs)
        return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = command_line.parser(NAME, __doc__)
    parser.add_argument("--rate", type=float, default=200, help="commands a second")
    parser.add_argument("--looks", type=int, default=1_000, help="commands looked for, each round")
    parser.add_argument("--idle", type=int, default=300, help="commands of bare_log, each round")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(ended(f"bench {NAME}", lambda: EndToEnd(parse(sys.argv[1:])).run()))
