"""A partition stands still, loudly, when its topics are not those that were there before; foldctl
partitions is the way out that its message names."""

import json
import shutil
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from conftest import WAIT_SECONDS, Stack
from forged import Forged
from oracle.bodies import BODIES
from oracle.topics import Topics, read_logs
from processes import wait_for
from services import Service

ORDER = {
    "orderId": "still-1",
    "customerName": "Ada",
    "customerEmail": "ada@example.com",
    "items": [{"productId": "p-1", "name": "lamp", "priceMinor": 1250, "quantity": 2}],
}
ID = {"orderId": "still-1"}


@pytest.fixture
def service(stack: Stack) -> Service:
    return stack.start("command-service")


def send(stack: Stack, command: str, body: dict[str, Any], *more: str) -> Any:
    return json.loads(stack.foldctl("send", "orders", command, json.dumps(body), *more))


def delete_topic(stack: Stack, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": stack.brokers})
    admin.delete_topics([topic])[topic].result()
    assert wait_for(lambda: topic not in admin.list_topics(timeout=10).topics, WAIT_SECONDS)


def recreate(stack: Stack, topic: str) -> None:
    delete_topic(stack, topic)
    stack.foldctl("topics", "apply")


class Saying:
    """What the service's log says from now on of partitions that stand still."""

    def __init__(self, service: Service) -> None:
        self.log = service.process.log
        self.before = len(self.log.read_bytes())

    def stops(self) -> dict[int, str]:
        """Partition and message."""
        lines = self.log.read_bytes()[self.before :].decode().splitlines()
        said = [json.loads(line) for line in lines if line.endswith("}")]
        return {one["partition"]: one["msg"] for one in said if "stands still" in one["msg"]}


def stands_still(service: Service, partitions: list[int], way_out: str) -> str:
    """Starts it: it must not get ready, and say what to do. The first partition's message."""
    saying = Saying(service)
    service.start(wait=False)
    everyone = set(partitions)
    assert wait_for(lambda: set(saying.stops()) == everyone, WAIT_SECONDS), saying.stops()
    assert not service.ready()
    assert all(way_out in message for message in saying.stops().values())
    service.stop()
    return saying.stops()[partitions[0]]


def adopt(stack: Stack, partition: int, next_offset: str) -> Any:
    words = ("orders", str(partition), "--next-offset", next_offset, "--why", "a test did it")
    stack.foldctl("partitions", "adopt", *words, fails=True)  # nobody can be asked here
    return json.loads(stack.foldctl("--json", "partitions", "adopt", *words, "--yes"))


def partition_of(outcome: Any) -> int:
    return int(outcome["position"].split(":")[1])


def test_a_commands_topic_that_was_recreated_is_adopted(stack: Stack, service: Service) -> None:
    created = send(stack, "CreateOrder", ORDER)
    partition = partition_of(created)
    service.stop()
    recreate(stack, "orders.commands")
    send(stack, "ConfirmPayment", ID, "--wait", "0", "--id", "before-the-word")
    message = stands_still(service, [partition], "foldctl partitions adopt")
    assert "the commands topic was recreated" in message

    adopted = adopt(stack, partition, "begin")
    assert (adopted["nextOffset"], adopted["nextOffsetBefore"]) == (0, 1)
    assert adopted["lastCommand"] == "another"
    service.start()
    shipped = send(stack, "ShipOrder", ID | {"trackingNumber": "T-1"})
    assert shipped["version"] == 3  # the payment was decided before it
    log = read_logs(Topics(stack.brokers), "orders.events")[partition]
    (claim,) = [one.body for one in log.openings if one.body.HasField("adoption")]
    assert claim.owner.startswith("foldctl adopt ")
    assert (claim.adoption.next_offset, claim.adoption.why) == (0, "a test did it")
    assert claim.adoption.who in claim.owner


def test_commands_that_were_deleted_unread_are_left_behind(stack: Stack, service: Service) -> None:
    created = send(stack, "CreateOrder", ORDER)
    partition = partition_of(created)
    service.stop()
    for number in range(3):
        send(stack, "CancelOrder", ID, "--wait", "0", "--id", f"lost-{number}")
    send(stack, "ConfirmPayment", ID, "--wait", "0", "--id", "kept")
    admin = AdminClient({"bootstrap.servers": stack.brokers})
    place = TopicPartition("orders.commands", partition, 4)
    admin.delete_records([place])[place].result()
    message = stands_still(service, [partition], "foldctl partitions adopt")
    assert "it was deleted before it was read" in message

    adopted = adopt(stack, partition, "begin")
    assert (adopted["nextOffset"], adopted["topicBegin"], adopted["topicEnd"]) == (4, 4, 5)
    assert adopted["lastCommand"] == "deleted"
    service.start()
    assert send(stack, "ShipOrder", ID | {"trackingNumber": "T-1"})["version"] == 3
    assert send(stack, "ConfirmPayment", ID, "--id", "kept")["duplicate"]


def test_an_adoption_while_an_owner_decides_goes_through(stack: Stack, service: Service) -> None:
    created = send(stack, "CreateOrder", ORDER)
    partition = partition_of(created)
    saying = Saying(service)
    words = ("orders", str(partition), "--next-offset", "end", "--why", "a test did it", "--yes")
    text = stack.foldctl("partitions", "adopt", *words)
    assert "the topic has it there" in text
    assert send(stack, "ConfirmPayment", ID, "--wait", "30")["version"] == 2
    assert service.ready()
    stack.foldctl("partitions", "adopt", *words[:3], "99", *words[4:], fails=True)
    assert not saying.stops()


@pytest.mark.parametrize("snapped", [False, True])
def test_a_log_that_grew_again_with_other_entries_is_reset(
    stack: Stack, service: Service, snapped: bool
) -> None:
    created = send(stack, "CreateOrder", ORDER)
    partition = partition_of(created)
    one = ("--partition", str(partition))
    if snapped:
        stack.foldctl("snapshots", "create", "orders", *one)
    service.stop()
    recreate(stack, "orders.events")
    bodies = BODIES
    forged = Forged(stack.brokers, bodies, partition)
    forged.claim("somebody else")
    for _ in range(7):
        forged.entries(bodies.log.Entry(tick=bodies.log.TickInput(), next_offset=1))
    others = [n for n in range(forged.partitions) if n != partition]
    stands_still(service, [partition, *others], "foldctl partitions reset")

    def reset(number: int) -> Any:
        words = ("orders", str(number), "--why", "a test did it")
        stack.foldctl("partitions", "reset", *words, fails=True)  # nobody can be asked here
        return json.loads(stack.foldctl("--json", "partitions", "reset", *words, "--yes"))

    done = reset(partition)
    assert done["log"] == {"offset": 7, "epoch": 1, "sequence": 7}
    assert (done["snapshotsRelyOn"] is not None, done["logHasIt"]) == (snapped, not snapped)
    assert (done["deletedKeys"] > 0) is snapped
    assert [reset(number)["log"] for number in others] == [None] * len(others)
    service.start()
    fresh = send(stack, "CreateOrder", ORDER, "--id", "anew")
    assert (fresh["version"], fresh["duplicate"]) == (1, False)
    if snapped:
        # What is written from now on counts, and what was written before never again.
        stack.foldctl("snapshots", "create", "orders", *one)
        counted = json.loads(stack.foldctl("--json", "snapshots", "count", "orders", *one))
        assert counted["partitions"][0]["marker"]["valid"]
        service.stop()
        shutil.rmtree(stack.services.store_of(service.name))
        service.start()
        assert send(stack, "ConfirmPayment", ID)["version"] == 2
