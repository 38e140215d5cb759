"""./dev bench commands [--orders 100000]: commands a second of one command-service, as shipped.

Ten commands of each order, many orders at once, are appended to orders.commands before it starts.
Then in turn, some rounds: the command-service decides them into an empty log; bare_log copies the
same records one to one, with values as long as our entries are on the average; Kafka Streams does
the same with exactly-once and a store. per_s is the number of commands over the time between the
first and the last entry's append; a reader with validity counts them afterwards. idle: one command
every 50 ms, from the call that sends it until its valid entry is read. rss: the peak of the
process; growth: of as many commands over ten times as many aggregates.

ratio is to what bare_log prints. Its clock begins when it has consumed its first record, and a new
producer sends nothing for up to a second: that is in its figure, and not in ours, which begins with
the first entry. ratio_append is to the append times of its first and last record; these leave out
that second, and have what was queued meanwhile (at most 200,000 records) in a burst. So the one is
too kind and the other too strict, the less the longer the run. The CPU time of a command is that of
the whole process; it says more than per_s where something else runs, too.

A limit below --floor means that something else used the machine: the run is invalid, exit code 1.
"""

import argparse
import sys
from dataclasses import dataclass, field
from typing import Any

from endings import ended
from measure import command_line, deciding, limits, report, streams
from measure.bed import PARTITIONS, Bed, cpu_seconds, peak_rss_mib
from measure.report import Series
from paths import Failed

NAME = "commands"
EACH = 10
FLOOR = 100_000
ROWS = {
    "per_s": "command-service, commands/s",
    "cpu_us": "  CPU time of a command, us",
    "limit_per_s": "bare_log copy, records/s",
    "limit_append_per_s": "bare_log copy by append times, records/s",
    "streams_per_s": "Kafka Streams, records/s",
    "idle_p50_ms": "command-service idle, p50 ms",
    "idle_p99_ms": "command-service idle, p99 ms",
    "bare_idle_p50_ms": "bare_log idle, p50 ms",
    "bare_idle_p99_ms": "bare_log idle, p99 ms",
    "rss_mib": "peak RSS, MiB",
    "rss_many_mib": "peak RSS, ten times the aggregates, MiB",
}


