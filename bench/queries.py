"""./dev bench queries [--rows 1000000]: queries a second of one query-service, as shipped.

The rows are loaded by COPY into the generation's table, in the form that the projector writes them.
Then in turn, some rounds: one order by its id, and a page of 50 orders of one customer, each drawn
anew, so that nothing is asked twice in a row. wrk asks the query-service and FastAPI over 64
connections; pgbench (-M prepared) sends Postgres the very statements of the query-service over as
many connections as --pgbench-connections says, and then their rows alone, without the positions
that every answer states: ratio is to the former.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import psycopg

from cluster import DATABASE
from endings import ended
from measure import command_line, fastapi, report
from measure.bed import PARTITIONS, Bed
from measure.load_generators import Asked, pgbench, pgbench_script, wrk
from measure.report import Series
from paths import Failed
from progress import Progress
from services import fetch

NAME = "queries"
ROWS_OF_A_CUSTOMER = 100
TABLE = "read_gen.orders_g1"
CHUNK = 1 << 20
KINDS = ("point", "list")
TEXTS = {
    "point_rps": "query-service, one order, requests/s",
    "point_p99_ms": "  p99 ms",
    "point_tps": "pgbench, the same statement, tps",
    "point_rows_tps": "pgbench, its rows alone, tps",
    "point_fastapi": "FastAPI, one order, requests/s",
    "list_rps": "query-service, page of 50, requests/s",
    "list_p99_ms": "  p99 ms",
    "list_tps": "pgbench, the same statement, tps",
    "list_rows_tps": "pgbench, its rows alone, tps",
    "list_fastapi": "FastAPI, page of 50, requests/s",
}
SECRET = """SELECT encode(g.secret, 'hex') FROM foldstream.generation g
WHERE g.projection = 'orders' AND g.generation = 1 AND g.state = 'active'"""
CHECKPOINTS = f"""INSERT INTO foldstream.checkpoint
SELECT 'orders', 1, p, 1, 'bench', -1, 1, coalesce(max(t._sequence), 0), 0, 0, 0, NULL, %s, now(),
NULL FROM generate_series(0, %s - 1) p LEFT JOIN {TABLE} t ON t._partition = p GROUP BY p"""


@dataclass
class Queries:
    """One run."""

    options: argparse.Namespace
    series: Series = field(default_factory=Series)

    def run(self) -> int:
        machine = report.machine()
        build = command_line.build(self.options.build)
        if self.peers:
            fastapi.installed()
        with Bed(self.options.folder, build, postgres=True) as self.bed:
            self.load()
            self.asked = self.questions()
            service = self.bed.start("query-service")
            url = self.bed.services.environment["FOLDSTREAM_QUERY_URL"]
            if self.peers:
                with fastapi.running(self.bed) as peer:
                    self.agree(url, peer)
                    self.rounds(url, peer)
            else:
                self.rounds(url, None)
            service.stop()
        return self.tell(machine)

    @property
    def peers(self) -> bool:
        return not self.options.without_peers

    @property
    def customers(self) -> int:
        return max(1, int(self.options.rows) // ROWS_OF_A_CUSTOMER)

    def load(self) -> None:
        with psycopg.connect(self.bed.postgres_url(DATABASE), autocommit=True) as connection:
            (secret,) = connection.execute(SECRET).fetchone() or ("",)
            self.copy(connection, str(secret))
            connection.execute(CHECKPOINTS, [PARTITIONS, PARTITIONS])
            for statement in (f"VACUUM (ANALYZE) {TABLE}", "CHECKPOINT"):
                connection.execute(statement)

    def copy(self, connection: psycopg.Connection[Any], secret: str) -> None:
        command = [str(self.bed.tool.program), "rows", "--count", str(self.options.rows)]
        command += ["--customers", str(self.customers), "--partitions", str(PARTITIONS)]
        child = subprocess.Popen([*command, "--secret", secret], stdout=subprocess.PIPE)
        assert child.stdout is not None
        seen = 0
        with (
            Progress("loading rows", self.options.rows) as progress,
            connection.cursor() as cursor,
            cursor.copy(f"COPY {TABLE} FROM STDIN") as copy,
        ):
            while chunk := child.stdout.read(CHUNK):
                copy.write(chunk)
                seen += chunk.count(b"\n")
                progress.at(seen)
        if child.wait() or seen != self.options.rows:
            raise Failed(f"bench_orders rows made {seen} of {self.options.rows} rows")

    def questions(self) -> dict[str, Asked]:
        """What the query-service sends, its parameters in the order that it gives them."""
        said = self.bed.tool.run("statements", 1, "statements", "--partitions", str(PARTITIONS))
        texts = {kind: said[f"{kind}_parameters"].split("\n") for kind in KINDS}
        drawn = {"order-0": "'order-' || :n", "customer0@example.com": EMAIL}
        made = {
            kind: tuple(f"({drawn.get(text) or quoted(text)})" for text in texts[kind])
            for kind in KINDS
        }
        list_path = "/api/v1/orders?customerEmail=customer%d@example.com&limit=50"
        point_path = "/api/v1/orders/order/order-%d"
        return {
            "point": Asked(
                point_path, said["point"], said["point_rows"], made["point"], self.options.rows
            ),
            "list": Asked(list_path, said["list"], said["list_rows"], made["list"], self.customers),
        }

    def agree(self, url: str, peer: str) -> None:
        """The peer does the same work: it gives the same orders, with the same fields."""
        for kind in KINDS:
            mine, theirs = (orders(address + self.asked[kind].path % 0) for address in (url, peer))
            if not mine or mine != theirs:
                raise Failed(f"FastAPI gives other orders than the query-service ({kind})")

    def rounds(self, url: str, peer: str | None) -> None:
        steps = self.options.rounds * len(KINDS) * (4 if peer else 3)
        with Progress("measuring", steps) as progress:
            for _ in range(self.options.rounds):
                for kind in KINDS:
                    self.measure(kind, url, peer, progress)

    def measure(self, kind: str, url: str, peer: str | None, progress: Progress) -> None:
        asked = self.asked[kind]

        def took(name: str, rate: float, **more: float) -> None:
            self.series.add(**{f"{kind}_{name}": rate}, **more)
            progress.at(progress.value + 1, f"{kind} {name} {rate:,.0f}")

        rate, slow = self.wrk(url, asked)
        took("rps", rate, **{f"{kind}_p99_ms": slow})
        took("tps", self.pgbench(kind, asked.statement))
        took("rows_tps", self.pgbench(kind, asked.rows))
        if peer:
            took("fastapi", self.wrk(peer, asked)[0])

    def wrk(self, url: str, asked: Asked) -> tuple[float, float]:
        return wrk(url, asked, self.options.connections, self.options.seconds)

    def pgbench(self, kind: str, statement: str) -> float:
        script = self.bed.workspace.data / f"{kind}.sql"
        script.write_text(pgbench_script(statement, self.asked[kind]))
        connections, seconds = self.options.pgbench_connections, self.options.seconds
        return pgbench(self.bed.postgres_port, script, connections, seconds)

    def tell(self, machine: dict[str, Any]) -> int:
        of = self.series.median
        print(self.series.table(TEXTS))
        pairs = [
            ("point_rps", f"{of('point_rps'):.0f}"),
            ("list_rps", f"{of('list_rps'):.0f}"),
            ("pgbench_tps", f"{of('point_tps'):.0f}"),
            ("ratio", f"{of('point_rps') / of('point_tps'):.3f}"),
            ("list_ratio", f"{of('list_rps') / of('list_tps'):.3f}"),
        ]
        if self.peers:
            pairs.append(("vs_fastapi", f"{of('point_rps') / of('point_fastapi'):.2f}"))
        pairs.append(("p99_ms", f"{of('point_p99_ms'):.2f}"))
        report.finish(NAME, self.options, machine, self.series, pairs)
        return 0


EMAIL = "'customer' || :n || '@example.com'"


def orders(url: str) -> list[dict[str, Any]]:
    """Of one order's or a page's answer, without times, which may be written in several ways."""
    status, text = fetch(url)
    if status != 200:
        raise Failed(f"{url} answers {status}")
    body = json.loads(text)
    times = ("createdAt", "updatedAt")
    return [
        {name: value for name, value in order.items() if name not in times}
        for order in body.get("data", [body])
    ]


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = command_line.parser(NAME, __doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=10, help="of each measurement")
    parser.add_argument("--connections", type=int, default=64, help="of wrk")
    parser.add_argument("--pgbench-connections", type=int, default=64)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(ended(f"bench {NAME}", lambda: Queries(parse(sys.argv[1:])).run()))
