"""What every reader of ours asks of Kafka."""

from collections.abc import Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message

from foldstream.log import Record

Settings = Mapping[str, Any]  # librdkafka's, by their names

# Errors after which the client goes on by itself.
PASSING = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE)
METADATA_SECONDS = 10


def passes(error: KafkaException) -> bool:
    """Whether it is worth to ask again."""
    code = error.args[0].code()
    return code in (*PASSING, KafkaError._TIMED_OUT, KafkaError.LEADER_NOT_AVAILABLE)


def consumer(
    brokers: str, isolation: str = "read_uncommitted", settings: Settings | None = None
) -> Consumer:
    """For partitions that are assigned by hand, each from an explicit offset: one that is not there
    any more is an error, because no record may be left out."""
    ours = {
        "bootstrap.servers": brokers,
        "group.id": "foldstream-reader",  # never joined
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
        "isolation.level": isolation,
        "check.crcs": True,
        "fetch.wait.max.ms": 20,
        "enable.partition.eof": True,
        "log_level": 0,  # errors come as events
    }
    return Consumer({**ours, **(settings or {})})


def partitions(client: Consumer, topic: str) -> list[int]:
    known = client.list_topics(topic, timeout=METADATA_SECONDS).topics[topic]
    if known.error is not None:
        raise KafkaException(known.error)
    return sorted(known.partitions)


def record_of(message: Message) -> Record:
    headers = tuple((name, value or b"") for name, value in message.headers() or ())
    value = message.value() or b""
    return Record(message.offset(), message.timestamp()[1], message.key(), value, headers)
