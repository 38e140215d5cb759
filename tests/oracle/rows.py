"""The read models and their checkpoints, by SQL of our own, in one snapshot."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from oracle.topics import Place

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


@dataclass
class Tables:
    """One snapshot of everything."""

    orders: dict[str, dict[str, Any]]
    summary: dict[tuple[str, ...], dict[str, Any]]
    customers: dict[tuple[str, ...], dict[str, Any]]
    places: dict[int, Place]
    stopped: dict[int, str]


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
        )
