"""The log of orders, watched while it grows."""

from confluent_kafka import OFFSET_BEGINNING, TopicPartition

from foldstream.kafka import record_of
from oracle.bodies import Bodies
from oracle.topics import Log, Topics

TOPIC = "orders.events"
BATCH = 1000


class Watch:
    """look() reads what has come; the logs are its partitions, by number."""

    def __init__(self, brokers: str, bodies: Bodies) -> None:
        self.bodies = bodies
        self.consumer = Topics(brokers).consumer("read_uncommitted")
        known = self.consumer.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
        self.logs = {number: Log(number) for number in sorted(known)}
        self.consumer.assign([TopicPartition(TOPIC, n, OFFSET_BEGINNING) for n in self.logs])

    def look(self) -> None:
        for message in self.consumer.consume(BATCH, timeout=0.1):
            if message.error() is None:
                self.logs[message.partition()].feed(record_of(message))

    def entries(self) -> int:
        return sum(log.validity.sequence for log in self.logs.values())

    def owner(self, partition: int) -> str:
        """Who opened the epoch that is open now."""
        log = self.logs[partition]
        return log.owners.get(log.validity.epoch, "")

    def owners(self) -> set[str]:
        return {self.owner(partition) for partition in self.logs}

    def ignored_of(self, name: str) -> int:
        """Records with entries of a process that do not count."""
        return sum(
            count
            for log in self.logs.values()
            for epoch, count in log.ignored_entries.items()
            if name in log.owners.get(epoch, "")
        )

    def close(self) -> None:
        self.consumer.close()
