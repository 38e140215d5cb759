"""A log that nobody of ours wrote, but every reader counts: claims and entries, rightly framed."""

import uuid
from collections.abc import Sequence
from typing import Any

from confluent_kafka import Producer

from make_frames import CLAIM, ENTRIES, ident, record
from oracle.bodies import Bodies
from oracle.topics import Log, Topics

TOPIC = "orders.events"
WAIT_SECONDS = 60
Headers = Sequence[tuple[str, bytes]]


class Forged:
    """Goes on behind what the partition of the log has now."""

    def __init__(self, brokers: str, bodies: Bodies, partition: int) -> None:
        self.bodies, self.partition = bodies, partition
        topics = Topics(brokers)
        consumer = topics.consumer("read_uncommitted")
        self.partitions = len(topics.partitions(consumer, TOPIC))
        consumer.close()
        self.log = Log(partition)
        for one in topics.read(TOPIC, "read_uncommitted")[partition]:
            self.log.feed(one)
        validity = self.log.validity
        self.epoch, self.sequence, self.link = validity.epoch, validity.sequence, validity.link
        self.producer = Producer({"bootstrap.servers": brokers})

    def claim(self, owner: str, headers: Headers = ()) -> None:
        claim = self.bodies.log.Claim(nonce=uuid.uuid4().bytes, owner=owner)
        claim.partition_counts.add(domain="orders", partitions=self.partitions)
        self.epoch += 1
        self.append(record(CLAIM, self.epoch, body=claim.SerializeToString()), headers)

    def entries(self, *entries: Any, headers: Headers = ()) -> None:
        body = self.bodies.log.Entries(entries=entries).SerializeToString()
        first = self.sequence + 1
        self.append(record(ENTRIES, self.epoch, first, self.link, len(entries), body), headers)
        self.sequence += len(entries)

    def append(self, value: bytes, headers: Headers = ()) -> None:
        self.producer.produce(TOPIC, value, partition=self.partition, headers=list(headers))
        assert self.producer.flush(WAIT_SECONDS) == 0
        self.link = ident(value)
