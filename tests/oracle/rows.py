"""The read models and their checkpoints, by SQL of our own, in one snapshot."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from foldstream.log import Place

ORDERS = """
SELECT order_id, customer_id, customer_name, customer_email, status, currency, total_minor,
       item_count, items, shipping_address, payment_id, tracking_number, cancel_reason, version,
       round(extract(epoch FROM created_at) * 1000)::int8 AS created_at,
       round(extract(epoch FROM updated_at) * 1000)::int8 AS updated_at, _partition, _sequence
FROM read.orders"""
SUMMARY = """
SELECT status, currency, orders::int8, revenue_minor::numeric, average_minor::numeric
FROM read.order_summary"""
CUSTOMERS = """
SELECT customer_id, currency, customer_name, customer_email, orders::int8, spent_minor::numeric,
       round(extract(epoch FROM last_order_at) * 1000)::int8 AS last_order_at
FROM read.customers"""
CHECKPOINTS = """
SELECT c.partition, c.record_offset, c.epoch, c.sequence, c.link, c.stopped
FROM foldstream.checkpoint c
JOIN foldstream.projection p ON p.name = c.projection AND p.active_generation = c.generation
WHERE p.name = 'orders'"""
GENERATION = "SELECT active_generation FROM foldstream.projection WHERE name = 'orders'"
VECTORS = """
SELECT partition, digests FROM foldstream.checkpoint
WHERE projection = 'orders' AND generation = %s AND digests IS NOT NULL"""
DIGESTS = "SELECT _partition, _bucket, _digest FROM read_gen.orders_g{generation}"
SEARCH = """
SELECT order_id, o.order_id IS NULL AS dangling
FROM read.orders o FULL JOIN read.orders_search s USING (order_id)
WHERE o.order_id IS NULL OR s.order_id IS NULL"""
BUCKETS = 64
Buckets = dict[tuple[int, int], tuple[int, int]]  # partition and bucket: count and sum


@dataclass
class Tables:
    """One snapshot of everything."""

    orders: dict[str, dict[str, Any]]
    summary: dict[tuple[str, ...], dict[str, Any]]
    customers: dict[tuple[str, ...], dict[str, Any]]
    places: dict[int, Place]
    stopped: dict[int, str]
    problems: list[str]  # where tables contradict one another


def stored_buckets(vectors: Iterable[tuple[int, bytes]]) -> Buckets:
    """What each partition's vector says, without empty buckets."""
    buckets: Buckets = {}
    for partition, vector in vectors:
        for bucket in range(BUCKETS):
            one = vector[bucket * 24 : bucket * 24 + 24]
            if any(one):
                count = int.from_bytes(one[:8], "big")
                buckets[partition, bucket] = count, int.from_bytes(one[8:], "big")
    return buckets


def added_up(digests: Iterable[tuple[int, int, bytes]]) -> Buckets:
    buckets: Buckets = {}
    for partition, bucket, digest in digests:
        count, total = buckets.get((partition, bucket), (0, 0))
        value = (total + int.from_bytes(digest, "big")) % 2**128
        buckets[partition, bucket] = count + 1, value
    return buckets


def contradictions(connection: psycopg.Connection[Any]) -> list[str]:
    """Digest vectors against the rows' digests; words against rows."""
    generation = next(iter(connection.execute(GENERATION)))["active_generation"]
    vectors = connection.execute(VECTORS, [generation])
    stored = stored_buckets((v["partition"], v["digests"]) for v in vectors)
    digests = connection.execute(DIGESTS.format(generation=generation))
    actual = added_up((d["_partition"], d["_bucket"], d["_digest"]) for d in digests)
    found = [
        f"bucket {bucket} of partition {partition} says {stored.get((partition, bucket))}, "
        f"its rows say {actual.get((partition, bucket))}"
        for partition, bucket in sorted({*stored, *actual})
        if stored.get((partition, bucket)) != actual.get((partition, bucket))
    ]
    for row in connection.execute(SEARCH):
        what = "has words and no row" if row["dangling"] else "has no words"
        found.append(f"order {row['order_id']} {what}")
    return found


def checkpoints(connection: psycopg.Connection[Any]) -> tuple[dict[int, Place], dict[int, str]]:
    places: dict[int, Place] = {}
    stopped: dict[int, str] = {}
    for row in connection.execute(CHECKPOINTS):
        link = row["link"] % 2**64
        place = Place(row["record_offset"], row["epoch"], row["sequence"], link)
        places[row["partition"]] = place
        if row["stopped"] is not None:
            stopped[row["partition"]] = row["stopped"]
    return places, stopped


def connect(url: str) -> psycopg.Connection[Any]:
    connection = psycopg.connect(url, row_factory=dict_row)
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    return connection


def read(connection: psycopg.Connection[Any]) -> Tables:
    with connection.transaction():
        places, stopped = checkpoints(connection)
        return Tables(
            {row["order_id"]: row for row in connection.execute(ORDERS)},
            {(row["status"], row["currency"]): row for row in connection.execute(SUMMARY)},
            {(row["customer_id"], row["currency"]): row for row in connection.execute(CUSTOMERS)},
            places,
            stopped,
            contradictions(connection),
        )
