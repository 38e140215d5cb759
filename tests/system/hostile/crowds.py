"""Attacks that are many connections, or that take their time. Each returns what was wrong."""

import json
import resource
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from hostile.records import ORDER
from hostile.requests import BATCH, COMMAND, LIST
from hostile.wire import PATIENCE_SECONDS, Wire, head, request
from processes import wait_for

IDLE = 5_000
SPARE_FILES = 500
PIPELINED = 1_000
SLOW = 50
DEAF = 10
DRIP_SECONDS = 0.1
# Of the services under attack, by their options.
REQUEST_TIMEOUT_MS = 2_000
WRITE_TIMEOUT_MS = 3_000
IDLE_TIMEOUT_MS = 60_000
SLACK_SECONDS = 5.0


def allow_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        assert hard >= count, f"ulimit -Hn is {hard}; {count} are needed"
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


@contextmanager
def idle(port: int, count: int = IDLE) -> Iterator[list[socket.socket]]:
    """So many connections that say nothing, as long as the server lets them."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS))
            for _ in range(count)
        ]


def ended(sockets: list[socket.socket]) -> int:
    """How many of them the server has closed, or said something to."""
    with selectors.DefaultSelector() as selector:
        for one in sockets:
            selector.register(one, selectors.EVENT_READ)
        return len(selector.select(0))


def drip(port: int, first: bytes, drop: bytes, hears: tuple[int, ...] = (408, 503)) -> list[str]:
    """Connections that send a byte now and then: each hears 408 when its time is over, or what else
    it `hears`."""
    problems = []
    with ExitStack() as stack:
        wires = [stack.enter_context(Wire(port)) for _ in range(SLOW)]
        began = time.monotonic()
        for wire in wires:
            wire.say(first)
            wire.socket.settimeout(DRIP_SECONDS / SLOW)
        open_ = set(wires)
        while open_ and time.monotonic() - began < REQUEST_TIMEOUT_MS / 1000 + SLACK_SECONDS:
            for wire in list(open_):
                try:
                    if wire.more():
                        continue
                    open_.remove(wire)
                except TimeoutError:
                    wire.say(drop)
        took = time.monotonic() - began
        if open_:
            problems.append(f"{len(open_)} slow ones are open after {took:.1f} s")
        for wire in wires:
            wire.socket.settimeout(PATIENCE_SECONDS)
            status = wire.answer().status
            if status not in hears:
                problems.append(f"a slow one hears {status}")
    return problems


def slow_head(port: int) -> list[str]:
    return drip(port, b"GET / HTTP/1.1\r\nHost: x\r\nX: ", b"x")


def slow_body(port: int) -> list[str]:
    return drip(port, head("POST", COMMAND, "Content-Length: 100000"), b" ")


def slow_chunks(port: int) -> list[str]:
    return drip(port, head("POST", COMMAND, "Transfer-Encoding: chunked"), b"1\r\nx\r\n")


def slow_batch(port: int) -> list[str]:
    """For each place that there is for a batch there are several."""
    return drip(port, head("POST", BATCH, "Content-Length: 10000000"), b" ", (408, 429, 503))


def pipeline(port: int, requests: list[bytes], told: Callable[[int, bytes], bool]) -> list[str]:
    """All at once on one connection: answered in their order."""
    problems = []
    with Wire(port, 60) as wire:
        wire.say(b"".join(requests))
        for number in range(len(requests)):
            answer = wire.answer()
            if not told(number, answer.body):
                problems.append(f"answer {number} is {answer.status} {answer.body[:200]!r}")
                break
    return problems


def piped_key(number: int) -> str:
    return f"piped-{number}"


def pipelined_commands(port: int) -> list[str]:
    def asked(number: int) -> bytes:
        body = json.dumps({"orderId": piped_key(number), **ORDER}).encode()
        key = f"Idempotency-Key: {piped_key(number)}"
        return request("POST", COMMAND, body, key, "Prefer: respond-async")

    def told(number: int, body: bytes) -> bool:
        return bool(json.loads(body).get("commandId") == piped_key(number))

    return pipeline(port, [asked(n) for n in range(PIPELINED)], told)


def pipelined_queries(port: int) -> list[str]:
    def told(number: int, body: bytes) -> bool:
        return f'"x{number}"'.encode() in body or f"x{number} " in body.decode()

    return pipeline(port, [head("GET", f"{LIST}?x{n}=1") for n in range(PIPELINED)], told)


def deaf(port: int) -> list[str]:
    """Ask and ask, and read no answer: they are cut off."""
    with ExitStack() as stack:
        wires = [stack.enter_context(Wire(port, 1)) for _ in range(DEAF)]
        for wire in wires:
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            wire.say(head("GET", LIST + "?limit=100") * 2_000)

        def cut_off() -> bool:
            return not any(wire.say(b"G") for wire in wires)

        in_time = wait_for(cut_off, WRITE_TIMEOUT_MS / 1000 + SLACK_SECONDS)
        return [] if in_time else ["deaf ones are served on and on"]


def resets(port: int) -> list[str]:
    """Connections that break at every place of a request."""
    whole = request(
        "POST", COMMAND, json.dumps({"orderId": "reset", **ORDER}).encode(), "Prefer: dry-run"
    )
    for size in range(0, len(whole) + 1, 7):
        wire = Wire(port)
        wire.say(whole[:size])
        wire.reset()
    return []


AT_EACH_PORT = (slow_head, slow_body, slow_chunks, slow_batch, resets, pipelined_commands)
AT_QUERIES = (pipelined_queries, deaf)
