"""Commands and queries over HTTP. Everything is asked again with the same command id until it is
answered or the deadline is there, so that a lost connection loses nothing and doubles nothing."""

import json
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from google.protobuf import json_format
from google.protobuf.message import Message

from foldstream.command import Command, command_of
from foldstream.outcome import Outcome, OutcomeUnknown, Problem, outcome_in, problem_in
from foldstream.patience import Patience
from foldstream.position import Position
from foldstream.v1 import options_pb2
from foldstream.words import from_words

API = "/api/v1"
SECONDS = 30.0
LONGEST_WAIT = 60  # seconds that a server waits for an outcome or a position
MOST_LINES = 10_000  # of one batch
TRY_AGAIN = (429, 502, 503, 504)
NOT_TAKEN = 429  # after any other of them a command may be in its topic
Row = TypeVar("Row", bound=Message)
After = Position | Outcome | str
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: HTTPMessage
    body: bytes

    def json(self) -> Json:
        """An empty object when it is none: what a proxy answers."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def retry_after(self) -> float | None:
        said = self.headers.get("Retry-After", "")
        return float(said) if said.isdigit() else None


class Lost(Exception):
    """No answer: nobody knows whether the request arrived."""


class Connection:
    """One address, a connection that is kept for each thread."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.address = urlsplit(url)
        self.token = token
        self.kept = threading.local()

    def exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, seconds: float
    ) -> Response:
        connection = self.open(seconds)
        sent = dict(headers)
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        try:
            connection.request(method, self.address.path.rstrip("/") + path, body, sent)
            answer = connection.getresponse()
            return Response(answer.status, answer.headers, answer.read())
        except (OSError, HTTPException) as error:
            connection.close()
            raise Lost(f"{method} {path}: {error or type(error).__name__}") from error

    def open(self, seconds: float) -> HTTPConnection:
        connection: HTTPConnection | None = getattr(self.kept, "connection", None)
        if connection is None:
            kind = HTTPSConnection if self.address.scheme == "https" else HTTPConnection
            connection = kind(self.address.hostname or "", self.address.port)
            self.kept.connection = connection
        connection.timeout = seconds
        if connection.sock is not None:
            connection.sock.settimeout(seconds)
        return connection


@dataclass(frozen=True, slots=True)
class Answer:
    """Of a query: its data, and what it covers. `data` is None when nothing has changed since the
    ETag that was sent."""

    data: Any
    positions: tuple[Position, ...]
    lag_ms: int
    as_of: str
    etag: str
    next_cursor: str | None = None

    def covers(self, position: Position) -> bool:
        return any(
            (p.domain, p.partition) == (position.domain, position.partition)
            and p.sequence >= position.sequence
            for p in self.positions
        )


