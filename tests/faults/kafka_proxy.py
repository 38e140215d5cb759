"""A TCP proxy before one Kafka broker that knows where a request or an answer begins.

It delays, cuts, swallows, and holds or drops what a rule matches while everything else passes.
The broker must advertise the proxy's port (the listener PROXIED of tools/dev/cluster.py), or its
clients go round it after their first question.

asyncio in one thread of its own; every public method may be called from any other thread.
"""

import asyncio
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, TypeVar

# Requests go from a client to the broker, answers come back.
Way = Literal["requests", "answers"]
WAYS: tuple[Way, Way] = ("requests", "answers")
PRODUCE = 0
HEAD = struct.Struct(">hhi")  # api key, api version, correlation id: how each request begins
LENGTH = struct.Struct(">i")
ANSWER_SECONDS = 10
Value = TypeVar("Value")


@dataclass(frozen=True)
class Match:
    """Which requests (and the answers to them): by api key and, perhaps, bytes that they contain,
    such as a topic's name."""

    api_key: int = PRODUCE
    containing: bytes = b""

    def __call__(self, request: bytes) -> bool:
        return HEAD.unpack_from(request)[0] == self.api_key and self.containing in request


@dataclass
class Rule:
    """What becomes of frames of one way that match."""

    way: Way
    what: Literal["hold", "drop"]
    match: Match


