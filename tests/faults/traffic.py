"""Order commands without an end, as careful and careless clients send them, and the answers that
they got."""

import json
import random
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaError, Message, TopicPartition

from oracle.answers import Answer, answer_of
from oracle.bodies import Bodies
from oracle.topics import Topics
from orders import TYPES, Command, Orders, Sender

REPLIES = "foldstream.replies"
INSTANCE = "traffic"
CHUNKS_A_SECOND = 10
REMEMBERED = 3000
POLL_SECONDS = 0.2
END_SECONDS = 30


@dataclass(frozen=True)
class Bare(Command):
    """A record without headers: `raw` is all that it says."""

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        return []


class Clients:
    """Makes commands: steps of orders, and now and then one that was sent long ago, one whose id is
    another's, a create without an id, a version that is wrong, a dry run, a packed one, junk. All
    but junk ask for a reply."""

    def __init__(self, name: str, seed: int, partitions: int, bodies: Bodies) -> None:
        self.orders, self.partitions, self.bodies = Orders(name, seed), partitions, bodies
        self.random = random.Random(f"{seed}/clients")
        self.sent: deque[Command] = deque(maxlen=REMEMBERED)

    def commands(self, count: int) -> list[Command]:
        return [self.variation(command) for command in self.orders.commands(count)]

    def variation(self, command: Command) -> Command:
        draw = self.random.random()
        attributes: tuple[tuple[str, bytes], ...] = ()
        if self.sent and draw < 0.05:
            return self.random.choice(self.sent)
        if self.sent and draw < 0.06:
            other = self.random.choice(self.sent)
            if other.type != "CancelOrder" and other.key is not None:
                body = {"orderId": other.key, "reason": "reused"}
                command = Command(other.command_id, "CancelOrder", other.key, body)
        elif draw < 0.07 and command.type == "CreateOrder" and command.raw is None:
            body = {name: value for name, value in command.body.items() if name != "orderId"}
            command = Command(command.command_id, command.type, None, body)
        elif draw < 0.10:
            attributes = (("expected_version", str(self.random.randrange(3)).encode()),)
        elif draw < 0.11:
            attributes = (("dry_run", b"true"),)
        made = self.addressed(command, attributes)
        if 0.11 <= draw < 0.16:
            made = self.packed(made)
        elif 0.16 <= draw < 0.17:
            made = Bare("", "", made.key, {}, self.random.randbytes(self.random.randrange(200)))
        self.sent.append(made)
        return made

    def addressed(self, command: Command, attributes: tuple[tuple[str, bytes], ...]) -> Command:
        reply = (
            ("reply_partition", str(self.random.randrange(self.partitions)).encode()),
            ("reply_instance", INSTANCE.encode()),
        )
        fields = (command.command_id, command.type, command.key, command.body, command.raw)
        return Command(*fields, (*attributes, *reply))

    def packed(self, command: Command) -> Command:
        made = self.bodies.command.Command(
            command_id=command.command_id,
            type=TYPES + command.type,
            content_type=self.bodies.command.CONTENT_TYPE_JSON,
            value=command.value,
        )
        made.reply.partition = self.random.randrange(self.partitions)
        made.reply.instance = INSTANCE
        fields = (command.command_id, command.type, command.key, command.body)
        return Bare(*fields, made.SerializeToString(deterministic=True))


class Patient(Sender):
    """A sender that goes on when a delivery is not proved: whether it arrived is for the log to
    say."""

    unproved = 0

    def report(self, error: KafkaError | None, message: Message) -> None:
        super().report(error, message)
        self.unproved += self.failure is not None
        self.failure = None


class Traffic:
    """`start()` … `finish()`: sends from a thread of its own."""

    def __init__(self, brokers: str, clients: Clients, a_second: int) -> None:
        self.brokers, self.clients = brokers, clients
        self.sender = Patient(brokers)
        self.a_chunk = max(1, a_second // CHUNKS_A_SECOND)
        self.over = threading.Event()
        self.failure: Exception | None = None
        self.thread = threading.Thread(target=self.run, name="traffic")

    def start(self) -> None:
        self.thread.start()

    def run(self) -> None:
        try:
            while not self.over.wait(1 / CHUNKS_A_SECOND):
                for command in self.clients.commands(self.a_chunk):
                    self.send(command)
                self.sender.producer.poll(0)
            self.sender.flush()
        except Exception as failure:  # told by finish()
            self.failure = failure

    def send(self, command: Command) -> None:
        """Slows down while the broker is away."""
        while True:
            try:
                self.sender.send(command)
                return
            except BufferError:
                self.sender.producer.poll(POLL_SECONDS)

    @property
    def sent(self) -> int:
        return self.sender.delivered

    def finish(self) -> None:
        self.over.set()
        self.thread.join()
        if self.failure is not None:
            raise self.failure


class Replies:
    """Everything that comes through foldstream.replies, into a file of answers, from a thread of
    its own."""

    def __init__(self, brokers: str, bodies: Bodies, file: Path) -> None:
        self.bodies, self.file = bodies, file
        self.topics = Topics(brokers)
        self.consumer = self.topics.consumer("read_uncommitted")
        self.partitions = len(self.topics.partitions(self.consumer, REPLIES))
        self.seen = 0
        self.problems: list[str] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, name="replies")

    def start(self) -> None:
        self.thread.start()

    def run(self) -> None:
        places = [TopicPartition(REPLIES, n, 0) for n in range(self.partitions)]
        self.consumer.assign(places)
        read = dict.fromkeys(range(self.partitions), 0)
        ends: dict[int, int] = {}
        with self.file.open("w") as out:
            while any(read[number] < end for number, end in ends.items()) or not ends:
                message = self.consumer.poll(POLL_SECONDS)
                if message is not None and message.error() is None:
                    read[message.partition()] = message.offset() + 1
                    out.write(json.dumps(self.take(message)) + "\n")
                if self.over.is_set() and not ends:
                    ends = {p.partition: self.end(p) for p in places}

    def end(self, place: TopicPartition) -> int:
        return int(self.consumer.get_watermark_offsets(place, END_SECONDS)[1])

    def take(self, message: Message) -> Answer:
        self.seen += 1
        if message.key() != INSTANCE.encode():
            self.problems.append(f"a reply for {message.key()!r}, who asked for none")
        outcome = self.bodies.outcome.CommandOutcome.FromString(message.value() or b"")
        return {**answer_of(outcome, self.bodies), "answeredAtMs": message.timestamp()[1]}

    def finish(self) -> None:
        """Reads to the end first."""
        self.over.set()
        self.thread.join()
        self.consumer.close()
