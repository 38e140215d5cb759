"""Two brokers of a test's own: the first one, before which a proxy stands, is the controller, too;
the second one may be stopped."""

import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from cluster import Kafka, Proxied, answers
from faults.kafka_proxy import KafkaProxy
from paths import Workspace
from processes import Process, free_port, listening, wait_for

READY_SECONDS = 90
PROPERTIES = """\
process.roles=broker
node.id=2
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={data}
"""


def value_of(text: str, key: str) -> str:
    found = re.search(rf"^{re.escape(key)}=(.*)$", text, re.MULTILINE)
    assert found is not None, key
    return found[1]


@dataclass
class SecondBroker:
    """Of the cluster of `first`, which runs."""

    first: Kafka
    workspace: Workspace

    @property
    def process(self) -> Process:
        logs = self.workspace.logs
        return Process("kafka-2", self.workspace.run / "kafka-2.pid", logs / "kafka-2.log")

    def start(self) -> None:
        data = self.workspace.data / "kafka-2"
        properties = self.workspace.data / "kafka-2.properties"
        port = free_port()
        voters = value_of(self.first.properties.read_text(), "controller.quorum.voters")
        properties.write_text(PROPERTIES.format(voters=voters, port=port, data=data))
        meta = (self.workspace.data / "kafka" / "meta.properties").read_text()
        data.mkdir()
        name = value_of(meta, "cluster.id").replace("\\", "")
        (data / "meta.properties").write_text(f"version=1\ncluster.id={name}\nnode.id=2\n")
        self.start_again()

    def start_again(self) -> None:
        properties = self.workspace.data / "kafka-2.properties"
        port = int(value_of(properties.read_text(), "listeners").rsplit(":", 1)[1])
        self.process.start(self.first.java("kafka.Kafka", properties), os.environ)
        self.process.wait_ready(lambda: listening(port) and answers(port), READY_SECONDS, "ready")


@dataclass
class Pair:
    """`with Pair(folder) as pair: …`"""

    folder: Path
    proxy: KafkaProxy = field(init=False)
    first: Kafka = field(init=False)
    second: SecondBroker = field(init=False)
    brokers: str = ""

    def __enter__(self) -> "Pair":
        shutil.rmtree(self.folder, ignore_errors=True)
        workspace = Workspace(self.folder)
        workspace.data.mkdir(parents=True)
        listener = free_port()
        self.proxy = KafkaProxy(listener, free_port())
        self.proxy.start()
        self.first = Kafka(workspace, Proxied(listener, self.proxy.port))
        self.second = SecondBroker(self.first, workspace)
        try:
            self.brokers = f"127.0.0.1:{self.first.start(0)}"
            self.second.start()
            assert wait_for(lambda: self.present() == {1, 2}, READY_SECONDS)
        except BaseException:
            self.stop()
            raise
        return self

    @property
    def proxied(self) -> str:
        """What a client is told that shall come through the proxy."""
        return f"127.0.0.1:{self.proxy.port}"

    def present(self) -> set[int]:
        admin = AdminClient({"bootstrap.servers": self.brokers, "log_level": 0})
        try:
            return set(admin.list_topics(timeout=5).brokers)
        except KafkaException:
            return set()

    def stop(self) -> None:
        self.second.process.stop()
        self.first.stop()
        self.proxy.stop()

    def __exit__(self, *_: object) -> None:
        self.stop()
