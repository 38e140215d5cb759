"""Strikes at a stage, drawn from a seed: at its processes in one thread, at its servers and
connections in another. Each class comes once before any comes again.

What a strike was worth is counted where it left a trace (tests/faults/evidence.py); `struck` counts
those whose aim was seen to be reached.
"""

import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg

from faults.kafka_proxy import PRODUCE, Match, Way
from faults.sight import Sight
from faults.stage import SHORT_TIMEOUT, SNAPSHOT_SECONDS, Member, Stage
from processes import tail, wait_for

# Points that every record passes, and those that a process passes now and then: the n-th passing
# that is drawn.
OFTEN, SELDOM = 100, 2
COMMAND_POINTS = {
    "claim-sent": SELDOM,
    "claim-read": SELDOM,
    "decided": OFTEN,
    "sent": OFTEN,
    "read-back": OFTEN,
    "stored": OFTEN,
    "answered": OFTEN,
    "snapshot-sent": OFTEN,
    "snapshots-delivered": SELDOM,
    "marker-sent": SELDOM,
    "marker-read": SELDOM,
    "pointer-sent": SELDOM,
    "tombstones-sent": SELDOM,
    "restore-begun": 1,
    "restored": 1,
    "keys-looked-up": 1,
    "keys-learned": 1,
}
# Passed when an operator has said so, and at no other time.
DELETION_POINTS = {"pointer-deleted": 1, "deletions-sent": 1, "snapshots-deleted": 1}
PROJECTOR_POINTS = {
    "folded": 30,
    "begun": 30,
    "checkpoint-locked": 30,
    "rows-written": 30,
    "before-commit": 30,
    "committed": 30,
    "offset-committed": 30,
}
SNAPSHOTS = b"orders.snapshots"
FENCED = "claiming anew"
FENCE_SECONDS = 5
REACH_SECONDS = 20
BREATH_SECONDS = {"processes": (0.2, 1.0), "servers": (1.0, 4.0)}
Strike = Callable[[], bool]


