"""Where a client by topic hears of outcomes: foldstream.replies, or the log itself."""

import random
import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from typing import Generic, Protocol, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from foldstream import kafka
from foldstream.log import Place, Unreadable
from foldstream.outcome import NOT_FINAL, Outcome, Problem, answer_from, answer_in_log
from foldstream.sender import Headers, Sent
from foldstream.tail import LogEntry, LogTail
from foldstream.v1 import outcome_pb2

REPLIES = "foldstream.replies"
ANSWER_SECONDS = 30
POLL_SECONDS = 0.1
KEPT = 10_000  # answers that nobody has waited for yet, those of other senders included
QUIET_SECONDS = 5.0

Key = TypeVar("Key")
Value = TypeVar("Value")


class Kept(OrderedDict[Key, Value], Generic[Key, Value]):
    """The newest ones."""

    def keep(self, key: Key, value: Value) -> None:
        self[key] = value
        if len(self) > KEPT:
            self.popitem(last=False)


class Answers(Protocol):
    """What a TopicClient asks for. One thread."""

    # How long to wait before the same command had better be sent again.
    quiet_seconds: float

    def prepare(self, domain: str) -> None:
        """Before the first command of a domain is sent."""

    def headers(self, tag: str) -> Headers:
        """What a command carries so that it is answered under this name."""

    def wait(self, sent: Sent, seconds: float) -> Outcome | Problem | None:
        """None when nothing has come in time."""

    def close(self) -> None: ...


class Replies:
    """Best effort: an answer may get lost, then the same command is sent again. Problems have
    their violations."""

    quiet_seconds = QUIET_SECONDS

    def __init__(self, brokers: str, settings: kafka.Settings | None = None) -> None:
        self.brokers, self.settings = brokers, settings
        self.instance = str(uuid.uuid4())
        self.consumer: Consumer | None = None
        self.partition = -1
        self.kept: Kept[str, Outcome | Problem] = Kept()

    def prepare(self, domain: str) -> None:
        """From the end that the replies have now."""
        if self.consumer is not None:
            return
        # Replies are kept for an hour; who was away for longer goes on with the newest.
        mine = {"auto.offset.reset": "latest", "queued.max.messages.kbytes": 1024}
        consumer = kafka.consumer(self.brokers, settings={**mine, **(self.settings or {})})
        self.partition = random.choice(kafka.partitions(consumer, REPLIES))
        place = TopicPartition(REPLIES, self.partition)
        end = consumer.get_watermark_offsets(place, ANSWER_SECONDS)[1]
        consumer.assign([TopicPartition(REPLIES, self.partition, end)])
        self.consumer = consumer

    def headers(self, tag: str) -> Headers:
        address = f"{self.instance}/{tag}"
        return [("reply_partition", str(self.partition)), ("reply_instance", address)]

    def wait(self, sent: Sent, seconds: float) -> Outcome | Problem | None:
        deadline = time.monotonic() + seconds
        while sent.tag not in self.kept and time.monotonic() < deadline:
            self.look(min(POLL_SECONDS, seconds))
        return self.kept.pop(sent.tag, None)

    def look(self, seconds: float) -> None:
        assert self.consumer is not None, "prepare() comes first"
        message = self.consumer.poll(seconds)
        if message is None:
            return
        if (error := message.error()) is not None:
            if error.code() not in (KafkaError._PARTITION_EOF, *kafka.PASSING):
                raise KafkaException(error)
            return
        instance, _, tag = (message.key() or b"").decode(errors="replace").partition("/")
        if instance != self.instance:
            return
        reply = outcome_pb2.CommandOutcome.FromString(message.value() or b"")
        if reply.status not in NOT_FINAL:
            self.kept.keep(tag, answer_from(reply))

    def close(self) -> None:
        if self.consumer is not None:
            self.consumer.close()


class FromLog:
    """As certain as the log: the entry of a command's record is its outcome. Reads a domain's log
    once from its start, or from places that were kept, before anything is sent. The log has no
    violations."""

    quiet_seconds = float("inf")  # what is in the topic is decided

    def __init__(
        self,
        brokers: str,
        places: Mapping[str, Mapping[int, Place]] | None = None,
        settings: kafka.Settings | None = None,
    ) -> None:
        self.brokers, self.kept_places, self.settings = brokers, places or {}, settings
        self.tails: dict[str, LogTail] = {}
        self.decided: Kept[tuple[str, int, int], LogEntry] = Kept()
        self.held: Kept[tuple[str, int, int], tuple[str, int, int]] = Kept()

    def prepare(self, domain: str) -> None:
        if domain not in self.tails:
            places = self.kept_places.get(domain)
            tail = LogTail(self.brokers, domain, places=places, settings=self.settings)
            for _ in tail.entries():
                pass
            self.tails[domain] = tail

    def headers(self, tag: str) -> Headers:
        return []

    def wait(self, sent: Sent, seconds: float) -> Outcome | Problem | None:
        domain = sent.command.domain
        place = (domain, sent.partition, sent.offset)
        deadline = time.monotonic() + seconds
        while place not in self.decided and time.monotonic() < deadline:
            self.look(domain)
        found = self.decided.pop(place, None)
        return self.answer(sent, found) if found is not None else None

    def look(self, domain: str) -> None:
        for partition, judged in self.tails[domain].read():
            for entry in judged.entries:
                self.take(LogEntry.of(domain, partition, entry))

    def take(self, found: LogEntry) -> None:
        """An entry decides the command at an offset, or one that waited since another entry."""
        body, at = found.entry.body, found.position
        kind = body.WhichOneof("input")
        if kind == "command":
            place = (at.domain, at.partition, body.command.offset)
        elif kind == "waiting":
            before = (at.domain, at.partition, body.waiting.sequence)
            if before not in self.held:
                return
            place = self.held.pop(before)
        else:
            return
        if body.outcome in NOT_FINAL:
            self.held.keep((at.domain, at.partition, at.sequence), place)
        else:
            self.decided.keep(place, found)

    def answer(self, sent: Sent, found: LogEntry) -> Outcome | Problem:
        body = found.entry.body
        duplicate = body.outcome == outcome_pb2.OUTCOME_DUPLICATE
        if duplicate:
            found = self.entry(found, body.first)
        return answer_in_log(
            sent.command.command_id, found.position, found.entry.body, duplicate=duplicate
        )

    def entry(self, like: LogEntry, sequence: int) -> LogEntry:
        """That of the same partition with this sequence, read from the log's start."""
        domain, partition = like.position.domain, like.position.partition
        with LogTail(self.brokers, domain, partitions=[partition], settings=self.settings) as tail:
            for found in tail.entries():
                if found.position.sequence == sequence:
                    return found
        raise Unreadable(f"{domain}.events/{partition} has no entry {sequence}")

    def close(self) -> None:
        for tail in self.tails.values():
            tail.close()
