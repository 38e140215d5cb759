"""The table of records, sent, and what became of them."""

import time
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, KafkaError, Message, Producer, TopicPartition
from google.protobuf.message import DecodeError

from conftest import WAIT_SECONDS
from foldstream.log import Record
from hostile.records import MISROUTED, REPLIES_TO, attacks, instance
from oracle.topics import Topics
from processes import wait_for
from scene import Place, Scene, create

COMMANDS, REPLIES = "orders.commands", "foldstream.replies"
FORGED_TICKETS = 400
FORGED_ROUNDS = 75
AN_HOUR = 3_600


class TopicAttacks:
    """send() all, hear() the replies, then problems() says where log or reply are not as due."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.attacks = attacks()
        self.elsewhere = (scene.send(create(MISROUTED, MISROUTED))[0] + 1) % len(scene.watch.logs)
        self.places: dict[int, Place] = {}
        self.found: list[str] = []
        self.outcomes: dict[str, Any] = {}

    def send(self) -> None:
        """Each one in a batch of its own, as the largest ones must be."""
        producer = Producer(
            {
                "bootstrap.servers": self.scene.brokers,
                "partitioner": "murmur2_random",
                "message.max.bytes": 2 * 1024 * 1024,
                "batch.num.messages": 1,
                "log_level": 0,
            }
        )
        for number, attack in enumerate(self.attacks):
            value, headers = attack.record(number)

            def report(error: KafkaError | None, message: Message, number: int = number) -> None:
                partition, offset = message.partition(), message.offset()
                if error is not None or partition is None or offset is None:
                    self.found.append(f"{self.attacks[number].name}: not delivered: {error}")
                else:
                    self.places[number] = (partition, offset)

            to = {"partition": self.elsewhere} if attack.misrouted else {}
            producer.produce(
                COMMANDS, value, attack.key_of(number), headers=headers, on_delivery=report, **to
            )
            producer.poll(0)
        assert producer.flush(WAIT_SECONDS) == 0

    def hear(self) -> None:
        consumer = Topics(self.scene.brokers).consumer("read_uncommitted")
        consumer.assign([TopicPartition(REPLIES, REPLIES_TO, OFFSET_BEGINNING)])
        due = sum(self.attacks[number].is_answered for number in self.places)

        def come() -> bool:
            for message in consumer.consume(500, timeout=0.1):
                key = (message.key() or b"").decode(errors="replace")
                if message.error() is None and key.startswith(instance("")):
                    outcome = self.scene.bodies.outcome.CommandOutcome
                    self.outcomes[key] = outcome.FromString(message.value())
            return len(self.outcomes) >= due

        wait_for(come, WAIT_SECONDS)
        consumer.close()

    def problems(self) -> list[str]:
        for number, place in self.places.items():
            attack = self.attacks[number]
            entry = self.scene.decided.get(place) or self.scene.entry(place)
            is_accepted = entry.outcome == self.scene.bodies.outcome.OUTCOME_ACCEPTED
            if (entry.code, is_accepted) != (attack.code, attack.code == ""):
                self.found.append(f"{attack.name}: the entry says {entry.outcome} {entry.code!r}")
            if entry.command.HasField("source"):
                self.found.append(f"{attack.name}: it is taken for a relayed one")
            if entry.principal:
                self.found.append(f"{attack.name}: it is {entry.principal!r} who asked")
            if entry.aggregate_id and abs(entry.time_ms / 1000 - time.time()) > AN_HOUR:
                self.found.append(f"{attack.name}: it was at {entry.time_ms} ms")
            if attack.is_answered:
                self.look_at_reply(number)
        return self.found

    def look_at_reply(self, number: int) -> None:
        attack = self.attacks[number]
        outcome = self.outcomes.get(instance(number))
        if outcome is None:
            return self.found.append(f"{attack.name}: no reply")
        violations = outcome.problem.violations
        fields = tuple(one.field for one in violations)
        if (outcome.problem.code, fields) != (attack.code, attack.fields):
            self.found.append(f"{attack.name}: the reply says {outcome.problem.code} of {fields}")
        if not all(one.message for one in violations):
            self.found.append(f"{attack.name}: a violation says nothing")


def forge_replies(scene: Scene) -> int:
    """Answers to what a gateway's clients will be waiting for next, under its own name, which
    whoever reads the commands knows; how many."""
    records = Topics(scene.brokers).read(COMMANDS, "read_committed").values()
    addresses = [address for some in records for one in some if (address := asked_by(scene, one))]
    newest = max(addresses, key=lambda address: int(address.instance.rpartition(":")[2]))
    name, _, last = newest.instance.rpartition(":")
    producer = Producer({"bootstrap.servers": scene.brokers, "log_level": 0})
    outcome = scene.bodies.outcome.CommandOutcome(
        command_id="forged", status=scene.bodies.outcome.OUTCOME_ACCEPTED, aggregate_id="forged"
    ).SerializeToString()
    for _ in range(FORGED_ROUNDS):
        for ticket in range(int(last), int(last) + FORGED_TICKETS):
            producer.produce(REPLIES, outcome, f"{name}:{ticket}", newest.partition)
            producer.poll(0)
        assert producer.flush(WAIT_SECONDS) == 0
    return FORGED_ROUNDS * FORGED_TICKETS


def asked_by(scene: Scene, record: Record) -> Any:
    """The reply address of a gateway's command, or None."""
    if record.headers:
        return None
    try:
        packed = scene.bodies.command.Command.FromString(record.value)
    except DecodeError:
        return None
    return packed.reply if packed.reply.instance.startswith("gateway-") else None
