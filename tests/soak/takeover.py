"""./dev soak takeover [--aggregates 100000]: how long a partition's owner is gone.

An owner is killed with -9 and comes back on its own store (warm), on an empty one (cold: snapshots,
then the log), on an empty one without snapshots (log); and another one that stands by takes over
(kill). Commands come all the while. The last line is `soak-takeover: aggregates=… warm_ms=…
cold_ms=… log_ms=… warm_answer_s=… cold_answer_s=… log_answer_s=… kill_answer_s=…`, the slowest
partition of each: _ms from the assignment to the first command that can be decided; answer_s from
the kill to the first command that a new epoch has decided, the group's session of 10 s included.
"""

import argparse
import re
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka.admin import AdminClient

from endings import ended
from faults.sight import Sight
from faults.stage import Member, Stage
from load import Load
from oracle.bodies import BODIES
from oracle.topics import Log
from orders import Command, Sender
from paths import DEV, Failed
from processes import wait_for
from progress import Progress

DECIDED_SECONDS = 600
ANSWER_SECONDS = 120
SESSION = ("--kafka", "session.timeout.ms=10000", "--kafka", "heartbeat.interval.ms=3000")


@dataclass
class Options:
    """Of one run."""

    aggregates: int
    build: Path
    folder: Path


@dataclass(frozen=True)
class Gone:
    """Of the slowest partition: from the assignment to being owned, and from the kill to the first
    command that a newer epoch decided."""

    taken_ms: int
    answer: float


def takeovers(log: Path, skipped: int) -> list[int]:
    """What the lines behind the first `skipped` ones say that it took."""
    lines = log.read_text().splitlines()[skipped:]
    said = (re.search(r'"takeover_ms":(\d+)', line) for line in lines)
    return [int(match[1]) for match in said if match]


