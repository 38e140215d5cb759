"""./dev bench projection [--orders 300000]: events a second of one projector, as shipped, with one
applier (one connection to Postgres) and batches of 5,000 events.

Five commands of each order, many orders at once, are decided into orders.events by the
command-service before it starts. `plain` folds them into read.orders and nothing else, digests on:
the projector over a registry whose read model has neither rollups nor search fields (bench/plain).
`full` is the projector itself: rollups and the search table, too. Once, each of them is recorded: a
proxy in front of Postgres keeps what it says on the applier's connection. Then in turn, some
rounds, each time into empty tables: plain and full; the replayer of what each of them said, which
is the limit, on one connection, statement by statement as it was said; a Python worker, which is
given finished rows by a topic of its own and folds none; bare_upsert, for orientation: ten columns
of the same rows into a table of its own with two indexes.

per_s is the number of events over the time from when the first partition is acquired until all
events are committed, as an observer sees them every 10 ms; the replayer's time is that from its
first transaction's BEGIN (it acquires, too) to its last commit; the worker's from the first rows
that it was given to its last commit. No start, no joining of a group is in any of them.
After each run the tables are compared with what a fold of the log comes to, and with what the other
programs of its kind have made of them, to the last column: exit code 1 where they differ.
"""

import argparse
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from endings import ended
from measure import command_line, deciding, limits, python_worker, report
from measure.bed import Bed, cpu_seconds, metric, peak_rss_mib
from measure.read_models import Expected, ReadModels
from measure.recorder import Recorder
from measure.report import Series
from paths import Failed
from progress import Progress
from services import ROLES, Service

NAME = "projection"
EACH = 5
BATCH = 5_000
PROGRAMS = {"plain": "bench_projector", "full": "projector"}
OPTIONS = ("--appliers", "1", "--batch-events", str(BATCH))
LOOK_SECONDS = 0.01
STALL_SECONDS = 60
IMAGES = "order-images"
ROWS = {
    "plain_per_s": "projector, rows alone, events/s",
    "plain_limit_per_s": "  its statements replayed, events/s",
    "plain_cpu_us": "  CPU time of an event, us",
    "plain_rss_mib": "  peak RSS, MiB",
    "plain_coalescing": "  events a row written",
    "full_per_s": "projector, rollups and search, events/s",
    "full_limit_per_s": "  its statements replayed, events/s",
    "full_cpu_us": "  CPU time of an event, us",
    "full_rss_mib": "  peak RSS, MiB",
    "full_coalescing": "  events a row written",
    "python_per_s": "Python worker, finished rows, events/s",
    "python_coalescing": "  events a row written",
    "bare_per_s": "bare_upsert, ten columns, events/s",
}


