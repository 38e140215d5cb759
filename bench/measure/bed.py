"""What a benchmark runs on: a Kafka, a Postgres where one is asked for, the services of one build,
all in one folder, wiped at the start and at the end."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from cluster import DATABASE, Cluster, Kafka, Postgres
from measure.tool import Tool
from paths import Failed, Workspace
from processes import free_port, wait_for
from services import Service, Services, fetch

PARTITIONS = 4
TOPIC_SECONDS = 60
# As the platform's topics have it.
TOPIC_CONFIG = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": "1048576"}


class Bed:
    """`with Bed(folder, build, postgres=True) as bed: …`; services are started by whoever measures,
    and stopped here if they still run."""

    def __init__(self, folder: Path, build: Path, postgres: bool) -> None:
        self.workspace, self.build = Workspace(folder.resolve()), build
        self.cluster = Cluster(self.workspace)
        self.with_postgres = postgres
        self.tool = Tool(build / "bin" / "bench_orders", self.workspace.logs / "bench_orders.log")
        self.brokers = ""
        self.postgres_port = 0

    def __enter__(self) -> "Bed":
        self.cluster.stop()
        self.clean()
        try:
            print("starting Kafka" + (" and Postgres" if self.with_postgres else ""), flush=True)
            self.brokers = f"127.0.0.1:{Kafka(self.workspace).start(0)}"
            if self.with_postgres:
                self.postgres_port = Postgres(self.workspace).start(0)
            self.services = Services(self.workspace, self.build, self.environment())
            self.foldctl("topics", "apply", "--partitions", str(PARTITIONS))
            if self.with_postgres:
                self.foldctl("migrate")
        except BaseException:
            self.cluster.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Logs stay when something failed."""
        self.cluster.stop()
        self.cluster.wipe()

    def environment(self) -> dict[str, str]:
        return {
            "FOLDSTREAM_KAFKA_BROKERS": self.brokers,
            "FOLDSTREAM_POSTGRES_URL": self.postgres_url(DATABASE),
            "FOLDSTREAM_QUERY_URL": f"http://127.0.0.1:{free_port()}",
        }

    def postgres_url(self, role: str) -> str:
        return f"postgresql://{role}@127.0.0.1:{self.postgres_port}/{DATABASE}"

    def clean(self) -> None:
        shutil.rmtree(Postgres(self.workspace).data, ignore_errors=True)
        shutil.rmtree(self.workspace.root, ignore_errors=True)
        self.workspace.data.mkdir(parents=True)

    def foldctl(self, *arguments: str) -> None:
        log = self.workspace.logs / "foldctl.log"
        with log.open("ab") as out:
            command = self.services.foldctl(*arguments)
            environment = {**os.environ, **self.services.environment}
            done = subprocess.run(command, stdout=out, stderr=out, env=environment, check=False)
        if done.returncode:
            raise Failed(f"foldctl {' '.join(arguments)} failed", log)

    # --- topics ---

    def delete(self, *topics: str) -> None:
        admin = AdminClient({"bootstrap.servers": self.brokers})
        for deleted in admin.delete_topics(list(topics)).values():
            deleted.result()

        def gone() -> bool:
            return not set(topics) & set(admin.list_topics(timeout=10).topics)

        if not wait_for(gone, TOPIC_SECONDS):
            raise Failed(f"{', '.join(topics)} could not be deleted")

    def fresh(self, *topics: str) -> None:
        """The platform's own ones, made again."""
        self.delete(*topics)
        self.foldctl("topics", "apply", "--partitions", str(PARTITIONS))

    def make_topic(self, name: str, config: Mapping[str, str] | None = None) -> None:
        admin = AdminClient({"bootstrap.servers": self.brokers})
        made = NewTopic(name, PARTITIONS, 1, config=dict(TOPIC_CONFIG | dict(config or {})))
        for done in admin.create_topics([made]).values():
            done.result()

        def led() -> bool:
            try:
                return self.end(name) == 0
            except KafkaException:
                return False

        if not wait_for(led, TOPIC_SECONDS):
            raise Failed(f"{name} has no leaders")

    def end(self, topic: str) -> int:
        """The sum of the offsets behind what is written."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.brokers,
                "group.id": "bench",
                "isolation.level": "read_uncommitted",
            }
        )
        try:
            places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
            return sum(consumer.get_watermark_offsets(place, timeout=10)[1] for place in places)
        finally:
            consumer.close()

    # --- services ---

    def start(self, name: str) -> Service:
        service = self.services.make(name)
        if name == "command-service":
            shutil.rmtree(self.services.store_of(name), ignore_errors=True)
        service.start()
        return service


def peak_rss_mib(service: Service) -> float:
    """Of a process that lives."""
    status = Path(f"/proc/{service.process.pid()}/status").read_text()
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


def cpu_seconds(service: Service) -> float:
    """Of a process that lives, all its threads: user and kernel time."""
    stat = Path(f"/proc/{service.process.pid()}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def metric(service: Service, name: str) -> int:
    """The sum over its labels."""
    _, text = fetch(f"http://127.0.0.1:{service.admin_port}/metrics")
    values = re.findall(rf"^{name}(?:{{[^}}]*}})? ([0-9.eE+-]+)$", text, re.MULTILINE)
    return int(sum(float(value) for value in values))
