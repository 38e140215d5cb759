"""The peer of ./dev bench projection: finished rows from a topic into the projector's own table, as
a worker in Python is written with care. One process, one connection; of each key of a batch only
the newest row is decoded and sent; one statement over unnest, and the checkpoint in the same
transaction. The arrays are made here: psycopg's own lists take three times as long in binary form,
and twenty times as text.

worker.py BROKERS TOPIC GROUP POSTGRES_URL ROWS_IN_ALL; prints what it did as figures.
"""

import sys
import time
from collections.abc import Iterable
from operator import itemgetter
from typing import Any

import orjson
import psycopg
from confluent_kafka import Consumer, KafkaException, Message

BATCH = 5_000
TABLE = "read_gen.orders_g1"
TYPES = {
    **dict.fromkeys(
        ("order_id", "customer_id", "customer_name", "customer_email", "status", "currency"), "text"
    ),
    "total_minor": "int8",
    "item_count": "int4",
    "items": "text",
    **dict.fromkeys(("shipping_address", "payment_id", "tracking_number", "cancel_reason"), "text"),
    "version": "int8",
    "created_at": "timestamptz",
    "updated_at": "timestamptz",
    "_partition": "int2",
    "_bucket": "int2",
    "_version": "int8",
    "_sequence": "int8",
    "_digest": "bytea",
}
CHECKPOINT = """INSERT INTO bench.checkpoint (partition, next_offset)
SELECT * FROM unnest(%s::int4[], %s::int8[])
ON CONFLICT (partition) DO UPDATE SET next_offset = excluded.next_offset"""


def upsert() -> str:
    names = ", ".join(TYPES)
    arrays = ", ".join(f"%s::{kind}[]" for kind in TYPES.values())
    selected = ", ".join(f"u.{name}::jsonb" if name == "items" else f"u.{name}" for name in TYPES)
    fixed = ("order_id", "_partition", "_bucket")
    changed = ", ".join(f"{name} = excluded.{name}" for name in TYPES if name not in fixed)
    return (
        f"INSERT INTO {TABLE} ({names}) SELECT {selected} FROM unnest({arrays}) AS u({names}) "
        f"ON CONFLICT (order_id) DO UPDATE SET {changed}"
    )


def escaped(text: str) -> str:
    if "\\" in text or '"' in text:
        return text.replace("\\", "\\\\").replace('"', '\\"')
    return text


def array(column: tuple[Any, ...]) -> str:
    """A Postgres array literal."""
    if isinstance(column[0], str):
        return '{"' + '","'.join([escaped(text) for text in column]) + '"}'
    return "{" + ",".join(map(str, column)) + "}"


class Worker:
    def __init__(self, brokers: str, topic: str, group: str, url: str) -> None:
        self.connection = psycopg.connect(url)
        self.connection.execute("SET synchronous_commit = off")
        self.connection.commit()
        self.upsert = upsert()
        self.columns = itemgetter(*TYPES)
        self.rows = self.batches = 0
        self.consumer = Consumer(
            {
                "bootstrap.servers": brokers,
                "group.id": group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "queued.max.messages.kbytes": 65_536,
                "fetch.wait.max.ms": 10,
            }
        )
        self.consumer.subscribe([topic])

    def run(self, total: int) -> float:
        """Seconds from the first rows that came to the last commit."""
        done, began = 0, 0.0
        while done < total:
            messages = self.consumer.consume(min(BATCH, total - done), timeout=1)
            if messages:
                began = began or time.monotonic()
                self.apply(messages)
                done += len(messages)
        return time.monotonic() - began

    def apply(self, messages: Iterable[Message]) -> None:
        newest, offsets = {}, {}
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
            newest[message.key()] = message
            offsets[message.partition()] = message.offset()
        rows = [self.columns(orjson.loads(message.value())) for message in newest.values()]
        with self.connection.cursor() as cursor:
            cursor.execute(self.upsert, [*map(array, zip(*rows, strict=True))], prepare=True)
            cursor.execute(
                CHECKPOINT, (list(offsets), [at + 1 for at in offsets.values()]), prepare=True
            )
        self.connection.commit()
        self.rows += len(rows)
        self.batches += 1

    def close(self) -> None:
        self.consumer.close()
        self.connection.close()


def main() -> None:
    brokers, topic, group, url, total = sys.argv[1:]
    worker = Worker(brokers, topic, group, url)
    seconds = worker.run(int(total))
    print(f"worker: seconds={seconds:.6f} rows={worker.rows} batches={worker.batches}")
    worker.close()


if __name__ == "__main__":
    main()
