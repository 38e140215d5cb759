"""A platform of its own to be struck at: Kafka, Postgres, the proxy between them and the services,
and the services by name."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cluster import DATABASE, Kafka, Postgres, Proxied
from faults.kafka_proxy import KafkaProxy
from paths import Failed, Workspace
from processes import CHILDREN, Process, free_port, wait_for
from services import Service, Services

# The group notices an end by kill -9 after its session: 10 s as shipped, 2 s here.
SHORT_SESSION = ("--kafka", "session.timeout.ms=2000", "--kafka", "heartbeat.interval.ms=500")
# For its messages: a broker that is stopped, and a request that is held, outlast it.
SHORT_TIMEOUT = ("--kafka", "message.timeout.ms=2000")
# A broker that comes back after kill -9 waits until the one before it is given up.
SHORT_BROKER_SESSION = {"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500"}
SNAPSHOT_SECONDS = 3
GONE_SECONDS = 20
FOLDCTL_SECONDS = 60


@dataclass
class Member:
    """A service that ends and starts again under one name. `ends` are the exit codes of its
    processes so far; a negative one is a signal's number."""

    stage: "Stage"
    kind: str
    name: str
    options: tuple[str, ...] = ()
    store_name: str = ""  # of the one whose store it uses; else its own
    ends: list[int] = field(default_factory=list)
    service: Service | None = None

    @property
    def process(self) -> Process:
        assert self.service is not None
        return self.service.process

    @property
    def store(self) -> Path:
        return self.stage.services.store_of(self.store_name or self.name)

    def arguments(self) -> tuple[str, ...]:
        common = (*SHORT_SESSION, "--instance", self.name, *self.options)
        if self.kind != "command-service":
            return common
        snapshots = ("--snapshot-interval-seconds", str(SNAPSHOT_SECONDS))
        return (*common, *snapshots, "--store-path", str(self.store))

    def start(self, *more: str, **environment: str) -> None:
        """Does not wait: what it needs may be away."""
        named = {"FOLDSTREAM_KAFKA_BROKERS": self.stage.proxied_brokers, **environment}
        made = self.stage.services.make(self.kind, self.name, **named)
        made.arguments = (*self.arguments(), *more)
        self.service = made
        made.start(wait=False)

    def child(self) -> subprocess.Popen[bytes]:
        pid = int(self.process.pid_file.read_text().split()[0])
        return CHILDREN[pid]

    def note_end(self) -> int | None:
        """The exit code of its process, once; None while it runs, or when it is told already."""
        if self.service is None or self.process.pid() is not None:
            return None
        code = self.child().wait()
        self.ends.append(code)
        self.process.pid_file.unlink()
        self.service = None
        return code

    def end(self, which: signal.Signals) -> int:
        """Signals it and waits for its end; it is killed when it does not go."""
        pid = self.process.pid()
        if pid is not None:
            os.kill(pid, which)
            os.kill(pid, signal.SIGCONT)
            if not wait_for(lambda: self.process.pid() is None, GONE_SECONDS):
                os.kill(pid, signal.SIGKILL)
                wait_for(lambda: self.process.pid() is None, GONE_SECONDS)
        code = self.note_end()
        assert code is not None
        return code

    def stopped(self) -> bool:
        """Whether SIGSTOP holds it."""
        pid = self.process.pid()
        return pid is not None and state_of(pid) == "T"

    def wipe(self) -> None:
        shutil.rmtree(self.store, ignore_errors=True)


def state_of(pid: int) -> str:
    """The kernel's letter; empty when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


class Stage:
    """start() has everything but members run; stop() ends everything that runs here."""

    def __init__(self, folder: Path, build: Path) -> None:
        self.workspace, self.build = Workspace(folder), build
        self.members: dict[str, Member] = {}
        self.guests: list[Member] = []
        self.postgres_server = Postgres(self.workspace, durable=False)
        listener = free_port()
        self.proxy = KafkaProxy(listener, free_port())
        proxied = Proxied(listener, self.proxy.port)
        self.kafka = Kafka(self.workspace, proxied, SHORT_BROKER_SESSION)

    @property
    def proxied_brokers(self) -> str:
        return f"127.0.0.1:{self.proxy.port}"

    def start(self) -> None:
        self.clean()
        self.proxy.start()
        self.postgres_port = self.postgres_server.start(0)
        self.kafka_port = self.kafka.start(0)
        self.brokers = f"127.0.0.1:{self.kafka_port}"
        self.postgres = f"postgresql://{DATABASE}@127.0.0.1:{self.postgres_port}/{DATABASE}"
        environment = {
            "FOLDSTREAM_KAFKA_BROKERS": self.brokers,
            "FOLDSTREAM_POSTGRES_URL": self.postgres,
            # What a run covers does not count for the coverage of unit tests.
            "GCOV_PREFIX": str(self.workspace.data / "gcov"),
        }
        self.services = Services(self.workspace, self.build, environment)
        for step in (("topics", "apply"), ("migrate",)):
            self.foldctl(*step)

    def foldctl(self, *arguments: str) -> None:
        if not self.try_foldctl(*arguments):
            log = self.workspace.logs / "foldctl.log"
            raise Failed(f"foldctl {' '.join(arguments)} failed", log)

    def try_foldctl(self, *arguments: str) -> bool:
        """What it needs may be away."""
        log = self.workspace.logs / "foldctl.log"
        with log.open("ab") as out, suppress(subprocess.TimeoutExpired):
            done = subprocess.run(
                self.services.foldctl(*arguments),
                stdout=out,
                stderr=out,
                env={**os.environ, **self.services.environment},
                check=False,
                timeout=FOLDCTL_SECONDS,
            )
            return done.returncode == 0
        return False

    def member(self, kind: str, name: str, *options: str) -> Member:
        made = Member(self, kind, name, options)
        self.members[name] = made
        return made

    def guest(self, kind: str, name: str) -> Member:
        """One that is there for a while; whoever asks for it ends it."""
        made = Member(self, kind, name)
        self.guests.append(made)
        return made

    @property
    def everybody(self) -> list[Member]:
        return [*self.members.values(), *self.guests]

    def of_kind(self, kind: str) -> Iterator[Member]:
        return (member for member in list(self.members.values()) if member.kind == kind)

    def stop(self) -> None:
        for member in self.everybody:
            if member.service is not None and member.process.pid() is not None:
                member.end(signal.SIGTERM)
        self.kafka.stop()
        self.postgres_server.stop()
        if self.proxy.thread.is_alive():
            self.proxy.stop()

    def clean(self) -> None:
        """Throws away the data of an earlier run, and its logs: they are evidence of this one."""
        shutil.rmtree(self.postgres_server.data, ignore_errors=True)
        shutil.rmtree(self.workspace.root, ignore_errors=True)