@dataclass(eq=False)
class Connection:
    """One client's connection, and the proxy's own to the broker."""

    client: asyncio.StreamWriter
    broker: asyncio.StreamWriter
    # The requests that await their answers, by correlation id.
    asked: dict[int, bytes] = field(default_factory=dict)
    out: dict[Way, asyncio.Queue[tuple[float, bytes] | None]] = field(
        default_factory=lambda: {way: asyncio.Queue() for way in WAYS}
    )
    held: dict[Way, list[bytes]] = field(default_factory=lambda: {way: [] for way in WAYS})
    deaf: set[Way] = field(default_factory=set)

    def reset(self) -> None:
        """Both peers see a reset, not an end."""
        for writer in (self.client, self.broker):
            sock = writer.get_extra_info("socket")
            if sock is not None and sock.fileno() >= 0:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class KafkaProxy:
    """`with KafkaProxy(broker_port) as proxy: …` listens on 127.0.0.1:`proxy.port`. The broker need
    not be there: whoever connects meanwhile is cut."""

    def __init__(self, broker_port: int, port: int = 0) -> None:
        self.broker_port, self.port = broker_port, port
        self.counts: Counter[str] = Counter()
        self.connections: set[Connection] = set()
        self.rules: list[Rule] = []
        self.delays: dict[Way, float] = dict.fromkeys(WAYS, 0.0)
        self.refusing = False
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="kafka-proxy")

    # --- from any thread ---

    def start(self) -> None:
        self.thread.start()
        self.server = self.wait(asyncio.start_server(self.serve, "127.0.0.1", self.port))
        self.port = self.server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        self.wait(self.end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def delay(self, seconds: float, *ways: Way) -> None:
        """What comes from now on arrives so much later; order is kept. Both ways when none is
        named."""
        self.call(lambda: self.delays.update(dict.fromkeys(ways or WAYS, seconds)))

    def cut(self) -> int:
        """Resets every connection; how many there were. Clients may come again at once."""
        return self.call(self.reset_all)

    def refuse(self, refusing: bool = True) -> int:
        """Cuts, and resets whoever connects until told otherwise."""
        return self.call(lambda: self.refuse_now(refusing))

    def half_open(self, *ways: Way) -> int:
        """The present connections stay, but nothing that is said arrives any more; how many there
        were. New ones are fine. mend() resets what is left of them."""
        return self.call(lambda: self.deafen(ways or WAYS))

    def hold(self, way: Way, match: Match | None = None) -> None:
        """Keeps matching requests back, or the answers to them; the others pass. Held requests
        outlive their client: release() still hands them to the broker."""
        self.call(lambda: self.rules.append(Rule(way, "hold", match or Match())))

    def drop(self, way: Way, match: Match | None = None) -> None:
        """Matching requests, or the answers to them, never arrive."""
        self.call(lambda: self.rules.append(Rule(way, "drop", match or Match())))

    def release(self) -> int:
        """Ends all rules and lets go what was held, in its order; how many there were."""
        return self.call(self.release_now)

    def mend(self) -> None:
        """As new: no rules, no delays; connections that cannot be used any more are reset."""
        self.call(self.mend_now)

    @property
    def held(self) -> int:
        return self.call(
            lambda: sum(len(frames) for c in self.connections for frames in c.held.values())
        )

    def count(self, what: str) -> int:
        """connections, cut, deaf, delayed, held, released, dropped, swallowed: so far."""
        return self.call(lambda: self.counts[what])

    def __enter__(self) -> "KafkaProxy":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def call(self, what: Callable[[], Value]) -> Value:
        async def run() -> Value:
            return what()

        return self.wait(run())

    def wait(self, what: Coroutine[Any, Any, Value]) -> Value:
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(ANSWER_SECONDS)

    # --- in the loop's thread ---

    def reset_all(self) -> int:
        present = list(self.connections)
        for connection in present:
            connection.reset()
        self.counts["cut"] += len(present)
        return len(present)

    def refuse_now(self, refusing: bool) -> int:
        self.refusing = refusing
        return self.reset_all() if refusing else 0

    def deafen(self, ways: tuple[Way, ...]) -> int:
        for connection in self.connections:
            connection.deaf |= set(ways)
        self.counts["deaf"] += len(self.connections)
        return len(self.connections)

    def release_now(self) -> int:
        self.rules.clear()
        released = 0
        for connection in self.connections:
            for way in WAYS:
                frames, connection.held[way] = connection.held[way], []
                released += len(frames)
                for frame in frames:
                    connection.out[way].put_nowait((0.0, frame))
        self.counts["released"] += released
        return released

    def mend_now(self) -> None:
        self.refusing = False
        self.delays = dict.fromkeys(WAYS, 0.0)
        self.release_now()
        for connection in self.connections:
            if connection.deaf:
                connection.reset()

    async def end(self) -> None:
        self.server.close()
        self.reset_all()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            if self.refusing:
                raise ConnectionRefusedError
            there, broker = await asyncio.open_connection("127.0.0.1", self.broker_port)
        except OSError:
            client.transport.abort()
            return
        connection = Connection(client, broker)
        self.connections.add(connection)
        self.counts["connections"] += 1
        writing = [
            asyncio.create_task(self.write(connection, "requests", broker)),
            asyncio.create_task(self.write(connection, "answers", client)),
        ]
        reading = [
            asyncio.create_task(self.read(connection, "requests", reader)),
            asyncio.create_task(self.read(connection, "answers", there)),
        ]
        try:
            # Whichever side ends first; what its peer was still told is written before the end.
            await asyncio.wait(reading, return_when=asyncio.FIRST_COMPLETED)
            while connection.held["requests"] and not reading[1].done():
                await asyncio.wait(writing, timeout=0.05)
            for way in WAYS:
                connection.out[way].put_nowait(None)
            await asyncio.wait(writing)
        finally:
            for task in (*reading, *writing):
                task.cancel()
            self.connections.discard(connection)
            client.close()
            broker.close()

    async def read(self, connection: Connection, way: Way, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                head = await reader.readexactly(LENGTH.size)
                body = await reader.readexactly(LENGTH.unpack(head)[0])
                self.take(connection, way, head, body)
        except (OSError, asyncio.IncompleteReadError):
            return

    def take(self, connection: Connection, way: Way, head: bytes, body: bytes) -> None:
        request = body
        if way == "requests":
            connection.asked[HEAD.unpack_from(body)[2]] = body
        else:
            request = connection.asked.pop(LENGTH.unpack_from(body)[0], b"")
        whats = {r.what for r in self.rules if r.way == way and request and r.match(request)}
        if way in connection.deaf:
            self.counts["swallowed"] += 1
        elif "drop" in whats:
            self.counts["dropped"] += 1
        elif "hold" in whats:
            self.counts["held"] += 1
            connection.held[way].append(head + body)
        else:
            delay = self.delays[way]
            self.counts["delayed"] += delay > 0
            due = asyncio.get_running_loop().time() + delay if delay else 0.0
            connection.out[way].put_nowait((due, head + body))

    async def write(self, connection: Connection, way: Way, writer: asyncio.StreamWriter) -> None:
        try:
            while (item := await connection.out[way].get()) is not None:
                due, frame = item
                if due:
                    turn = asyncio.Event()
                    asyncio.get_running_loop().call_at(due, turn.set)
                    await turn.wait()
                writer.write(frame)
                await writer.drain()
        except OSError:
            connection.reset()
