"""Order commands as clients send them: made from a seed, sent by topic in CloudEvents binary mode.
The demo and the tests under load share them."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from paths import Failed

TOPIC = "orders.commands"
TYPES = "foldstream.orders.v1."
OPEN_ORDERS = 200
CUSTOMERS = 300
PRODUCTS = ("lamp", "desk", "chair", "shelf", "mug", "rug", "clock", "vase")
CURRENCIES = ("USD", "USD", "USD", "EUR")
FLUSH_SECONDS = 60


@dataclass(frozen=True)
class Command:
    """A command record; `body` goes out as JSON, `raw` as it is. Without a key the broker's client
    chooses the partition. `attributes` are more headers."""

    command_id: str
    type: str
    key: str | None
    body: dict[str, Any]
    raw: bytes | None = None
    attributes: tuple[tuple[str, bytes], ...] = ()

    @property
    def value(self) -> bytes:
        return self.raw if self.raw is not None else json.dumps(self.body).encode()

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        return [
            ("ce_specversion", b"1.0"),
            ("ce_id", self.command_id.encode()),
            ("ce_source", b"/demo"),
            ("ce_type", (TYPES + self.type).encode()),
            ("content-type", b"application/json"),
            *self.attributes,
        ]


@dataclass
class Script:
    """What will happen to one order, step by step."""

    order_id: str
    steps: list[tuple[str, dict[str, Any]]]


@dataclass
class Orders:
    """Many orders at once: each command is the next step of one of them, some come twice, some are
    wrong. The same seed and name give the same commands."""

    name: str
    seed: int = 1
    made: int = 0
    numbered: int = 0
    open: list[Script] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def commands(self, count: int) -> Iterator[Command]:
        """`count` records, doubled ones included."""
        sent: list[Command] = []
        for _ in range(count):
            if sent and self.random.random() < 0.03:
                yield self.random.choice(sent[-50:])
                continue
            command = self.wrong() if self.random.random() < 0.03 else self.next_step()
            sent.append(command)
            yield command

    def command(self, kind: str, order_id: str, raw: bytes | None = None, **body: Any) -> Command:
        self.numbered += 1
        command_id = f"{self.name}-{self.numbered}"
        return Command(command_id, kind, order_id, {"orderId": order_id, **body}, raw)

    def next_step(self) -> Command:
        while len(self.open) < OPEN_ORDERS:
            self.open.append(self.script())
        script = self.random.choice(self.open)
        kind, body = script.steps.pop(0)
        if not script.steps:
            self.open.remove(script)
        return self.command(kind, script.order_id, **body)

    def wrong(self) -> Command:
        """Refused, each for its own reason."""
        nobody = f"{self.name}-nobody-{self.numbered}"
        good = self.customer()
        return self.random.choice(
            (
                self.command("ShipOrder", nobody, trackingNumber="T-0"),
                self.command("CreateOrder", nobody, **good, items=[]),
                self.command("CreateOrder", nobody, **good, items=[self.item(quantity=0)]),
                self.command("CreateOrder", nobody, **good, nonsense=True),
                self.command("CreateOrder", nobody, raw=b'{"orderId":'),
            )
        )

    def item(self, **other: Any) -> dict[str, Any]:
        product = self.random.choice(PRODUCTS)
        made = {
            "productId": f"p-{product}",
            "name": product,
            "priceMinor": self.random.randrange(100, 50_000),
            "quantity": self.random.randrange(1, 5),
        }
        return made | other

    def customer(self) -> dict[str, Any]:
        number = int(self.random.paretovariate(1.1)) % CUSTOMERS
        name = f"Customer {number}"
        return {"customerName": name, "customerEmail": f"customer{number}@example.com"}

    def script(self) -> Script:
        self.made += 1
        draw = self.random.random
        items = [self.item() for _ in range(self.random.randrange(1, 4))]
        created = {
            **self.customer(),
            "items": items,
            "currency": self.random.choice(CURRENCIES),
            "shippingAddress": f"{self.made} Main Street",
        }
        steps: list[tuple[str, dict[str, Any]]] = [("CreateOrder", created)]
        if draw() < 0.5:
            steps.append(("AddItem", {"item": self.item(itemId="extra")}))
            if draw() < 0.4:
                steps.append(("RemoveItem", {"itemId": "extra"}))
        if draw() < 0.1:
            steps.append(("ShipOrder", {"trackingNumber": "too-early"}))
        ends = ("stays", "cancelled", "paid", "shipped", "completed", "deleted")
        end = self.random.choices(ends, (10, 10, 15, 20, 40, 5))[0]
        onward = [
            ("ConfirmPayment", {"paymentId": f"pay-{self.made}"}),
            ("ShipOrder", {"trackingNumber": f"track-{self.made}"}),
            ("CompleteOrder", {}),
        ]
        if end in ends[2:5]:
            steps += onward[: ends.index(end) - 1]
            if draw() < 0.1:
                steps.append(("AddItem", {"item": self.item()}))
        elif end == "cancelled":
            steps.append(("CancelOrder", {"reason": "changed my mind"}))
        elif end == "deleted":
            steps.append(("DeleteOrder", {}))
        return Script(f"{self.name}-order-{self.made}", steps)


class Sender:
    """Sends commands and counts those whose delivery is proved. One thread."""

    def __init__(self, brokers: str) -> None:
        self.delivered = 0
        self.places: list[tuple[int, int]] = []
        self.failure: KafkaError | None = None
        self.producer = Producer(
            {
                "bootstrap.servers": brokers,
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "linger.ms": 1,
                "log_level": 0,  # delivery reports tell what fails
            }
        )

    def send(self, command: Command) -> None:
        self.producer.produce(
            TOPIC, command.value, command.key, headers=command.headers, on_delivery=self.report
        )
        self.producer.poll(0)

    def report(self, error: KafkaError | None, message: Message) -> None:
        offset = message.offset()
        if error is not None or offset is None or offset < 0:  # no offset is no proof
            self.failure = error or KafkaError(KafkaError._FAIL)
            return
        self.delivered += 1
        self.places.append((message.partition(), offset))

    def send_all(
        self, commands: Sequence[Command], sent: Callable[[int], None] = lambda n: None
    ) -> None:
        for number, command in enumerate(commands, 1):
            self.send(command)
            sent(number)
        self.flush()

    def flush(self) -> None:
        left = self.producer.flush(FLUSH_SECONDS)
        if left or self.failure:
            reason = self.failure.str() if self.failure else "no answer from the broker"
            raise Failed(f"commands could not be delivered: {reason}")