@dataclass
class Director:
    """`start()` … `finish()`. Problems are sentences about what no strike explains."""

    stage: Stage
    sight: Sight
    seed: int
    struck: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    zombies: int = 0
    twins: list[tuple[str, str]] = field(default_factory=list)  # a nonce, and who had it
    terminated: int = 0
    number: int = 0

    def __post_init__(self) -> None:
        self.over = threading.Event()
        self.failure: Exception | None = None
        self.process_random = random.Random(f"{self.seed}/processes")
        self.server_random = random.Random(f"{self.seed}/servers")
        lanes = (
            (self.process_strikes(), self.process_random, BREATH_SECONDS["processes"]),
            (self.server_strikes(), self.server_random, BREATH_SECONDS["servers"]),
        )
        self.threads = [threading.Thread(target=self.run, args=lane) for lane in lanes]

    # --- the run ---

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def finish(self) -> None:
        """Ends after the strikes under way; everything is whole again."""
        self.over.set()
        for thread in self.threads:
            thread.join()
        self.stage.proxy.mend()
        if self.failure is not None:
            raise self.failure

    def unstruck(self) -> list[str]:
        """Classes that have not reached their aim yet."""
        strikes = {**self.process_strikes(), **self.server_strikes()}
        return sorted(name for name in strikes if not self.struck[name])

    def run(
        self, strikes: dict[str, Strike], draw: random.Random, breath: tuple[float, float]
    ) -> None:
        try:
            for name in deck(strikes, draw, self.struck):
                if self.over.is_set():
                    return
                self.struck[name] += strikes[name]()
                self.look_after()
                # Something has to happen between two strikes, or they strike at nothing.
                seen = self.sight.entries()
                wait_for(
                    lambda seen=seen: self.sight.entries() > seen + 20,  # type: ignore[misc]
                    FENCE_SECONDS,
                )
                self.over.wait(draw.uniform(*breath))
        except Exception as failure:  # told by finish()
            self.failure = failure
            self.over.set()

    def look_after(self) -> None:
        """Only the thread that strikes at processes starts them again."""
        if threading.current_thread() is not self.threads[0]:
            return
        for member in list(self.stage.members.values()):
            if member.service is None:
                continue
            log = member.process.log
            code = member.note_end()
            if code is not None:
                said = tail(log, 3)
                self.problems.append(f"{member.name} ended by itself with code {code}: {said}")
                member.start()

    # --- processes ---

    def process_strikes(self) -> dict[str, Strike]:
        strikes: dict[str, Strike] = {
            "kill": self.kill,
            "kill-and-wipe": self.kill_and_wipe,
            "pause": self.pause,
            "pause-projector": self.pause_projector,
            "kill-projector": self.kill_projector,
            "point-kill": lambda: self.point("command-service", COMMAND_POINTS, "kill"),
            "point-stop": lambda: self.point("command-service", COMMAND_POINTS, "stop"),
            "point-projector": lambda: self.point("projector", PROJECTOR_POINTS, "kill"),
            "point-deletion": self.deletion,
            "leave": self.leave,
            "join": self.join,
            "forced": self.forced,
            "twins": self.twin,
            "one-store": self.one_store,
            "snapshots-lost": lambda: self.snapshots("drop"),
            "snapshots-late": lambda: self.snapshots("hold"),
        }
        return strikes

    def any_member(self, kind: str) -> Member:
        return self.process_random.choice(sorted(self.stage.of_kind(kind), key=lambda m: m.name))

    def again(self, member: Member) -> None:
        """Now and then with a time-out for its messages that a stopped broker outlasts."""
        short = member.kind == "command-service" and self.process_random.random() < 0.3
        member.start(*(SHORT_TIMEOUT if short else ()))

    def kill(self) -> bool:
        member = self.any_member("command-service")
        code = member.end(signal.SIGKILL)
        self.again(member)
        return code == -signal.SIGKILL

    def kill_and_wipe(self) -> bool:
        member = self.any_member("command-service")
        code = member.end(signal.SIGKILL)
        member.wipe()
        self.again(member)
        return code == -signal.SIGKILL

    def kill_projector(self) -> bool:
        member = self.any_member("projector")
        code = member.end(signal.SIGKILL)
        self.again(member)
        return code == -signal.SIGKILL

    def pause(self) -> bool:
        """Stopped until others own what it had, then continued."""
        member = self.any_member("command-service")
        owned = wait_for(lambda: member.name in self.sight.owners(), REACH_SECONDS)
        member.process.send(signal.SIGSTOP)
        taken = wait_for(lambda: member.name not in self.sight.owners(), REACH_SECONDS)
        return self.resume(member) and owned and taken

    def resume(self, member: Member) -> bool:
        """Whether it went on as a zombie: it wrote what does not count, or found itself fenced."""
        log = member.process.log
        began, ignored = log.stat().st_size, self.sight.ignored_of(member.name)

        def noticed() -> bool:
            with log.open("rb") as lines:
                lines.seek(began)
                fenced = FENCED.encode() in lines.read()
            return fenced or self.sight.ignored_of(member.name) > ignored

        member.process.send(signal.SIGCONT)
        zombie = wait_for(noticed, REACH_SECONDS)
        self.zombies += zombie
        return zombie

    def pause_projector(self) -> bool:
        member = self.any_member("projector")
        owned = wait_for(lambda: member.name in self.sight.appliers(), REACH_SECONDS)
        member.process.send(signal.SIGSTOP)
        taken = wait_for(lambda: member.name not in self.sight.appliers(), REACH_SECONDS)
        member.process.send(signal.SIGCONT)
        return owned and taken

    def point(self, kind: str, points: dict[str, int], action: str) -> bool:
        """A process that is struck between two steps of its own."""
        member = self.any_member(kind)
        # One that is stopped goes on afterwards, and nothing may stop it again.
        chosen = self.process_random.sample(sorted(points), 1 if action == "stop" else 3)
        said = (f"{p}={action}@{self.process_random.randint(1, points[p])}" for p in chosen)
        member.end(self.process_random.choice((signal.SIGKILL, signal.SIGTERM)))
        if "restore-begun" in chosen or "restored" in chosen:
            member.wipe()
        member.start(FOLDSTREAM_FAULT=",".join(said))
        ended = wait_for(lambda: member.process.pid() is None or member.stopped(), REACH_SECONDS)
        if member.process.pid() is not None and member.stopped():
            wait_for(lambda: member.name not in self.sight.owners(), REACH_SECONDS)
            self.resume(member)
            return True
        code = member.end(signal.SIGTERM) if member.process.pid() is not None else member.note_end()
        self.again(member)
        return ended and code == -signal.SIGKILL

    def deletion(self) -> bool:
        """An owner is told to delete its snapshots, and ends between two steps of that."""
        member = self.any_member("command-service")
        chosen = self.process_random.choice(sorted(DELETION_POINTS))
        member.end(signal.SIGTERM)
        opened = self.sight.epochs_of(member.name)
        member.start(FOLDSTREAM_FAULT=f"{chosen}=kill@{DELETION_POINTS[chosen]}")
        wait_for(lambda: self.sight.epochs_of(member.name) > opened, REACH_SECONDS)
        for number in self.sight.owned_by(member.name):
            self.stage.try_foldctl(
                "snapshots", "delete", "orders", "--partition", str(number), "--yes", "--wait", "0"
            )
        ended = wait_for(lambda: member.process.pid() is None, REACH_SECONDS)
        code = member.note_end() if ended else member.end(signal.SIGTERM)
        self.again(member)
        return code == -signal.SIGKILL

    def leave(self) -> bool:
        member = self.any_member("command-service")
        code = member.end(signal.SIGTERM)
        if code != 0:
            self.problems.append(f"{member.name} ended with {code} when it was asked to")
        seen = self.sight.entries()
        wait_for(lambda: self.sight.entries() > seen, FENCE_SECONDS)
        self.again(member)
        return code == 0

    def join(self) -> bool:
        """One more for a while."""
        member = self.extra("joiner")
        member.start()
        owns = wait_for(lambda: member.name in self.sight.owners(), REACH_SECONDS)
        member.end(self.process_random.choice((signal.SIGKILL, signal.SIGTERM)))
        return owns

    def extra(self, called: str) -> Member:
        self.number += 1
        return self.stage.guest("command-service", f"{called}-{self.number}")

    def forced(self) -> bool:
        """One that owns everything, whatever the group says."""
        member = self.extra("forced")
        member.start(FOLDSTREAM_FORCE_ASSIGN="1")
        everything = len(self.sight.watch.logs)
        claimed = wait_for(
            lambda: len(self.sight.claims_of(member.name)) == everything, REACH_SECONDS
        )
        seen = self.sight.entries()
        wait_for(lambda: self.sight.entries() > seen + 100, FENCE_SECONDS)
        member.end(self.process_random.choice((signal.SIGKILL, signal.SIGTERM)))
        return claimed

    def twin(self) -> bool:
        """Two with one nonce: each takes the claim of the other for its own."""
        nonce = f"{self.process_random.getrandbits(128):032x}"
        both = (self.extra("twin"), self.extra("twin"))
        for member in both:
            self.twins.append((nonce, member.name))
            member.start(FOLDSTREAM_FORCE_ASSIGN="1", FOLDSTREAM_NONCE=nonce)
        before = self.struck["twins"]
        claimed = wait_for(lambda: self.sight.twins(self.twins) > before, 2 * REACH_SECONDS)
        seen = self.sight.entries()
        wait_for(lambda: self.sight.entries() > seen + 100, FENCE_SECONDS)
        for member in both:
            member.end(signal.SIGKILL)
        return claimed

    def one_store(self) -> bool:
        """A second process with the folder of a living one has to refuse, and to say why."""
        owner = self.any_member("command-service")
        second = self.extra("second")
        second.store_name = owner.name
        second.start()
        log = second.process.log
        if not wait_for(lambda: second.process.pid() is None, REACH_SECONDS):
            second.end(signal.SIGKILL)
            self.problems.append(f"two processes run on the store {owner.store}")
            return False
        code = second.note_end()
        said = tail(log, 5)
        if code in (None, 0) or code < 0 or str(owner.store) not in said:
            self.problems.append(f"the second process on one store ended with {code}: {said}")
            return False
        return True

    def snapshots(self, what: str) -> bool:
        """A process ends while its snapshots are under way: they never arrive, or when another has
        long written its own."""
        proxy, counted = self.stage.proxy, "held" if what == "hold" else "dropped"
        before = proxy.count(counted)
        (proxy.hold if what == "hold" else proxy.drop)("requests", Match(PRODUCE, SNAPSHOTS))
        struck = wait_for(lambda: proxy.count(counted) > before, REACH_SECONDS)
        self.over.wait(1)  # for a marker that vouches for them, if somebody were to write one
        member = self.any_member("command-service")
        member.end(signal.SIGKILL)
        if what == "hold":
            wait_for(lambda: member.name not in self.sight.owners(), REACH_SECONDS)
            self.over.wait(SNAPSHOT_SECONDS)
            proxy.release()
        else:
            # Who waits for a dropped request's answer would wait for long.
            proxy.mend()
            proxy.cut()
        self.again(member)
        return struck

    # --- servers and connections ---

    def server_strikes(self) -> dict[str, Strike]:
        return {
            "broker-kill": lambda: self.broker(signal.SIGKILL),
            "broker-restart": lambda: self.broker(signal.SIGTERM),
            "broker-stop": self.broker_stop,
            "postgres-kill": lambda: self.postgres(signal.SIGKILL),
            "postgres-immediate": lambda: self.postgres(signal.SIGQUIT),
            "postgres-terminate": self.terminate,
            "cut": self.cut,
            "half-open": self.half_open,
            "delay": self.delay,
            "produce-held": lambda: self.produce("hold", "answers"),
            "produce-dropped": lambda: self.produce("drop", "answers"),
            "produce-late": lambda: self.produce("hold", "requests"),
        }

    def for_a_while(self, least: float, most: float) -> None:
        self.over.wait(self.server_random.uniform(least, most))

    def broker(self, which: signal.Signals) -> bool:
        self.stage.kafka.process.stop(which, 30)
        self.stage.kafka.start_again(self.stage.kafka_port)
        return True

    def broker_stop(self) -> bool:
        """Longer than a short message time-out, with batches in flight."""
        self.stage.kafka.process.send(signal.SIGSTOP)
        self.for_a_while(3, 6)
        self.stage.kafka.process.send(signal.SIGCONT)
        return True

    def postgres(self, which: signal.Signals) -> bool:
        self.stage.postgres_server.process.stop(which, 30)
        self.stage.postgres_server.start_again(self.stage.postgres_port)
        return True

    def terminate(self) -> bool:
        """Several times: what matters is the moment."""
        statement = """
        SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE usename = 'foldstream_projector'"""
        before = self.terminated
        for _ in range(5):
            with psycopg.connect(self.stage.postgres, autocommit=True) as connection:
                (count,) = connection.execute(statement).fetchone() or (0,)
                self.terminated += int(count)
            self.for_a_while(0.1, 0.6)
        return self.terminated > before

    def cut(self) -> bool:
        cut = 0
        for _ in range(self.server_random.randint(1, 4)):
            cut += self.stage.proxy.cut()
            self.for_a_while(0.05, 0.5)
        return cut > 0

    def half_open(self) -> bool:
        ways: tuple[Any, ...] = self.server_random.choice(((), ("requests",), ("answers",)))
        before = self.stage.proxy.count("swallowed")
        self.stage.proxy.half_open(*ways)
        self.for_a_while(2, 5)
        self.stage.proxy.mend()
        return self.stage.proxy.count("swallowed") > before

    def delay(self) -> bool:
        before = self.stage.proxy.count("delayed")
        self.stage.proxy.delay(self.server_random.uniform(0.05, 0.4))
        self.for_a_while(2, 4)
        self.stage.proxy.mend()
        return self.stage.proxy.count("delayed") > before

    def produce(self, what: str, way: Way) -> bool:
        """The broker has written and nobody is told; or it is told late what to write, when the
        writer has given up."""
        proxy, counted = self.stage.proxy, "held" if what == "hold" else "dropped"
        before = proxy.count(counted)
        (proxy.hold if what == "hold" else proxy.drop)(way)
        struck = wait_for(lambda: proxy.count(counted) > before, REACH_SECONDS)
        self.for_a_while(2, 4)
        # Who waits for a dropped answer would wait for long: its connection goes, too.
        if what == "drop":
            proxy.cut()
        proxy.mend()
        return struck


def deck(strikes: dict[str, Strike], draw: random.Random, struck: Counter[str]) -> Iterator[str]:
    """All of them in some order, and all of them again: what has not struck yet comes first."""
    while True:
        names = sorted(strikes)
        draw.shuffle(names)
        yield from sorted(names, key=lambda name: struck[name] > 0)
