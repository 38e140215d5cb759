"""The peer of the command-service: a Kafka Streams topology (bench/peers/streams), exactly once."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from measure.bed import Bed
from measure.report import per_second_of
from paths import DEV, ROOT, Failed
from processes import Process, wait_for
from progress import Progress

SOURCE = ROOT / "bench" / "peers" / "streams"
TARGET = DEV / "bench" / "streams"
HEAP = "1g"
STALL_ROUNDS = 60  # of a second, without a record more


def digest() -> str:
    files = [path for path in sorted(SOURCE.rglob("*")) if path.suffix in (".java", ".xml")]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def built() -> Path:
    """The folder of its jars. Maven takes them from Maven Central."""
    mark = TARGET / ".made-of"
    if mark.exists() and mark.read_text() == digest():
        return TARGET
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    log = TARGET.parent / "streams.log"
    print("building the Kafka Streams peer", flush=True)
    command = ["mvn", "-q", "-B", "-f", str(SOURCE / "pom.xml"), "package"]
    with log.open("wb") as out:
        made = subprocess.run(
            [*command, f"-Dbench.target={TARGET}"], stdout=out, stderr=out, check=False
        )
    if made.returncode:
        raise Failed("the Kafka Streams peer could not be built", log)
    mark.write_text(digest())
    return TARGET


def per_second(bed: Bed, records: int, value_bytes: int, number: int, threads: int) -> float:
    """By the append times of its first and last output."""
    topic = f"streams-{number}"
    bed.make_topic(topic)
    state = bed.workspace.data / topic
    jars = built()
    java = ["java", f"-Xmx{HEAP}", "-cp", f"{jars}/streams.jar:{jars}/libs/*"]
    process = Process("streams", bed.workspace.run / "streams.pid", bed.workspace.logs / topic)
    command = ["foldstream.Decide", bed.brokers, "orders.commands", topic, str(value_bytes)]
    process.start([*java, *command, str(state), str(threads)], os.environ)
    try:
        wait_for_records(bed, process, topic, records)
    finally:
        process.stop(seconds=30)
    shutil.rmtree(state, ignore_errors=True)
    arguments = ("--brokers", bed.brokers, "--topic", topic)
    found = bed.tool.run("reading what it wrote", records, "topic", *arguments)
    if found["records"] != records:
        raise Failed(f"Kafka Streams wrote {found['records']} of {records} records", process.log)
    bed.delete(topic)
    return per_second_of(records, found)


def wait_for_records(bed: Bed, process: Process, topic: str, records: int) -> None:
    """Until it has written them and then nothing for some seconds: commits count as offsets."""
    ends: list[int] = []
    with Progress("Kafka Streams decides", records) as progress:

        def quiet() -> bool:
            if process.pid() is None:
                raise Failed("Kafka Streams ended", process.log)
            ends.append(bed.end(topic))
            progress.at(ends[-1])
            if ends[-1] >= records and len(ends) > 3 and ends[-3] == ends[-1]:
                return True
            if len(ends) > STALL_ROUNDS and ends[-STALL_ROUNDS] == ends[-1]:
                raise Failed(f"Kafka Streams stands still at {ends[-1]} records", process.log)
            return wait_for(lambda: process.pid() is None, 1)

        wait_for(quiet, float("inf"))
