"""./dev soak exactly-once [--minutes 20] [--seed S]: three command-services and two projectors
under load and random strikes, then a calm phase that must catch up, then the oracle.

The last line is `soak-exactly-once: commands=… kills=… … violations=0`. Every violation is a
sentence before it; a class of strikes that left no trace fails the run, too. Logs, acknowledged
answers and data stay in the folder of the run until the next one.
"""

import argparse
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from endings import ended
from faults.director import Director
from faults.evidence import Evidence, last_line, missing
from faults.sight import Sight
from faults.stage import SHORT_TIMEOUT, Stage
from faults.traffic import Clients, Replies, Traffic
from oracle import answers
from oracle.bodies import BODIES
from oracle.compare import COMMANDS, compare
from paths import DEV, ROOT
from processes import wait_for
from progress import Progress

READY_SECONDS = 60
CUT_SECONDS = 20
SHOWN = 50


@dataclass
class Options:
    """Of one run."""

    seed: int
    seconds: float
    build: Path
    folder: Path
    rate: int = 150
    overtime: float = 300  # more seconds, at most, until each class has struck
    calm_seconds: float = 180


@dataclass
class Soak:
    """One run. `violations` are sentences."""

    options: Options
    violations: list[str] = field(default_factory=list)

    def run(self) -> int:
        print(f"seed {self.options.seed}, files in {shown(self.options.folder)}", flush=True)
        self.bodies = BODIES
        self.stage = Stage(self.options.folder, self.options.build)
        try:
            self.stage.start()
            self.start_members()
            with self.watched():
                self.strike()
                self.calm()
                return self.judge()
        finally:
            self.stage.stop()

    def start_members(self) -> None:
        for kind, count in (("command-service", 3), ("projector", 2)):
            for number in range(1, count + 1):
                short = SHORT_TIMEOUT if number == 3 else ()
                self.stage.member(kind, f"{kind}-{number}", *short).start()
        for member in self.stage.members.values():
            assert member.service is not None
            member.service.wait_ready(READY_SECONDS)

    @contextmanager
    def watched(self) -> Iterator[None]:
        stage, seed = self.stage, self.options.seed
        acks = stage.workspace.root / "answers.jsonl"
        self.sight = Sight(stage.brokers, stage.postgres, self.bodies)
        self.replies = Replies(stage.brokers, self.bodies, acks)
        clients = Clients("soak", seed, self.replies.partitions, self.bodies)
        self.traffic = Traffic(stage.brokers, clients, self.options.rate)
        self.director = Director(stage, self.sight, seed)
        self.replies.start()
        self.traffic.start()
        try:
            yield
        finally:
            for part in (self.director, self.traffic, self.replies):
                part.over.set()
            self.sight.close()

    def strike(self) -> None:
        self.director.start()
        began = time.monotonic()
        until = began + self.options.seconds
        latest = until + self.options.overtime
        next_cut = began + CUT_SECONDS
        with Progress("striking", int(self.options.seconds)) as progress:
            while not self.director.over.is_set():
                now = time.monotonic()
                if now >= latest or (now >= until and not self.director.unstruck()):
                    break
                if now >= next_cut:
                    self.violations += self.sight.cut()
                    # The longer the log, the longer it takes, and the others wait for it.
                    took = time.monotonic() - now
                    next_cut = time.monotonic() + max(CUT_SECONDS, 10 * took)
                progress.at(int(now - began), self.note())
                self.director.over.wait(0.5)
            self.director.finish()

    def note(self) -> str:
        struck = sum(self.director.struck.values())
        counts = f"commands {self.traffic.sent:,} entries {self.sight.entries():,}"
        return f"{counts} answers {self.replies.seen:,} strikes {struck} cuts {self.sight.cuts}"

    def calm(self) -> None:
        """Nothing strikes, nobody sends: everything has to be decided and applied, in time."""
        self.traffic.finish()
        for member in self.stage.members.values():
            if member.service is None:
                member.start()
        ends = {number: self.sight.end_of(COMMANDS, number) for number in self.sight.watch.logs}
        began = time.monotonic()
        with Progress("catching up", int(self.options.calm_seconds)) as progress:

            def done() -> bool:
                progress.at(int(time.monotonic() - began), self.note())
                return self.sight.decided(ends) and self.sight.applied()

            if not wait_for(done, self.options.calm_seconds):
                bound = f"not caught up after {self.options.calm_seconds:.0f} s"
                self.violations.append(f"{bound}: {self.sight.behind(ends)}")
        self.calm_took = time.monotonic() - began
        self.replies.finish()

    def judge(self) -> int:
        stage, director = self.stage, self.director
        told = answers.read(self.replies.file)
        report = compare(stage.brokers, stage.postgres, 30, told)
        evidence = Evidence(stage, director, report)
        self.violations += report.differences + director.problems + self.replies.problems
        self.violations += evidence.standstills()
        counts = evidence.counts()
        print("strikes: " + " ".join(f"{k}={v}" for k, v in sorted(director.struck.items())))
        print("log: " + " ".join(f"{k}={v}" for k, v in sorted(report.verdicts.items())))
        print("outcomes: " + " ".join(f"{k}={v}" for k, v in sorted(report.outcomes.items())))
        checked = f"derived={report.derived} answers={report.answers} rows={report.rows}"
        snapped = f"snapshots={report.snapshots} markers={report.markers} cuts={self.sight.cuts}"
        print(f"checked: {checked} {snapped}; calm after {self.calm_took:.0f} s")
        failed = [f"no {name}: this class never struck" for name in missing(counts)]
        failed += [f"no {name} reached its aim" for name in director.unstruck()]
        failed += [f"no {name} were checked" for name in EVIDENCE if not getattr(report, name)]
        if report.answers < report.commands / 2:
            failed.append(f"{report.answers} answers to {report.commands} commands")
        for sentence in (*self.violations[:SHOWN], *failed):
            print(sentence)
        if len(self.violations) > SHOWN:
            print(f"… and {len(self.violations) - SHOWN} more")
        print(last_line(counts, len(self.violations)), flush=True)
        return 1 if self.violations or failed else 0


EVIDENCE = ("answers", "snapshots", "markers")


def shown(folder: Path) -> Path:
    return folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder


def parse(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="./dev soak exactly-once", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20, help="of strikes; default 20")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--rate", type=int, default=150, help="commands a second; default 150")
    parser.add_argument(
        "--build", type=Path, help="with test hooks; default: builds the preset dev"
    )
    parser.add_argument("--folder", type=Path, default=DEV / "soak" / "exactly-once")
    given = parser.parse_args(arguments)
    build: Path | None = given.build
    if build is None:
        import build as building

        build = building.build("dev")
    return Options(given.seed, 60 * given.minutes, build.resolve(), given.folder, given.rate)


def main(arguments: list[str]) -> int:
    return ended("soak exactly-once", lambda: Soak(parse(arguments)).run())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
