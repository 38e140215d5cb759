"""A Kafka (KRaft, one node) and a Postgres of our own, on 127.0.0.1 only.

    .dev/venv/bin/python tools/dev/cluster.py start|stop FOLDER

The lanes of ./dev test call it so: ports are any free ones and the data is thrown away.
Nothing is touched that was not started here.
"""

import argparse
import base64
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from paths import KAFKA_LIBS, Failed, Workspace
from processes import Process, free_port, listening, tail

POSTGRES_BIN = Path("/usr/lib/postgresql/15/bin")
DATABASE = "foldstream"
START_SECONDS = 90

KAFKA_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners={listeners}
advertised.listeners={advertised}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
num.partitions=4
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
"""


@dataclass(frozen=True)
class Proxied:
    """A listener for clients that come through a proxy: where the broker listens, and the proxy's
    port, which they are told to use."""

    port: int
    advertised: int


@dataclass
class Kafka:
    """The broker. Its ports are chosen by start() and kept in its properties; `settings` are more
    of those."""

    workspace: Workspace
    proxied: Proxied | None = None
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def process(self) -> Process:
        return Process("kafka", self.workspace.run / "kafka.pid", self.workspace.logs / "kafka.log")

    @property
    def properties(self) -> Path:
        return self.workspace.data / "kafka.properties"

    def java(self, main: str, *arguments: str | Path, heap: str = "512m") -> list[str | Path]:
        options = (f"-Xmx{heap}", "-XX:+UseSerialGC", "-Djava.awt.headless=true")
        prefix = "-Dorg.slf4j.simpleLogger"
        log = (f"{prefix}.showDateTime=true", f"{prefix}.dateTimeFormat=HH:mm:ss.SSS")
        return ["java", *options, *log, "-cp", f"{KAFKA_LIBS}/*", main, *arguments]

    def start(self, preferred: int) -> int:
        data = self.workspace.data / "kafka"
        port = free_port(preferred)
        fresh = not (data / "meta.properties").exists()
        data.mkdir(parents=True, exist_ok=True)
        controller = free_port()
        listeners = [f"PLAINTEXT://127.0.0.1:{port}", f"CONTROLLER://127.0.0.1:{controller}"]
        advertised = listeners[:1]
        if self.proxied:
            listeners.append(f"PROXIED://127.0.0.1:{self.proxied.port}")
            advertised.append(f"PROXIED://127.0.0.1:{self.proxied.advertised}")
        self.properties.write_text(
            KAFKA_PROPERTIES.format(
                listeners=",".join(listeners),
                advertised=",".join(advertised),
                controller=controller,
                data=data,
            )
            + "".join(f"{key}={value}\n" for key, value in self.settings.items())
        )
        if fresh:
            self.format()
        self.start_again(port)
        return port

    def start_again(self, port: int) -> None:
        """On the ports that it had; `port` is the first one."""
        self.process.start(self.java("kafka.Kafka", self.properties), os.environ)
        self.process.wait_ready(lambda: listening(port) and answers(port), START_SECONDS, "ready")

    def format(self) -> None:
        log = self.process.log
        log.parent.mkdir(parents=True, exist_ok=True)
        # As an argument it must not begin with a dash: the first letter is never one.
        cluster = "F" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        command = self.java(
            "kafka.tools.StorageTool", "format", "-t", cluster, "-c", self.properties, heap="128m"
        )
        with log.open("ab") as out:
            if subprocess.run(command, stdout=out, stderr=out, check=False).returncode:
                raise Failed("Kafka's storage could not be formatted", log)

    def stop(self) -> None:
        self.process.stop(signal.SIGTERM, 30)


def answers(port: int) -> bool:
    """Whether the broker serves its metadata."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{port}", "log_level": 0})
    try:
        return bool(admin.list_topics(timeout=5).brokers)
    except KafkaException:
        return False