class Takeover:
    """One run."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.stage = Stage(options.folder, options.build)
        self.process_logs: list[Path] = []

    def run(self) -> int:
        try:
            self.stage.start()
            self.stage.proxy.stop()  # nothing strikes here: straight to the broker
            bodies = BODIES
            self.sight = Sight(self.stage.brokers, self.stage.postgres, bodies)
            self.preload()
            first = self.start("first")
            self.decided()
            self.snapshots_written(first)
            with Load(self.stage.brokers, "takeover"):
                warm = self.killed(first, lambda: self.again(first))
                cold = self.killed(first, lambda: self.again(first, wiped=True))
                second = self.start("second")
                wait_for(lambda: self.sight.owners() == {"first", "second"}, ANSWER_SECONDS)
                kill = self.killed(second, lambda: None)
                from_log = self.killed(first, lambda: self.again(first, wiped=True, blind=True))
            figures = {
                "aggregates": str(self.options.aggregates),
                "warm_ms": str(warm.taken_ms),
                "cold_ms": str(cold.taken_ms),
                "log_ms": str(from_log.taken_ms),
                "warm_answer_s": f"{warm.answer:.2f}",
                "cold_answer_s": f"{cold.answer:.2f}",
                "log_answer_s": f"{from_log.answer:.2f}",
                "kill_answer_s": f"{kill.answer:.2f}",
            }
            print("soak-takeover: " + " ".join(f"{k}={v}" for k, v in figures.items()), flush=True)
            return 0
        finally:
            self.stage.stop()

    def start(self, name: str) -> Member:
        member = self.stage.member("command-service", name, *SESSION)
        member.start(FOLDSTREAM_KAFKA_BROKERS=self.stage.brokers)
        assert member.service is not None
        member.service.wait_ready()
        self.process_logs.append(member.process.log)
        return member

    def preload(self) -> None:
        sender = Sender(self.stage.brokers)
        item = {"productId": "p", "name": "lamp", "priceMinor": 1250, "quantity": 2}
        with Progress("preloading", self.options.aggregates) as progress:
            for number in range(self.options.aggregates):
                key = f"order-{number}"
                customer = {"customerName": "Ada", "customerEmail": "ada@example.com"}
                body = {"orderId": key, **customer, "items": [item]}
                sender.send(Command(f"create-{number}", "CreateOrder", key, body))
                progress.at(number)
            sender.flush()

    def decided(self) -> None:
        total = self.options.aggregates
        with Progress("deciding", total) as progress:

            def done() -> bool:
                seen = self.sight.entries()
                progress.at(seen)
                return seen >= total

            if not wait_for(done, DECIDED_SECONDS):
                raise Failed(f"{self.sight.entries()} of {total} commands are decided")

    def snapshots_written(self, member: Member) -> None:
        """Every partition has a marker that covers what was preloaded."""

        def covered() -> bool:
            self.sight.entries()
            return all(self.covers(log) for log in self.logs())

        if not wait_for(covered, DECIDED_SECONDS):
            raise Failed("no marker came", member.process.log)

    def logs(self) -> list[Log]:
        return list(self.sight.watch.logs.values())

    def covers(self, log: Log) -> bool:
        markers = [e for e in log.entries if e.body.HasField("marker")]
        preloaded = sum(e.body.command_id.startswith("create-") for e in log.entries)
        return bool(markers) and markers[-1].body.marker.covered.sequence >= preloaded

    def again(self, member: Member, wiped: bool = False, blind: bool = False) -> None:
        if wiped:
            member.wipe()
        if blind:
            self.forget_snapshots()
        member.start(FOLDSTREAM_KAFKA_BROKERS=self.stage.brokers)

    def forget_snapshots(self) -> None:
        """Deletes what D.snapshots has, pointers and all."""
        topic = "orders.snapshots"
        admin = AdminClient({"bootstrap.servers": self.stage.brokers})
        for deleted in admin.delete_topics([topic]).values():
            deleted.result()
        assert wait_for(lambda: topic not in admin.list_topics(timeout=10).topics, ANSWER_SECONDS)
        self.stage.foldctl("topics", "apply")

    def killed(self, member: Member, then: object) -> Gone:
        self.sight.entries()
        theirs = {
            log.partition: log.validity.epoch
            for log in self.logs()
            if self.sight.watch.owner(log.partition) == member.name
        }
        killed_ms = time.time() * 1000
        member.end(signal.SIGKILL)
        logs = self.process_logs
        before = {log: len(log.read_text().splitlines()) for log in logs}
        assert callable(then)
        then()
        answered: dict[int, float] = {}

        def done() -> bool:
            self.sight.entries()
            for log in self.logs():
                if log.partition in theirs and log.partition not in answered:
                    first = self.first_after(log, theirs[log.partition])
                    if first is not None:
                        answered[log.partition] = (first - killed_ms) / 1000
            return len(answered) == len(theirs)

        if not theirs or not wait_for(done, ANSWER_SECONDS):
            raise Failed(f"partitions {set(theirs) - set(answered)} are not answered")
        print(f"{member.name}: " + " ".join(f"{p}:{s:.2f}s" for p, s in sorted(answered.items())))
        takes = [ms for log in logs for ms in takeovers(log, before[log])]
        return Gone(max(takes, default=0), max(answered.values()))

    @staticmethod
    def first_after(log: Log, epoch: int) -> float | None:
        """The append time of the first command's entry of a newer epoch, in ms."""
        newer = [opening for opening in log.openings if opening.epoch > epoch]
        if not newer:
            return None
        for entry in log.entries[newer[0].after :]:
            if entry.body.HasField("command"):
                return entry.append_time_ms
        return None


def main(arguments: list[str]) -> int:
    return ended("soak takeover", lambda: Takeover(parse(arguments)).run())


def parse(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="./dev soak takeover", description=__doc__)
    parser.add_argument("--aggregates", type=int, default=100_000)
    parser.add_argument("--build", type=Path, help="default: builds the preset release")
    parser.add_argument("--folder", type=Path, default=DEV / "soak" / "takeover")
    given = parser.parse_args(arguments)
    build: Path | None = given.build
    if build is None:
        import build as building

        build = building.build("release")
    return Options(given.aggregates, build.resolve(), given.folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
