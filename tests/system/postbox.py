"""Answers that senders by topic ask for."""

from typing import Any

from confluent_kafka import TopicPartition

from conftest import WAIT_SECONDS
from oracle.answers import Answer, answer_of
from oracle.topics import Topics
from orders import Command
from processes import wait_for
from scene import Scene

REPLIES = "foldstream.replies"
MINE = 2


def asks(command: Command, partition: int = MINE) -> Command:
    to = (("reply_partition", str(partition).encode()), ("reply_instance", b"mine"))
    more = (*command.attributes, *to)
    return Command(
        command.command_id, command.type, command.key, command.body, command.raw, attributes=more
    )


class Postbox:
    """Those in one partition of foldstream.replies that are for "mine"."""

    def __init__(self, scene: Scene) -> None:
        self.bodies = scene.bodies
        self.consumer = Topics(scene.brokers).consumer("read_uncommitted")
        self.consumer.assign([TopicPartition(REPLIES, MINE, 0)])
        self.outcomes: list[Any] = []  # foldstream.v1.CommandOutcome
        self.got: list[Answer] = []

    def wait(self, count: int) -> list[Answer]:
        """Until so many have come in all."""

        def come() -> bool:
            for message in self.consumer.consume(100, timeout=0.1):
                if message.error() is None and message.key() == b"mine":
                    outcome = self.bodies.outcome.CommandOutcome.FromString(message.value())
                    at = message.timestamp()[1]
                    self.outcomes.append(outcome)
                    self.got.append({**answer_of(outcome, self.bodies), "answeredAtMs": at})
            return len(self.got) >= count

        assert wait_for(come, WAIT_SECONDS), f"{len(self.got)} of {count} answers"
        return self.got
