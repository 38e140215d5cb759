"""A test's hands and eyes: single commands, the entries that decide them, claims, metrics."""

import re
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Any

from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from conftest import WAIT_SECONDS
from oracle.bodies import BODIES, outcome_name
from orders import Command, Sender
from processes import wait_for
from services import Service, fetch
from watch import Watch

ITEM = {"productId": "p-1", "name": "lamp", "priceMinor": 1250, "quantity": 2}
CUSTOMER = {"customerName": "Ada", "customerEmail": "ada@example.com"}
Place = tuple[int, int]  # of a command: partition and offset


def create(order_id: str, command_id: str, **more: Any) -> Command:
    body = {"orderId": order_id, **CUSTOMER, "items": [ITEM], **more}
    return Command(command_id, "CreateOrder", order_id, body)


def pay(order_id: str, command_id: str) -> Command:
    return Command(command_id, "ConfirmPayment", order_id, {"orderId": order_id})


class Scene:
    """`with Scene(brokers) as scene: …`; reads the log from its start."""

    def __init__(self, brokers: str) -> None:
        self.brokers = brokers
        self.bodies = BODIES
        self.watch = Watch(brokers, self.bodies)
        self.sender = Sender(brokers)
        self.decided: dict[Place, Any] = {}
        self.seen: Counter[int] = Counter()  # entries of each partition

    def send(self, *commands: Command) -> Place:
        """Proves every delivery; the place of the last one."""
        for command in commands:
            self.sender.send(command)
        self.sender.flush()
        return self.sender.places[-1]

    def look(self) -> None:
        self.watch.look()
        for number, log in self.watch.logs.items():
            for entry in log.entries[self.seen[number] :]:
                if entry.body.WhichOneof("input") == "command":
                    self.decided[number, entry.body.command.offset] = entry.body
            self.seen[number] = len(log.entries)

    def until(self, done: Callable[[], object], seconds: float = WAIT_SECONDS) -> bool:
        """Reads on until it is so."""

        def looked() -> bool:
            self.look()
            return bool(done())

        return wait_for(looked, seconds)

    def entry(self, place: Place, seconds: float = WAIT_SECONDS) -> Any:
        """The decision of the command at a place, waited for."""
        assert self.until(lambda: place in self.decided, seconds), f"{place} has no entry"
        return self.decided[place]

    def said(self, place: Place, seconds: float = WAIT_SECONDS) -> str:
        """accepted, duplicate, or the code of a refusal."""
        entry = self.entry(place, seconds)
        return str(entry.code) or outcome_name(self.bodies, entry.outcome)

    def ask(self, command: Command, seconds: float = WAIT_SECONDS) -> str:
        return self.said(self.send(command), seconds)

    def one_of_each(self, name: str) -> dict[int, str]:
        """A key for each partition: its order is made on the way."""
        keys: dict[int, str] = {}
        number = 0
        while len(keys) < len(self.watch.logs):
            key = f"{name}-{number}"
            keys.setdefault(self.send(create(key, key))[0], key)
            number += 1
        return keys

    def claims(self) -> Counter[int]:
        """Of each partition, those that came too late included."""
        return Counter({number: len(log.claims) for number, log in self.watch.logs.items()})

    def attempts(self) -> int:
        kinds = (
            e.body.WhichOneof("input") for log in self.watch.logs.values() for e in log.entries
        )
        return sum(kind == "attempt" for kind in kinds)

    def __enter__(self) -> "Scene":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.watch.close()


def configure(brokers: str, topic: str, key: str, value: str) -> None:
    """A topic that lives."""
    entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": brokers})
    for done in admin.incremental_alter_configs([resource]).values():
        done.result()


def metric(service: Service, name: str, label: str = "") -> float:
    """The sum over its labels, or over those with this one, such as result="failed"."""
    _, text = fetch(f"http://127.0.0.1:{service.admin_port}/metrics")
    lines = re.findall(rf"^{name}({{[^}}]*}})? ([0-9.eE+-]+)$", text, re.MULTILINE)
    return sum(float(value) for labels, value in lines if label in labels)
