"""./dev demo: from nothing to read models that are proved equal to the log."""

import json
import os
import shlex
import subprocess
import sys
import time
import zlib
from dataclasses import dataclass, field

import psycopg
from confluent_kafka import Consumer, TopicPartition

import services
from build import build
from cluster import Cluster
from http_orders import HttpSender
from orders import TOPIC, Command, Orders, Sender
from paths import DEMO, ROOT, Failed, path_of_tests
from processes import wait_for
from progress import Progress

COMMANDS = 10_000
HTTP_SHARE = 5  # one of so many orders is dealt with over HTTP
STALL_SECONDS = 60
SHOWN_CHARACTERS = 1200
APPLIED = """
SELECT coalesce(sum(c.sequence), 0)::int8 FROM foldstream.checkpoint c
JOIN foldstream.projection p ON p.name = c.projection AND p.active_generation = c.generation
WHERE p.name = 'orders'"""


@dataclass
class Demo:
    """One run. `running` are the services in the order of their start."""

    them: services.Services
    name: str
    running: dict[str, services.Service] = field(default_factory=dict)

    def ask(self, *command: str, fails: bool = False) -> str:
        """Shows a command line as it is run, and its answer."""
        print(f"\n$ {shlex.join(command)}", flush=True)
        environment = {**os.environ, **self.them.environment}
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False
        )
        answer = done.stdout.strip() or done.stderr.strip()
        more = " …" if len(answer) > SHOWN_CHARACTERS else ""
        print(answer[:SHOWN_CHARACTERS] + more, flush=True)
        if (done.returncode != 0) is not fails:
            print(done.stderr, file=sys.stderr)
            raise Failed(f"{command[0]} ended with {done.returncode}")
        return answer

    def foldctl(self, *arguments: str, fails: bool = False) -> str:
        program = (self.them.build / "bin" / "foldctl").relative_to(ROOT)
        return self.ask(str(program), *arguments, fails=fails)

    def start(self) -> None:
        for name in services.NAMES:
            service = self.them.make(name)
            self.running[name] = service
            service.start()
            print(f"{name} is ready (log: {service.process.log.relative_to(ROOT)})", flush=True)

    def crash(self, name: str) -> None:
        service = self.running[name]
        service.kill()
        service.start()
        print(f"kill -9 {name}: it is back and ready", flush=True)

    def send(self, commands: list[Command]) -> None:
        """A third of them between any two crashes."""
        sender = Sender(self.them.environment["FOLDSTREAM_KAFKA_BROKERS"])
        web = HttpSender(self.them.environment["FOLDSTREAM_COMMAND_URL"])
        crashes = dict(zip((0.3, 0.5, 0.7), services.NAMES, strict=True))
        at = {int(share * len(commands)): name for share, name in crashes.items()}
        with Progress(f"sending {len(commands):,} commands", len(commands)) as progress:
            for number, command in enumerate(commands, 1):
                # A whole order goes one way: two ways have no order between them.
                by_http = zlib.crc32((command.key or "").encode()) % HTTP_SHARE == 0
                (web if by_http else sender).send(command)
                progress.at(number)
                if number in at:
                    progress.show("\n" if progress.terminal else "")
                    self.crash(at[number])
            sender.flush()
            web.flush()
        told = ", ".join(f"{count:,} x {code}" for code, count in sorted(web.outcomes.items()))
        print(
            f"by HTTP {web.outcomes.total():,}: {told}; {web.duplicates:,} duplicates", flush=True
        )

    def commands_in_topic(self) -> int:
        brokers = self.them.environment["FOLDSTREAM_KAFKA_BROKERS"]
        consumer = Consumer({"bootstrap.servers": brokers, "group.id": "demo"})
        try:
            partitions = consumer.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
            places = (TopicPartition(TOPIC, number) for number in partitions)
            ends = (consumer.get_watermark_offsets(place, timeout=10)[1] for place in places)
            return sum(ends)
        finally:
            consumer.close()

    def wait_for_rows(self) -> None:
        """Every command gives one entry: the sequences that the rows have reached say how far."""
        total = self.commands_in_topic()
        url = self.them.environment["FOLDSTREAM_POSTGRES_URL"]
        moved = time.monotonic()
        with (
            psycopg.connect(url, autocommit=True) as connection,
            Progress("waiting for the rows", total) as progress,
        ):

            def arrived() -> bool:
                nonlocal moved
                self.all_alive()
                (applied,) = connection.execute(APPLIED).fetchone() or (0,)
                if applied > progress.value:
                    moved = time.monotonic()
                progress.at(applied)
                stalled = time.monotonic() - moved > STALL_SECONDS
                return applied >= total or stalled

            wait_for(arrived, float("inf"))
            if progress.value < total:
                log = self.running["projector"].process.log
                raise Failed(f"nothing has moved for {STALL_SECONDS} s", log)

    def all_alive(self) -> None:
        for service in self.running.values():
            if service.process.pid() is None:
                raise Failed(f"{service.name} ended by itself", service.process.log)

    def ask_all(self, commands: list[Command]) -> None:
        url = self.them.environment["FOLDSTREAM_QUERY_URL"] + "/api/v1/orders"
        first = next(c for c in commands if c.type == "CreateOrder" and "-order-" in (c.key or ""))
        self.ask("curl", "-sSf", f"{url}/order/{self.shown_order()}")
        self.ask("curl", "-sSf", f"{url}/status/pending?limit=2")
        self.ask("curl", "-sSf", f"{url}/summary")
        self.ask("curl", "-sSf", f"{url}/top-customers?limit=3")
        self.write_and_read(url)
        unknown = '{"orderId":"nobody-has-this-one","trackingNumber":"T-1"}'
        refusal = self.foldctl("send", "orders", "ShipOrder", unknown, fails=True)
        if json.loads(refusal)["code"] != "not-found":
            raise Failed("the refusal's code is not not-found")
        again = first.value.decode()
        repeat = ("send", "orders", first.type, again, "--command-id", first.command_id)
        if not json.loads(self.foldctl(*repeat))["duplicate"]:
            raise Failed("the command that was sent again is no duplicate")

    def write_and_read(self, url: str) -> None:
        """Over HTTP alone: the answer's position is the token for a query that shows it."""
        item = {"productId": "p-lamp", "name": "lamp", "priceMinor": 1250, "quantity": 2}
        body = {"customerName": "Ada", "customerEmail": "ada@example.com", "items": [item]}
        key = ("-H", f"Idempotency-Key: {self.name}-by-http")
        create = ("curl", "-sSf", "-X", "POST", f"{url}/order", *key, "-d", json.dumps(body))
        made = json.loads(self.ask(*create))
        after = ("-H", f"Foldstream-After: {made['position']}", "-H", "Prefer: wait=30")
        self.ask("curl", "-sSf", f"{url}/order/{made['aggregateId']}", *after)
        again = json.loads(self.ask(*create))
        if again != {**made, "duplicate": True}:
            raise Failed("the request that was sent again has another answer")

    def shown_order(self) -> str:
        """One that has come far."""
        query = "SELECT min(order_id) FROM read.orders WHERE status = 'shipped'"
        with psycopg.connect(self.them.environment["FOLDSTREAM_POSTGRES_URL"]) as connection:
            (order_id,) = connection.execute(query).fetchone() or ("none",)
        return str(order_id)

    def compare(self) -> int:
        """Rows against a fold of the topic that shares no code with the projector."""
        print("\ncomparing every row with a fold of the log", flush=True)
        command = [sys.executable, "-m", "oracle"]
        environment = {**os.environ, **self.them.environment, "PYTHONPATH": path_of_tests()}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        print(done.stdout.strip(), flush=True)
        if done.returncode:
            print(done.stderr.strip(), file=sys.stderr)
            raise Failed("the rows are not what the log says")
        verdict = dict(word.split("=") for word in done.stdout.split() if word.startswith("rows="))
        return int(verdict["rows"])


def demo(keep: bool) -> int:
    started = time.monotonic()
    folder = build("release")
    external = bool(os.environ.get("FOLDSTREAM_KAFKA_BROKERS"))
    cluster = Cluster(DEMO, external=True)
    cluster.stop()  # an earlier --keep
    cluster.wipe()
    done = False
    try:
        print("starting Kafka and Postgres", flush=True)
        show = Demo(services.up(DEMO, folder, cluster), "demo")
        if external:
            show.name = f"demo-{int(time.time())}"
        show.foldctl("topics", "apply")
        show.foldctl("migrate")
        show.start()
        commands = list(Orders(show.name).commands(COMMANDS))
        show.send(commands)
        show.wait_for_rows()
        show.ask_all(commands)
        rows = show.compare()
        done = True
    finally:
        if not (keep and done):
            cluster.stop()
            cluster.wipe()
    if keep:
        print(f"\nleft running; addresses: . {DEMO.env.relative_to(ROOT)}    stop: ./dev down")
        print(DEMO.env.read_text(), end="")
    seconds = time.monotonic() - started
    print(f"demo: commands={COMMANDS} rows={rows} different=0 seconds={seconds:.0f}")
    return 0
