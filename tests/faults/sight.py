"""What can be seen of a stage while it runs; from any thread."""

import threading
from collections import defaultdict

import psycopg
from confluent_kafka import TopicPartition

from foldstream.log import NOWHERE
from oracle import rows
from oracle.bodies import Bodies
from oracle.compare import judge_rows
from processes import wait_for
from watch import Watch

CATCH_UP_SECONDS = 60
APPLIERS = "SELECT owner FROM foldstream.checkpoint"


class Sight:
    """One reader of the log for everybody."""

    def __init__(self, brokers: str, postgres: str, bodies: Bodies) -> None:
        self.watch, self.postgres, self.bodies = Watch(brokers, bodies), postgres, bodies
        self.lock = threading.Lock()
        self.cuts = 0

    def entries(self) -> int:
        with self.lock:
            self.watch.look()
            return self.watch.entries()

    def owners(self) -> set[str]:
        with self.lock:
            self.watch.look()
            return self.watch.owners()

    def owned_by(self, name: str) -> list[int]:
        """The partitions whose last epoch is its."""
        with self.lock:
            self.watch.look()
            return [n for n in self.watch.logs if self.watch.owner(n) == name]

    def epochs_of(self, name: str) -> int:
        """How many it has opened."""
        with self.lock:
            self.watch.look()
            owners = (owner for log in self.watch.logs.values() for owner in log.owners.values())
            return sum(owner == name for owner in owners)

    def ignored_of(self, name: str) -> int:
        """Records with entries of a process that do not count."""
        with self.lock:
            self.watch.look()
            return self.watch.ignored_of(name)

    def claims_of(self, name: str) -> set[int]:
        """The partitions of which it has opened an epoch."""
        with self.lock:
            self.watch.look()
            logs = self.watch.logs.values()
            return {log.partition for log in logs if name in log.owners.values()}

    def twins(self, given: list[tuple[str, str]]) -> int:
        """How many nonces were claimed with by more than one."""
        with self.lock:
            self.watch.look()
            claimants: dict[str, set[str]] = defaultdict(set)
            for log in self.watch.logs.values():
                for claim in log.claims:
                    claimants[claim.nonce.hex()].add(claim.owner)
        nonces = {nonce for nonce, _ in given}
        return sum(len(claimants[nonce]) > 1 for nonce in nonces)

    def appliers(self) -> str:
        """Who holds the checkpoints, as they call themselves; empty while Postgres is away."""
        try:
            with psycopg.connect(self.postgres, connect_timeout=2) as connection:
                return " ".join(str(owner) for (owner,) in connection.execute(APPLIERS))
        except psycopg.OperationalError:
            return ""

    def end_of(self, topic: str, partition: int) -> int:
        """The offset of the next record."""
        with self.lock:
            place = TopicPartition(topic, partition)
            return int(self.watch.consumer.get_watermark_offsets(place, CATCH_UP_SECONDS)[1])

    def applied(self) -> bool:
        """Whether the rows are where the log is."""
        try:
            with rows.connect(self.postgres) as connection, connection.transaction():
                places, _ = rows.checkpoints(connection)
        except psycopg.OperationalError:
            return False
        with self.lock:
            self.watch.look()
            return all(places.get(n, NOWHERE) == log.place for n, log in self.watch.logs.items())

    def behind(self, ends: dict[int, int]) -> str:
        """Which partitions are not where they should be, for people."""
        with self.lock:
            said = []
            for number, log in self.watch.logs.items():
                next_offset = log.entries[-1].body.next_offset if log.entries else 0
                owner = self.watch.owner(number)
                said.append(f"{number}: next {next_offset} of {ends[number]}, owner {owner}")
        return "; ".join(said) + f"; rows applied: {self.applied()}"

    def decided(self, ends: dict[int, int]) -> bool:
        """Whether every command below these offsets has its entry."""
        with self.lock:
            self.watch.look()
            logs = self.watch.logs
            return all(
                bool(logs[n].entries) and logs[n].entries[-1].body.next_offset >= end
                for n, end in ends.items()
                if end > 0
            )

    def cut(self) -> list[str]:
        """The rows of this moment against the log up to their checkpoints; nothing while Postgres
        is away."""
        try:
            with rows.connect(self.postgres) as connection:
                tables = rows.read(connection)
        except psycopg.OperationalError:
            return []

        def read_up_to_it() -> bool:
            self.watch.look()
            return all(
                self.watch.logs[n].validity.next > place.offset
                for n, place in tables.places.items()
            )

        with self.lock:
            if not wait_for(read_up_to_it, CATCH_UP_SECONDS):
                places = {n: p for n, p in tables.places.items() if p != NOWHERE}
                return [f"checkpoints are ahead of the log: {places}"]
            self.cuts += 1
            return judge_rows(self.watch.logs.values(), tables, self.bodies)

    def close(self) -> None:
        self.watch.close()