@dataclass
class Commands:
    """One run."""

    options: argparse.Namespace
    series: Series = field(default_factory=Series)
    value_bytes: int = 0

    @property
    def total(self) -> int:
        return int(self.options.orders) * EACH

    def run(self) -> int:
        machine = report.machine()
        build = command_line.build(self.options.build)
        limits.built("bare_log")
        if self.peers:
            streams.built()
        with Bed(self.options.folder, build, postgres=False) as self.bed:
            deciding.preload(self.bed, self.options.orders, EACH, self.options.open)
            for number in range(self.options.rounds):
                self.round(number)
            self.idle()
            self.grow()
        return self.tell(machine)

    @property
    def peers(self) -> bool:
        return not self.options.without_peers

    def round(self, number: int) -> None:
        """Each kind comes first once; ours in the first round, which says how long entries are."""
        kinds = [self.ours, self.limit, *([self.peer] if self.peers else [])]
        for place in range(len(kinds)):
            kinds[(number + place) % len(kinds)](number)

    def decide(self) -> tuple[dict[str, Any], float, float]:
        """What the log holds in the end, the peak RSS in MiB, the CPU time of a command in us."""
        service = self.bed.start("command-service")
        deciding.wait_until_decided(service, self.total)
        rss = peak_rss_mib(service)
        cpu = 1e6 * cpu_seconds(service) / self.total
        service.stop()
        found = deciding.read_log(self.bed, self.total)
        self.bed.fresh(*deciding.EVENTS)
        return found, rss, cpu

    def ours(self, number: int) -> None:
        found, rss, cpu = self.decide()
        self.series.add(per_s=report.per_second_of(self.total, found), rss_mib=rss, cpu_us=cpu)
        if not self.value_bytes:
            self.value_bytes = round(found["bytes"] / found["decided"])
            records = found["decided"] / found["records"]
            print(f"an entry has {self.value_bytes} bytes, a record {records:.1f} entries")

    def limit(self, number: int) -> None:
        topic = f"limit-{number}"
        self.bed.make_topic(topic)
        found = limits.run("bare_log", "copy", self.bed.brokers, "orders.commands", topic,
                           str(self.total), str(self.value_bytes), str(PARTITIONS))  # fmt: skip
        arguments = ("--brokers", self.bed.brokers, "--topic", topic)
        copied = self.bed.tool.run("reading the copy", self.total, "topic", *arguments)
        if copied["records"] != self.total:
            raise Failed(f"bare_log copied {copied['records']} of {self.total} records")
        by_append = report.per_second_of(self.total, copied)
        self.series.add(limit_per_s=found["per_s"], limit_append_per_s=by_append)
        self.bed.delete(topic)

    def peer(self, number: int) -> None:
        found = streams.per_second(
            self.bed, self.total, self.value_bytes, number, self.options.streams_threads
        )
        self.series.add(streams_per_s=found)

    def idle(self) -> None:
        """On topics that hold nothing else."""
        self.bed.fresh("orders.commands", *deciding.EVENTS)
        service = self.bed.start("command-service")
        count = self.options.idle
        self.bed.make_topic("idle-in")
        self.bed.make_topic("idle-out")
        for number in range(self.options.rounds):
            arguments = ("--brokers", self.bed.brokers, "--commands", str(count))
            mine = self.bed.tool.run("idle", count, "paced", *arguments, "--name", f"idle-{number}")
            self.series.add(idle_p50_ms=mine["p50_us"] / 1000, idle_p99_ms=mine["p99_us"] / 1000)
            bare = limits.run("bare_log", "idle", self.bed.brokers, "idle-in", "idle-out",
                              str(count), str(self.value_bytes), str(PARTITIONS))  # fmt: skip
            self.series.add(
                bare_idle_p50_ms=bare["idle_p50_ms"], bare_idle_p99_ms=bare["idle_p99_ms"]
            )
        service.stop()

    def grow(self) -> None:
        """As many commands, each of an aggregate of its own."""
        self.bed.fresh("orders.commands", *deciding.EVENTS)
        deciding.preload(self.bed, self.total, 1, self.options.open)
        _, rss, _ = self.decide()
        self.series.add(rss_many_mib=rss)

    def tell(self, machine: dict[str, Any]) -> int:
        of = self.series.median
        print(self.series.table(ROWS))
        pairs = [
            ("per_s", f"{of('per_s'):.0f}"),
            ("limit_per_s", f"{of('limit_per_s'):.0f}"),
            ("ratio", f"{of('per_s') / of('limit_per_s'):.3f}"),
        ]
        if self.peers:
            versus = of("per_s") / of("streams_per_s")
            pairs += [
                ("streams_per_s", f"{of('streams_per_s'):.0f}"),
                ("vs_streams", f"{versus:.2f}"),
            ]
        for name in ("idle_p50_ms", "idle_p99_ms", "bare_idle_p50_ms"):
            pairs.append((name, f"{of(name):.2f}"))
        pairs.append(("rss_mib", f"{of('rss_mib'):.0f}"))
        pairs.append(("rss_growth", f"{of('rss_many_mib') / of('rss_mib'):.2f}"))
        by_append = of("per_s") / of("limit_append_per_s")
        pairs.append(("limit_append_per_s", f"{of('limit_append_per_s'):.0f}"))
        pairs.append(("ratio_append", f"{by_append:.3f}"))
        valid = of("limit_per_s") >= self.options.floor
        if not valid:
            print(f"invalid: the limit is below {self.options.floor}/s, so the machine was busy")
        more = {"valid": valid, "value_bytes": self.value_bytes}
        report.finish(NAME, self.options, machine, self.series, pairs, **more)
        return 0 if valid else 1


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = command_line.parser(NAME, __doc__)
    parser.add_argument("--orders", type=int, default=100_000, help="of ten commands each")
    parser.add_argument("--open", type=int, default=1_000, help="orders on their way at once")
    parser.add_argument("--idle", type=int, default=300, help="commands of each idle round")
    parser.add_argument("--streams-threads", type=int, default=2)
    parser.add_argument("--floor", type=int, default=FLOOR, help="of the limit, records/s")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(ended(f"bench {NAME}", lambda: Commands(parse(sys.argv[1:])).run()))
