"""Commands over HTTP as a client of its own sends them."""

import json
import urllib.error
import urllib.request
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

PATIENCE_SECONDS = 90


@dataclass(frozen=True)
class Answer:
    """Its headers go by any case."""

    status: int
    headers: Message
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.text.splitlines()]


@dataclass
class Web:
    """One address. A connection that is cut raises OSError."""

    url: str
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(64))

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        key: str = "",
        prefer: str = "",
        if_match: str = "",
    ) -> Answer:
        """`body`: bytes go out as they are, anything else as JSON."""
        headers = {"Idempotency-Key": key, "Prefer": prefer, "If-Match": if_match}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + "/api/v1" + path,
            data,
            {name: value for name, value in headers.items() if value},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as refusal:
            return Answer(refusal.code, refusal.headers, refusal.read().decode())

    def command(self, name: str, body: object = None, key: str = "", **terms: str) -> Answer:
        return self.ask("POST", f"/commands/orders/{name}", body, key, **terms)

    def batch(self, *lines: object, **terms: str) -> Answer:
        """Of text, or of what becomes JSON."""
        texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
        return self.ask("POST", "/commands:batch", "\n".join(texts).encode(), **terms)

    def later(self, name: str, body: object = None, key: str = "", **terms: str) -> Future[Answer]:
        """The same from a thread of its own."""
        return self.threads.submit(lambda: self.command(name, body, key, **terms))
