"""HTTP as bytes: connections that say exactly what they are told to."""

import contextlib
import json
import socket
import struct
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

PATIENCE_SECONDS = 15
CHUNK = 64 * 1024


@dataclass(frozen=True)
class Answer:
    """Names of headers in lower case. A status of 0: it closed without one."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.body.splitlines()]

    @property
    def code(self) -> str:
        """Of a problem; of anything else its media type."""
        media = self.headers.get("content-type", "")
        if media != "application/problem+json":
            return media
        return str(self.json["code"])

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(one["field"] for one in self.json.get("violations", ()))


class Wire:
    """`with Wire(port) as wire: …`. Every wait has an end."""

    def __init__(self, port: int, seconds: float = PATIENCE_SECONDS) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), seconds)
        self.got = b""
        self.went_on = 0  # times that it said 100

    def say(self, data: bytes) -> bool:
        """False: it does not listen any more."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Ends it as a crash does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def more(self) -> bool:
        try:
            data = self.socket.recv(CHUNK)
        except ConnectionError:
            return False
        self.got += data
        return bool(data)

    def answer(self) -> Answer:
        """The next one; raises TimeoutError when neither it nor an end comes."""
        while b"\r\n\r\n" not in self.got:
            if not self.more():
                return Answer()
        head, _, self.got = self.got.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        status = int(first.split()[1])
        if status == 100:
            self.went_on += 1
            return self.answer()
        pairs = (line.partition(": ") for line in lines)
        headers = {name.lower(): value for name, _, value in pairs}
        size = int(headers.get("content-length", 0))
        while len(self.got) < size:
            if not self.more():
                return Answer()
        body, self.got = self.got[:size], self.got[size:]
        return Answer(status, headers, body)

    def closed(self) -> bool:
        """Nothing more comes but the end."""
        before = len(self.got)
        while self.more():
            pass
        return len(self.got) == before

    def __enter__(self) -> "Wire":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()


def head(method: str, target: str, *lines: str) -> bytes:
    return "\r\n".join((f"{method} {target} HTTP/1.1", "Host: x", *lines, "", "")).encode("latin-1")


def request(method: str, target: str, body: bytes = b"", *lines: str) -> bytes:
    return head(method, target, f"Content-Length: {len(body)}", *lines) + body
