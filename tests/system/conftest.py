"""Real processes over the lane's Kafka and Postgres (their addresses are in the environment)."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from oracle.compare import Report, compare
from paths import Failed, Workspace
from processes import free_port, tail, wait_for
from services import Service, Services

BUILD = Path(os.environ["BUILD_FOLDER"])
BROKERS = os.environ["FOLDSTREAM_KAFKA_BROKERS"]
POSTGRES = os.environ["FOLDSTREAM_POSTGRES_URL"]
WAIT_SECONDS = 60
# The group notices an end by kill -9 after its session: 10 s as shipped, 2 s here.
SHORT_SESSION = ("--kafka", "session.timeout.ms=2000", "--kafka", "heartbeat.interval.ms=500")


class Stack:
    """Fresh topics and a fresh database, and the services that a test starts on them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.brokers, self.postgres = BROKERS, POSTGRES
        command, query = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self.environment = {
            "FOLDSTREAM_KAFKA_BROKERS": BROKERS,
            "FOLDSTREAM_POSTGRES_URL": POSTGRES,
            "FOLDSTREAM_COMMAND_URL": command,
            "FOLDSTREAM_QUERY_URL": query,
        }
        self.services = Services(Workspace(BUILD / "cluster"), BUILD, self.environment)
        self.started: dict[str, Service] = {}

    def fresh_topics(self) -> None:
        admin = AdminClient({"bootstrap.servers": BROKERS})

        def ours() -> list[str]:
            return [t for t in admin.list_topics(timeout=10).topics if not t.startswith("__")]

        if topics := ours():
            for deleted in admin.delete_topics(topics).values():
                deleted.result()
        assert wait_for(lambda: not ours(), WAIT_SECONDS), "topics could not be deleted"
        self.foldctl("topics", "apply")

    def fresh_database(self) -> None:
        server, _, database = POSTGRES.rpartition("/")
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {database}")
        self.foldctl("migrate")

    def foldctl(self, *arguments: str, fails: bool = False) -> str:
        done = subprocess.run(
            self.services.foldctl(*arguments),
            capture_output=True,
            text=True,
            env={**os.environ, **self.environment},
            check=False,
            timeout=WAIT_SECONDS,
        )
        said = f"foldctl {arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert (done.returncode != 0) is fails, said
        return done.stdout

    def start(self, kind: str, called: str = "", *arguments: str, **extra: str) -> Service:
        """Starts and waits until it is ready; logs are BUILD/cluster/log/<test>-<called>.log."""
        name = called or kind
        service = self.services.make(kind, f"{self.name}-{name}", **extra)
        service.arguments += arguments
        if kind == "command-service" and name not in self.started:
            # That of a test before this one, whose topics are gone.
            shutil.rmtree(self.services.store_of(service.name), ignore_errors=True)
        self.started[name] = service
        try:
            service.start()
        except Failed as failure:
            pytest.fail(f"{failure}\n{tail(failure.log) if failure.log else ''}")
        return service

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(POSTGRES, autocommit=True)

    def append(self, topic: str, partition: int, value: bytes) -> None:
        """A record that none of ours wrote."""
        producer = Producer({"bootstrap.servers": BROKERS})
        producer.produce(topic, value, partition=partition)
        assert producer.flush(WAIT_SECONDS) == 0

    def compare(self) -> Report:
        return compare(BROKERS, POSTGRES, WAIT_SECONDS)

    def stop(self) -> None:
        for service in self.started.values():
            service.stop()


@pytest.fixture
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    made = Stack(request.node.path.stem.removeprefix("test_"))
    made.fresh_topics()
    made.fresh_database()
    yield made
    made.stop()