class HttpClient:
    """Any thread. `url` is the query-service's, which hands commands on, or a command-service's.
    `seconds` is the deadline of a call, unless it says its own."""

    def __init__(self, url: str, *, token: str | None = None, seconds: float = SECONDS) -> None:
        self.connection = Connection(url, token)
        self.seconds = seconds

    def patience(self, seconds: float | None) -> Patience:
        return Patience(self.seconds if seconds is None else seconds)

    # --- commands ---

    def ask(
        self,
        message: Message,
        *,
        command_id: str | None = None,
        expected_version: int | None = None,
        dry_run: bool = False,
        traceparent: str | None = None,
        attributes: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> Outcome:
        """Sends it and waits for what becomes of it. Raises Problem when it is refused, and
        OutcomeUnknown when the deadline comes first."""
        command = command_of(message, command_id)
        headers = headers_of(command, expected_version, traceparent, attributes)
        patience = self.patience(seconds)

        def prefer() -> str:
            return ", ".join(["dry-run"] * dry_run + [f"wait={wait_seconds(patience)}"])

        answer = self.command(command, headers, prefer, patience)
        return outcome_in(answer.json())

    def send(
        self,
        message: Message,
        *,
        command_id: str | None = None,
        expected_version: int | None = None,
        traceparent: str | None = None,
        attributes: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> Outcome:
        """Does not wait: `pending` once it is proved that the command is in its topic."""
        command = command_of(message, command_id)
        headers = headers_of(command, expected_version, traceparent, attributes)
        answer = self.command(command, headers, lambda: "respond-async", self.patience(seconds))
        return outcome_in(answer.json())

    def command(
        self,
        command: Command,
        headers: Mapping[str, str],
        prefer: Callable[[], str],
        patience: Patience,
    ) -> Response:
        path = f"{API}/commands/{command.domain}/{command.name}"
        body = json_format.MessageToJson(command.message, indent=None).encode()
        doubtful = False
        while True:
            wanted = {**headers, "Prefer": prefer(), "Content-Type": "application/json"}
            why, at_least = self.once("POST", path, wanted, body, patience)
            if isinstance(why, Response):
                if "commandId" in why.json():
                    return why
                why = Lost("an answer that is no outcome")
            doubtful = doubtful or isinstance(why, Lost) or why.status != NOT_TAKEN
            if not patience.again(at_least):
                raise unknown(command.command_id, why) if doubtful else why

    def once(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        patience: Patience,
    ) -> tuple[Response | Lost | Problem, float | None]:
        """An answer, or why it is worth to try again. Raises the Problem that stays one."""
        # A server that waits answers in time; one that is gone is noticed a little later.
        allowed = patience.left + 1
        try:
            answer = self.connection.exchange(method, path, headers, body, allowed)
        except Lost as lost:
            return lost, None
        if answer.status < 400:
            return answer, None
        reason = f"HTTP {answer.status}"
        problem = problem_in(answer.status, answer.json(), reason, answer.retry_after)
        if answer.status not in TRY_AGAIN:
            raise problem
        return problem, answer.retry_after

    def ask_all(
        self, messages: Iterable[Message], *, seconds: float | None = None
    ) -> list[Outcome | Problem]:
        """As one batch; what became of each, in their order. Each has an id of its own: a batch
        whose answer is lost is sent again and counts once."""
        commands = [command_of(message, str(uuid.uuid4())) for message in messages]
        if len(commands) > MOST_LINES:
            raise ValueError(f"{len(commands)} commands; a batch has at most {MOST_LINES}")
        told: dict[str, Outcome | Problem] = {}
        patience = self.patience(seconds)
        while left := [c for c in commands if c.command_id not in told]:
            why, at_least = self.batch(left, told, patience)
            if why is not None and not patience.again(at_least):
                told |= {
                    c.command_id: unknown(c.command_id, why)
                    for c in left
                    if c.command_id not in told
                }
        return [told[command.command_id] for command in commands]

    def batch(
        self, commands: list[Command], told: dict[str, Outcome | Problem], patience: Patience
    ) -> tuple[Lost | Problem | None, float | None]:
        """Adds the answers that are final; why not all of them are."""
        lines = b"".join(json.dumps(line_of(c)).encode() + b"\n" for c in commands)
        headers = {"Content-Type": "application/x-ndjson"}
        path = f"{API}/commands:batch"
        answer, at_least = self.once("POST", path, headers, lines, patience)
        if not isinstance(answer, Response):
            return answer, at_least
        try:
            answers = [json.loads(line) for line in answer.body.splitlines()]
        except ValueError:
            return Lost("an answer that is cut off"), None
        if len(answers) != len(commands):
            return Lost(f"{len(answers)} answers to {len(commands)} commands"), None
        why = None
        for command, body in zip(commands, answers, strict=True):
            status = body["httpStatus"]
            if status < 400:
                told[command.command_id] = outcome_in(body)
            elif status in TRY_AGAIN:
                why = problem_in(status, body)
            else:
                told[command.command_id] = problem_in(status, body)
        return why, None

    # --- queries ---

    def get(
        self,
        path: str,
        *,
        after: After | None = None,
        etag: str | None = None,
        seconds: float | None = None,
        **parameters: object,
    ) -> Answer:
        """Below /api/v1. With `after`, what an outcome wrote is in the answer, or NotCaughtUp is
        raised. Parameters are in the API's names (`from_`: Python has the word); those that are
        None are left out."""
        patience = self.patience(seconds)
        given = {name.rstrip("_"): v for name, v in parameters.items() if v is not None}
        path = f"{API}{path}" + (f"?{urlencode(given)}" if given else "")
        while True:
            headers = {"Accept": "application/json"}
            if after is not None:
                headers["Foldstream-After"] = token_of(after)
                headers["Prefer"] = f"wait={wait_seconds(patience)}"
            if etag is not None:
                headers["If-None-Match"] = etag
            why, at_least = self.once("GET", path, headers, None, patience)
            if isinstance(why, Response):
                return answer_of(why)
            if not patience.again(at_least):
                raise why

    def row(self, kind: type[Row], key: str, **more: Any) -> Row:
        """One row of a read model; raises NotFound."""
        found = self.get(f"/{table_of(kind)}/{quote(key, safe='')}", **more)
        return from_words(kind, found.data)

    def rows(self, kind: type[Row], alias: str = "", **more: Any) -> Iterator[Row]:
        """All rows of a list, page by page: filters, `sort` and `limit` (a page's) are the API's.
        An alias is a list's other path: "/status/pending", "/search"."""
        for row in self.items(f"/{table_of(kind)}{alias}", **more):
            yield from_words(kind, row)

    def search(self, kind: type[Row], text: str, **more: Any) -> Iterator[Row]:
        """The best ones first."""
        return self.rows(kind, "/search", q=text, **more)

    def items(self, path: str, **more: Any) -> Iterator[Json]:
        for page in self.pages(path, **more):
            yield from page.data

    def pages(self, path: str, *, after: After | None = None, **more: Any) -> Iterator[Answer]:
        """Follows the cursors. What the first page covers, the later ones cover too."""
        page = self.get(path, after=after, **more)
        yield page
        while page.next_cursor is not None:
            page = self.get(path, **{**more, "cursor": page.next_cursor})
            yield page


def headers_of(
    command: Command,
    expected_version: int | None,
    traceparent: str | None,
    attributes: Mapping[str, str] | None,
) -> dict[str, str]:
    headers = {"Idempotency-Key": command.command_id}
    if expected_version is not None:
        headers["If-Match"] = f'"{expected_version}"'
    if traceparent is not None:
        headers["traceparent"] = traceparent
    return headers | {f"meta_{name}": value for name, value in (attributes or {}).items()}


def wait_seconds(patience: Patience) -> int:
    return max(1, min(LONGEST_WAIT, int(patience.left)))


def line_of(command: Command) -> Json:
    """Of a batch."""
    body = json_format.MessageToDict(command.message)
    names = {"domain": command.domain, "command": command.name}
    return {**names, "commandId": command.command_id, "body": body}


def unknown(command_id: str, why: Exception) -> OutcomeUnknown:
    outcome = Outcome(command_id, "unknown")
    problem = OutcomeUnknown("outcome-unknown", str(why), 504, outcome=outcome)
    problem.__cause__ = why
    return problem


def token_of(after: After) -> str:
    position = after.position if isinstance(after, Outcome) else after
    if position is None:
        raise ValueError("an outcome that nobody waited for has no position")
    return str(position)


def table_of(kind: type[Message]) -> str:
    table = kind.DESCRIPTOR.GetOptions().Extensions[options_pb2.row].table
    if not table:
        raise ValueError(f"{kind.DESCRIPTOR.full_name} is no row of a read model")
    return str(table)


def answer_of(answer: Response) -> Answer:
    said = answer.headers
    body = None if answer.status == 304 else json.loads(answer.body)
    is_list = isinstance(body, dict) and set(body) == {"data", "page"}
    positions = (part for part in said.get("Foldstream-Position", "").split(",") if part.strip())
    return Answer(
        body["data"] if is_list and body is not None else body,
        tuple(Position.parse(part.strip()) for part in positions),
        int(said.get("Foldstream-Lag-Ms", "0")),
        said.get("Foldstream-As-Of", ""),
        said.get("ETag", ""),
        body["page"]["next"] if is_list and body is not None else None,
    )