@dataclass
class Projection:
    """One run."""

    options: argparse.Namespace
    series: Series = field(default_factory=Series)
    recordings: dict[str, Path] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return int(self.options.orders) * EACH

    @property
    def peers(self) -> bool:
        return not self.options.without_peers

    @property
    def projector_url(self) -> str:
        return self.bed.postgres_url(ROLES["projector"])

    def run(self) -> int:
        machine = report.machine()
        self.build = command_line.build(self.options.build)
        limits.built("bare_upsert")
        if self.peers:
            python_worker.installed()
        with Bed(self.options.folder, self.build, postgres=True) as self.bed:
            self.models = ReadModels(self.bed)
            try:
                self.measure()
            finally:
                self.models.close()
        return self.tell(machine)

    def measure(self) -> None:
        self.write_log()
        self.write_images()
        self.bare_url = self.models.make_bare()
        for kind in PROGRAMS:
            self.record(kind)
        for number in range(self.options.rounds):
            self.round(number)

    def write_log(self) -> None:
        deciding.preload(self.bed, self.options.orders, EACH, self.options.open)
        service = self.bed.start("command-service")
        deciding.wait_until_decided(service, self.total)
        service.stop()
        deciding.read_log(self.bed, self.total)

    def write_images(self) -> None:
        self.bed.make_topic(IMAGES)
        self.file = self.bed.workspace.data / "rows.tsv"
        arguments = ("--topic", IMAGES, "--file", str(self.file), "--secret", self.models.secret())
        found = self.bed.tool.run("folding rows for those who do not fold", self.total, "images",
                                  "--brokers", self.bed.brokers, *arguments)  # fmt: skip
        if found["events"] != self.total or found["rows"] != self.options.orders:
            raise Failed(f"the log has {found['events']} events of {found['rows']} orders")
        self.expected = Expected(found)

    def record(self, kind: str) -> None:
        folder = self.bed.workspace.data / f"said-{kind}"
        with Recorder(self.bed.postgres_port, folder) as recorder:
            url = self.projector_url.replace(f":{self.bed.postgres_port}/", f":{recorder.port}/")
            self.project(kind, f"recording {kind}", url)
        self.recordings[kind] = recorder.longest()

    def round(self, number: int) -> None:
        """Each comes first once, or thereabouts."""
        steps: list[Callable[[int], None]] = [
            lambda _: self.ours("plain"),
            lambda _: self.limit("plain"),
            lambda _: self.ours("full"),
            lambda _: self.limit("full"),
            lambda _: self.bare(),
            *([self.peer] if self.peers else []),
        ]
        for place in range(len(steps)):
            steps[(2 * number + place) % len(steps)](number)

    # --- ours ---

    def ours(self, kind: str) -> None:
        found = self.project(kind, f"projecting {kind}", self.projector_url)
        self.series.add(**{f"{kind}_{name}": value for name, value in found.items()})

    def project(self, kind: str, what: str, url: str) -> dict[str, float]:
        self.models.empty()
        service = self.bed.services.make("projector", FOLDSTREAM_POSTGRES_URL=url)
        service.program = self.build / "bin" / PROGRAMS[kind]
        service.arguments = OPTIONS
        service.start(wait=False)
        try:
            seconds = self.watch(service, what)
            rows = metric(service, "foldstream_projection_rows_total")
            found = {
                "per_s": self.total / seconds,
                "cpu_us": 1e6 * cpu_seconds(service) / self.total,
                "rss_mib": peak_rss_mib(service),
                "coalescing": self.total / max(1, rows),
            }
        finally:
            service.stop()
        self.models.check(kind, f"the projector ({kind})", self.expected)
        self.models.check_digests(f"the projector ({kind})", self.expected)
        return found

    def watch(self, service: Service, what: str) -> float:
        """Seconds from the first acquisition to the last commit of events."""
        moved = time.monotonic()
        began = 0.0
        before: dict[int, int] = {}
        with Progress(what, sum(self.expected.last_sequences.values())) as progress:
            while True:
                sequences = self.models.sequences()
                now = time.monotonic()
                if sequences:
                    began = began or now
                if self.expected.reached(sequences):
                    return max(now - began, LOOK_SECONDS)
                if sequences != before:
                    before, moved = sequences, now
                    progress.at(sum(sequences.values()))
                if service.process.pid() is None:
                    raise Failed("the projector ended", service.process.log)
                if now - moved > STALL_SECONDS:
                    raise Failed(f"it stands still at {sequences}", service.process.log)
                time.sleep(LOOK_SECONDS)

    # --- the others ---

    def limit(self, kind: str) -> None:
        self.models.empty()
        program = str(self.build / "bin" / "bench_replay")
        said = limits.output([program, str(self.recordings[kind]), self.projector_url])
        self.models.check(kind, f"the replayer ({kind})", self.expected)
        self.models.check_digests(f"the replayer ({kind})", self.expected)
        found = limits.figures(said)
        self.series.add(**{f"{kind}_limit_per_s": self.total / found["seconds"]})

    def peer(self, number: int) -> None:
        self.models.empty()
        group = f"worker-{number}"
        found = python_worker.run(self.bed, self.projector_url, IMAGES, group, self.total)
        self.models.check("plain", "the Python worker", self.expected)
        self.series.add(
            python_per_s=self.total / found["seconds"],
            python_coalescing=self.total / found["rows"],
        )

    def bare(self) -> None:
        program = str(limits.built("bare_upsert"))
        command = [program, "upsert", str(self.file), str(BATCH), "1"]
        said = limits.output(command, {"PG_URL": self.bare_url})
        found = re.search(r": (\d+) images/s.*, table (\d+)/(\d+)$", said, re.MULTILINE)
        if not found or (int(found[2]), int(found[3])) != self.expected.sums[:2]:
            raise Failed(f"bare_upsert: {said.strip()}")
        self.series.add(bare_per_s=int(found[1]))

    def tell(self, machine: dict[str, Any]) -> int:
        of = self.series.median
        print(self.series.table(ROWS))
        pairs = [
            ("events_per_s", f"{of('plain_per_s'):.0f}"),
            ("limit_per_s", f"{of('plain_limit_per_s'):.0f}"),
            ("ratio", f"{of('plain_per_s') / of('plain_limit_per_s'):.3f}"),
            ("full_events_per_s", f"{of('full_per_s'):.0f}"),
            ("full_ratio", f"{of('full_per_s') / of('full_limit_per_s'):.3f}"),
            ("coalescing", f"{of('plain_coalescing'):.2f}"),
        ]
        if self.peers:
            pairs.append(("vs_python", f"{of('plain_per_s') / of('python_per_s'):.2f}"))
        pairs.append(("rss_mib", f"{max(of('plain_rss_mib'), of('full_rss_mib')):.0f}"))
        report.finish(NAME, self.options, machine, self.series, pairs)
        return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = command_line.parser(NAME, __doc__)
    parser.add_argument("--orders", type=int, default=300_000, help="of five commands each")
    parser.add_argument("--open", type=int, default=1_000, help="orders on their way at once")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(ended(f"bench {NAME}", lambda: Projection(parse(sys.argv[1:])).run()))