@dataclass
class Postgres:
    """As root it runs as the user postgres, its data outside of a home that postgres cannot
    enter; else it runs as the user itself."""

    workspace: Workspace
    durable: bool = True

    @property
    def process(self) -> Process:
        logs = self.workspace.logs
        return Process("postgres", self.workspace.run / "postgres.pid", logs / "postgres.log")

    @property
    def user(self) -> str | None:
        return "postgres" if os.geteuid() == 0 else None

    @property
    def data(self) -> Path:
        if self.user is None:
            return self.workspace.data / "postgres"
        name = hashlib.sha256(str(self.workspace.root).encode()).hexdigest()[:16]
        return Path("/var/tmp/foldstream") / name

    def initialise(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        self.data.chmod(0o700)
        if self.user:
            self.data.parent.chmod(0o755)
            shutil.chown(self.data, self.user, self.user)
        log = self.process.log
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [str(POSTGRES_BIN / "initdb"), "-D", str(self.data)]
        command += ["-U", DATABASE, "-A", "trust"]
        command += ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        account = pwd.getpwnam(self.user) if self.user else None
        with log.open("ab") as out:
            failed = subprocess.run(
                command,
                stdout=out,
                stderr=out,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
                cwd="/",
                check=False,
            ).returncode
        if failed:
            raise Failed("Postgres' data folder could not be made", log)

    def start(self, preferred: int) -> int:
        if not (self.data / "PG_VERSION").exists():
            self.initialise()
        port = free_port(preferred)
        self.start_process(port)
        return port

    def start_again(self, port: int) -> None:
        """On the port that it had. Children of one that was killed keep its data for a moment."""
        started = False
        deadline = time.monotonic() + START_SECONDS
        while not started:
            try:
                self.start_process(port)
                started = True
            except Failed:
                if self.process.pid() is not None or time.monotonic() > deadline:
                    raise

    def start_process(self, port: int) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": "",
            "max_connections": 100,
            "fsync": "on" if self.durable else "off",
        }
        command: list[str | Path] = [POSTGRES_BIN / "postgres", "-D", self.data]
        for key, value in settings.items():
            command += ["-c", f"{key}={value}"]
        self.process.start(command, os.environ, self.user, Path("/"))
        self.process.wait_ready(lambda: accepts(port), START_SECONDS, "ready")

    def stop(self) -> None:
        self.process.stop(signal.SIGINT, 30)


def accepts(port: int) -> bool:
    """Whether Postgres takes connections; makes the database when it is not there."""
    import psycopg

    try:
        url = f"postgresql://{DATABASE}@127.0.0.1:{port}/postgres"
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if row.fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")
    except psycopg.OperationalError:
        return False
    return True


@dataclass
class Cluster:
    """Both of them. With `external`, what the environment names is used instead of an own one."""

    workspace: Workspace
    throwaway: bool = False
    external: bool = False

    def start(self, kafka_port: int, postgres_port: int) -> dict[str, str]:
        """The environment of everything that uses the cluster; also written to workspace.env."""
        named = os.environ if self.external else {}
        brokers = named.get("FOLDSTREAM_KAFKA_BROKERS", "")
        postgres = named.get("FOLDSTREAM_POSTGRES_URL", "")
        if not postgres:
            port = Postgres(self.workspace, not self.throwaway).start(postgres_port)
            postgres = f"postgresql://{DATABASE}@127.0.0.1:{port}/{DATABASE}"
        if not brokers:
            brokers = f"127.0.0.1:{Kafka(self.workspace).start(kafka_port)}"
        environment = {"FOLDSTREAM_KAFKA_BROKERS": brokers, "FOLDSTREAM_POSTGRES_URL": postgres}
        self.write_env(environment)
        return environment

    def write_env(self, environment: dict[str, str]) -> None:
        self.workspace.root.mkdir(parents=True, exist_ok=True)
        text = "".join(f"export {key}='{value}'\n" for key, value in environment.items())
        self.workspace.env.touch(mode=0o600)
        self.workspace.env.write_text(text)

    def stop(self) -> None:
        """Everything that has a pid file in this workspace: the services first."""
        own = (Kafka(self.workspace), Postgres(self.workspace))
        for pid_file in sorted(self.workspace.run.glob("*.pid")):
            if pid_file.stem not in ("kafka", "postgres"):
                Process(pid_file.stem, pid_file, self.workspace.logs / "none").stop()
        for part in own:
            part.stop()
        self.workspace.env.unlink(missing_ok=True)
        if self.throwaway:
            self.wipe()

    def wipe(self) -> None:
        shutil.rmtree(Postgres(self.workspace).data, ignore_errors=True)
        shutil.rmtree(self.workspace.data, ignore_errors=True)


def read_env(workspace: Workspace) -> dict[str, str]:
    """What `write_env` wrote; empty when nothing runs."""
    if not workspace.env.exists():
        return {}
    lines = workspace.env.read_text().splitlines()
    pairs = (line.removeprefix("export ").split("=", 1) for line in lines)
    return {key: value.strip("'") for key, value in pairs}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("start", "stop"))
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    cluster = Cluster(Workspace(options.folder.resolve()), throwaway=True)
    try:
        cluster.stop()
        if options.action == "start":
            print(cluster.start(0, 0))
    except Failed as failure:
        cluster.stop()
        print(f"{failure}\n{tail(failure.log) if failure.log else ''}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
