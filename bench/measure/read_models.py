"""The tables that the projector fills: emptied before each run, looked at behind it."""

from dataclasses import dataclass
from typing import Any

import psycopg

from cluster import DATABASE
from measure.bed import PARTITIONS, Bed
from paths import Failed

ROWS = "read_gen.orders_g1"
SEARCH = "read_gen.orders_search_g1"
SUMMARY = "read_gen.order_summary_g1"
CUSTOMERS = "read_gen.customers_g1"
TABLES = (ROWS, SEARCH, SUMMARY, CUSTOMERS)
SECRET = "SELECT encode(secret, 'hex') FROM foldstream.generation WHERE projection = 'orders'"
# What the peer keeps its place in.
BENCH = """CREATE SCHEMA bench AUTHORIZATION foldstream_projector;
CREATE TABLE bench.checkpoint (partition int4 PRIMARY KEY, next_offset int8 NOT NULL);
ALTER TABLE bench.checkpoint OWNER TO foldstream_projector"""
SUMS = f"""SELECT count(*), sum(_version), sum(total_minor),
sum(('x' || right(encode(_digest, 'hex'), 8))::bit(32)::int8 & 4294967295) FROM {ROWS}"""
# The database and the tables of bare_upsert, as it wants them.
BARE_TABLES = """CREATE TABLE orders (order_id text PRIMARY KEY, customer_id text,
customer_name text, customer_email text, status text, total_minor int8, item_count int4,
version int8, created_at timestamptz, updated_at timestamptz);
CREATE INDEX ON orders (status);
CREATE INDEX ON orders (customer_email);
CREATE TABLE checkpoint (grp text, part int4, next_offset int8, PRIMARY KEY (grp, part))"""
BARE = "bare"

Contents = dict[str, Any]


@dataclass(frozen=True)
class Expected:
    """What bench_orders found the log to come to."""

    figures: dict[str, Any]

    @property
    def sums(self) -> tuple[int, ...]:
        return tuple(self.figures[key] for key in ("rows", "versions", "totals", "digest_ends"))

    @property
    def last_sequences(self) -> dict[int, int]:
        """Of each partition's last entry with events."""
        return {number: self.figures[f"sequence_{number}"] for number in range(PARTITIONS)}

    def reached(self, sequences: dict[int, int]) -> bool:
        """Whether checkpoints at these sequences have all events behind them."""
        wanted = self.last_sequences.items()
        return all(sequences.get(number, 0) >= last for number, last in wanted)

    @property
    def digests(self) -> dict[int, str]:
        """Of the partitions that have any."""
        found = {number: self.figures[f"digests_{number}"] for number in range(PARTITIONS)}
        return {number: digests for number, digests in found.items() if digests.strip("0")}


class ReadModels:
    """One connection, as the database's owner."""

    def __init__(self, bed: Bed) -> None:
        self.url = bed.postgres_url(DATABASE)
        self.connection = psycopg.connect(self.url, autocommit=True)
        self.connection.execute(BENCH)
        self.filled: dict[str, Contents] = {}

    def close(self) -> None:
        self.connection.close()

    def secret(self) -> str:
        (secret,) = self.one(SECRET)
        return str(secret)

    def one(self, sql: str) -> tuple[Any, ...]:
        return self.connection.execute(sql).fetchone() or ()

    def empty(self) -> None:
        """As after foldctl migrate, the generation's secret apart, which stays."""
        tables = ", ".join((*TABLES, "foldstream.checkpoint", "bench.checkpoint"))
        for statement in (f"TRUNCATE {tables}", "CHECKPOINT"):
            self.connection.execute(statement)

    def sequences(self) -> dict[int, int]:
        """Of the partitions that somebody has acquired."""
        found = self.connection.execute("SELECT partition, sequence FROM foldstream.checkpoint")
        return dict(found.fetchall())

    def check(self, kind: str, who: str, expected: Expected) -> None:
        """Fails unless the tables hold what the log comes to, and what they held whenever somebody
        filled them for this `kind`, to the last column."""
        if (sums := tuple(map(int, self.one(SUMS)))) != expected.sums:
            raise Failed(f"{who}: rows, versions, totals, digests are {sums}, not {expected.sums}")
        contents: Contents = {table: self.contents(table) for table in TABLES}
        if kind == "full":
            self.check_full(who, expected)
        if contents != self.filled.setdefault(kind, contents):
            raise Failed(f"{who} has filled the tables with something else: {contents}")

    def check_digests(self, who: str, expected: Expected) -> None:
        """What the checkpoints say that the rows add up to."""
        asked = "SELECT partition, encode(digests, 'hex') FROM foldstream.checkpoint"
        found = {number: text for number, text in self.connection.execute(asked) if text}
        if found != expected.digests:
            raise Failed(f"{who}: the checkpoints' digests are not those of the rows")

    def check_full(self, who: str, expected: Expected) -> None:
        rows, _, totals, _ = expected.sums
        found = (
            *self.one(f"SELECT sum(orders), sum(revenue_minor) FROM {SUMMARY}"),
            *self.one(f"SELECT sum(orders), sum(spent_minor) FROM {CUSTOMERS}"),
            *self.one(f"SELECT count(*) FROM {SEARCH}"),
        )
        if tuple(map(int, found)) != (wanted := (rows, totals, rows, totals, rows)):
            raise Failed(f"{who}: rollups and search table are {found}, not {wanted}")

    def contents(self, table: str) -> tuple[int, str]:
        """How many rows, and the sum of the hashes of all of their columns."""
        count, hashes = self.one(
            f"SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {table} t"
        )
        return int(count), str(hashes)

    def make_bare(self) -> str:
        """The URL of bare_upsert's database: its commits as ours."""
        self.connection.execute(f"CREATE DATABASE {BARE}")
        self.connection.execute(f"ALTER DATABASE {BARE} SET synchronous_commit = off")
        url = self.url.removesuffix(DATABASE) + BARE
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(BARE_TABLES)
        return url
