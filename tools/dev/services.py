"""Our own processes of one workspace: started, killed, started again, waited for."""

import os
import signal
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cluster import Cluster, Postgres
from paths import Failed, Workspace
from processes import Process, free_port

READY_SECONDS = 60
NAMES = ("command-service", "projector", "query-service")
# Where clients find those that serve them.
ADDRESSES = {
    "command-service": "FOLDSTREAM_COMMAND_URL",
    "query-service": "FOLDSTREAM_QUERY_URL",
}
# Who connects to our own Postgres as whom; another's is used as its address says.
ROLES = {"projector": "foldstream_projector", "query-service": "foldstream_query"}


@dataclass
class Service:
    """One process. `name` is its log's and pid file's, `program` what runs."""

    workspace: Workspace
    program: Path
    name: str
    environment: Mapping[str, str]
    arguments: tuple[str, ...] = ()
    admin_port: int = field(default_factory=free_port)
    http_port: int | None = None  # None: it serves no clients

    @property
    def process(self) -> Process:
        logs = self.workspace.logs
        return Process(
            self.name, self.workspace.run / f"{self.name}.pid", logs / f"{self.name}.log"
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def start(self, wait: bool = True) -> None:
        command = [str(self.program), "--admin-port", str(self.admin_port), *self.arguments]
        if self.http_port is not None:
            command += ["--http-port", str(self.http_port)]
        self.process.start(command, {**os.environ, **self.environment})
        if wait:
            self.wait_ready()

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        self.process.wait_ready(self.ready, seconds, "ready")

    def ready(self) -> bool:
        return fetch(f"http://127.0.0.1:{self.admin_port}/readyz")[0] == 200

    def kill(self) -> None:
        self.process.stop(signal.SIGKILL)

    def stop(self) -> None:
        self.process.stop(signal.SIGTERM)


def fetch(url: str, seconds: float = 5) -> tuple[int, str]:
    """Status and body; 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()
    except OSError:
        return 0, ""


@dataclass
class Services:
    """The processes over one cluster, from the programs of one build."""

    workspace: Workspace
    build: Path
    environment: dict[str, str]
    own_postgres: bool = True

    def foldctl(self, *arguments: str) -> list[str]:
        return [str(self.build / "bin" / "foldctl"), *arguments]

    def url_for(self, name: str) -> str:
        url = self.environment["FOLDSTREAM_POSTGRES_URL"]
        role = ROLES.get(name)
        return url.replace("//foldstream@", f"//{role}@") if role and self.own_postgres else url

    def store_of(self, service: str) -> Path:
        """The folder of a command-service's local store: no two processes share one."""
        return self.workspace.data / "store" / service

    def make(self, name: str, called: str = "", **extra: str) -> Service:
        """A service of the kind `name`; `called` when there are several of it."""
        program = self.build / "bin" / name
        if not program.exists():
            raise Failed(f"{program} is not built")
        environment = {**self.environment, "FOLDSTREAM_POSTGRES_URL": self.url_for(name), **extra}
        if name == "command-service":
            del environment["FOLDSTREAM_POSTGRES_URL"]
        arguments: tuple[str, ...] = ()
        if name == "command-service":
            arguments = ("--store-path", str(self.store_of(called or name)))
        service = Service(self.workspace, program, called or name, environment, arguments)
        if name in ADDRESSES:
            # The address that clients are given, for the first one that runs.
            port = environment.get(ADDRESSES[name], "").rpartition(":")[2]
            service.http_port = free_port(int(port or 0))
        return service


def up(
    workspace: Workspace,
    build: Path,
    cluster: Cluster,
    ports: tuple[int, int, int, int] = (9092, 5432, 8080, 8081),
) -> Services:
    """Kafka, Postgres, and the addresses of the services, which are made but not started."""
    environment = cluster.start(ports[0], ports[1])
    environment["FOLDSTREAM_COMMAND_URL"] = f"http://127.0.0.1:{free_port(ports[2])}"
    environment["FOLDSTREAM_QUERY_URL"] = f"http://127.0.0.1:{free_port(ports[3])}"
    cluster.write_env(environment)
    own = Postgres(workspace).process.pid() is not None
    return Services(workspace, build, environment, own)
