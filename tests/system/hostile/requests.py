"""Attacks over HTTP that are one string of bytes: what each door answers."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass

from hostile.records import DEEP, LIMIT, ORDER
from hostile.wire import head, request
from scene import ITEM

COMMAND = "/api/v1/commands/orders/CreateOrder"
ALIAS = "/api/v1/orders/order"
BATCH = "/api/v1/commands:batch"
LIST = "/api/v1/orders"
EVERY = ("command-service", "query-service", "admin")
COMMANDS = ("command-service", "query-service")
QUERIES = ("query-service",)
RANDOM_REQUESTS = 40
POST = "POST " + COMMAND + " HTTP/1.1\r\nHost: x\r\n"
GET = "GET " + COMMAND + " HTTP/1.1\r\nHost: x\r\n"


@dataclass(frozen=True)
class Attack:
    """`statuses`: any of these; 0: a close without an answer. `fields`: those of the violations.
    `lines`: the statuses within a batch's answer. `ends`: the client says that no more comes."""

    name: str
    data: bytes
    statuses: tuple[int, ...] = (400,)
    code: str = ""
    fields: tuple[str, ...] | None = None
    lines: tuple[int, ...] | None = None
    doors: tuple[str, ...] = EVERY
    ends: bool = False


def raw(name: str, text: str, *statuses: int, **more: object) -> Attack:
    return Attack(name, text.encode("latin-1"), statuses or (400,), **more)  # type: ignore[arg-type]


def framing() -> Iterator[Attack]:
    """Where a request ends: two servers must not understand it in two ways."""
    length, chunks = "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"
    yield raw("length and chunks", POST + length + chunks + "\r\n0\r\n\r\n")
    yield raw("chunks and length", POST + chunks + length + "\r\n0\r\n\r\n")
    yield raw("two lengths", POST + length + "Content-Length: 6\r\n\r\nhello!")
    yield raw("the same length twice", POST + length + length + "\r\nhello")
    yield raw("a list of lengths", POST + "Content-Length: 5, 5\r\n\r\nhello")
    for size in ("-1", "+5", "5x", "0x5", "", " ", "5 5", "9" * 20, "18446744073709551616"):
        yield raw(f"a length of {size!r}", POST + f"Content-Length: {size}\r\n\r\n", 400, 413)
    yield raw(
        "the greatest length", POST + "Content-Length: 18446744073709551615\r\n\r\n", 400, 413
    )
    for coding in ("xchunked", "chunked, chunked", "gzip, chunked", "chunked, gzip", "identity"):
        yield raw(f"coded {coding}", POST + f"Transfer-Encoding: {coding}\r\n\r\n", 400, 501)
    yield raw("chunks twice", POST + chunks + chunks + "\r\n0\r\n\r\n", 400, 501)
    yield raw("chunks hidden by a tab", POST + "Transfer-Encoding:\tchunked\r\n" + length + "\r\n")
    yield raw("chunks of HTTP/1.0", POST.replace("1.1", "1.0") + chunks + "\r\n0\r\n\r\n")
    for size in ("zz", "-1", "0x5", "FFFFFFFFFFFFFFFFF", "8000000000000000", "5;" + "x" * 40_000):
        yield raw(
            f"a chunk of {size[:20]}", POST + chunks + f"\r\n{size}\r\nhello\r\n\r\n", 400, 413, 431
        )
    yield raw("a chunk that is longer than it says", POST + chunks + "\r\n2\r\nhello\r\n0\r\n\r\n")
    yield raw(
        "trailers without an end", POST + chunks + "\r\n0\r\n" + "a: b\r\n" * 10_000, 400, 431
    )
    yield raw("a body that ends early", POST + length + "\r\nhe", ends=True)
    yield raw("chunks that end early", POST + chunks + "\r\n5\r\nhe", ends=True)
    yield raw("a head that ends early", POST + "Content-Le", ends=True)


def heads() -> Iterator[Attack]:
    end = "\r\n"
    yield raw("bare newlines", POST.replace("\r", "") + "\n")
    yield raw("one bare newline", POST + "X: a\nY: b\r\n\r\n")
    yield raw("a newline within a value", POST + "X: a\n\r\n\r\n")
    yield raw("a bare return", POST + "X: a\rY: b\r\n\r\n")
    yield raw("U+0000 in a value", POST + "X: a\0b\r\n\r\n")
    yield raw("U+0000 in a name", POST + "X\0: b\r\n\r\n")
    yield raw("a blank before the colon", POST + "X : b\r\n\r\n")
    yield raw("no colon", POST + "nonsense\r\n\r\n")
    yield raw("no name", POST + ": b\r\n\r\n")
    yield raw("a folded line first", POST.replace("Host", " Host") + end)
    yield raw(
        "a folded length", POST + "Content-Length:\r\n 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    yield raw("no host", "GET / HTTP/1.1\r\n\r\n")
    yield raw("two hosts", POST + "Host: y\r\n\r\n")
    yield raw("a head of 20 KiB", POST + "X: " + "x" * 20_480 + "\r\n\r\n", 431)
    yield raw("a head without an end", POST + "X: " + "x" * 5_000_000, 431)
    yield raw("10,000 headers", POST + "".join(f"x{n}: 1\r\n" for n in range(10_000)) + end, 431)
    yield raw("3,000 headers", POST + "a:b\r\n" * 3_000 + end, 431, 411, 400, 405, 404)
    yield raw("HTTP/1.2", GET.replace("1.1", "1.2") + end, 400, 505)
    yield raw("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 505)
    yield raw("HTTP/0.9", "GET /\r\n\r\n")
    yield Attack("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)))
    yield raw("another protocol", "SSH-2.0-OpenSSH_9.2\r\n", 400, 408)
    yield raw("another expectation", POST + "Content-Length: 5\r\nExpect: miracles\r\n\r\n", 417)
    for method in ("B@D", "GET\0", "(", "\x7f", "Ä"):
        yield raw(f"the method {method!r}", GET.replace("GET", method) + end)
    for method in ("BREW", "get", "TRACE", "M" * 10_000):
        yield raw(f"the method {method[:9]}", GET.replace("GET", method) + end, 404, 405, 503)
    draw = random.Random(11)
    for number in range(RANDOM_REQUESTS):
        data = draw.randbytes(draw.choice((4, 64, 1024, 30_000)))
        yield Attack(f"random bytes {number}", data, (400, 408, 431), ends=number > 3)
        spoiled = bytearray(request("POST", COMMAND, json.dumps(ORDER).encode(), "Prefer: dry-run"))
        for _ in range(3):
            spoiled[draw.randrange(len(spoiled))] = draw.randrange(256)
        any_of = (200, 201, 400, 404, 405, 408, 413, 417, 422, 431, 501, 505)
        yield Attack(f"three bytes changed {number}", bytes(spoiled), any_of, ends=True)


def targets() -> Iterator[Attack]:
    long = "x" * 20_000
    yield raw("a long target", f"GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n", 414, 431)
    for target in (
        "/%zz",
        "/%",
        "/%0",
        "/%00",
        "/a%00b",
        "/%ff%fe",
        "/\x01",
        "/\xff",
        "/a b",
        "/#a",
        "x",
        "*x",
        "?a",
        "/?a=%zz",
        "/?%00",
    ):
        yield raw(f"the target {target!r}", f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n")
    missing = (
        "/../../etc/passwd",
        "/api/v1/../../metrics2",
        "/%2e%2e/%2e%2e/etc",
        "//",
        "///orders",
        "/api%2fv1%2forders",
        "/;/",
        "/api/v1/orders/",
    )
    for target in missing:
        yield raw(f"the target {target}", f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n", 404, 405)
    yield raw(
        "an absolute target", "GET http://evil.example/nothing HTTP/1.1\r\nHost: x\r\n\r\n", 404
    )
    yield raw(
        "an absolute target without a path", "GET http://evil.example?a HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    yield raw("a tunnel", "CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n")
    yield raw("an asterisk", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
    socket_ = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\n"
    yield raw("another protocol asked for", GET + socket_ + "\r\n", 404, 405)
    h2c = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    yield raw("HTTP/2 asked for", GET + h2c + "\r\n", 404, 405)


def command(
    name: str,
    body: bytes,
    *lines: str,
    target: str = COMMAND,
    fields: tuple[str, ...] | None = None,
    statuses: tuple[int, ...] = (400,),
    code: str = "",
) -> Attack:
    return Attack(
        name, request("POST", target, body, *lines), statuses, code, fields, doors=COMMANDS
    )


def bodies() -> Iterator[Attack]:
    order = json.dumps(ORDER).encode()
    missing = ("customerName", "customerEmail", "items")
    yield command("too large by its length", b"x" * (LIMIT + 1), statuses=(413,), code="too-large")
    announced = head("POST", COMMAND, f"Content-Length: {LIMIT + 1}", "Expect: 100-continue")
    yield Attack("too large, asked before", announced, (413,), "too-large", doors=COMMANDS)
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    chunked = head("POST", COMMAND, "Transfer-Encoding: chunked") + chunk * 9 + b"0\r\n\r\n"
    yield Attack("too large in chunks", chunked, (413,), "too-large", doors=COMMANDS)
    yield command(
        "JSON as deep as it goes", b'{"items":' + b"[" * DEEP, fields=("items[0]", "items[0]")
    )
    yield command("deep objects", b'{"a":' * DEEP + b"1" + b"}" * DEEP, fields=("a", ""))
    yield command("500,000 brackets", b"[" * 500_000, fields=("",))
    yield command(
        "an unknown field", json.dumps({**ORDER, "nonsense": 1}).encode(), fields=("nonsense",)
    )
    nested = json.dumps({**ORDER, "items": [{**ITEM, "nonsense": 1}]}).encode()
    yield command("an unknown field of an item", nested, fields=("items[0].nonsense",))
    yield command(
        "U+0000 in a text",
        json.dumps({**ORDER, "customerName": "a\0b"}).encode(),
        fields=("customerName",),
    )
    yield command(
        "invalid UTF-8 in a text", b'{"customerName":"\xff"}', fields=("customerName", *missing[1:])
    )
    yield command(
        "Protobuf", b"\x0a\x03o-1\x12\x01n", "Content-Type: application/protobuf", fields=("",)
    )
    yield command("compressed, as it says", order[:-1], "Content-Encoding: gzip", fields=("",))
    yield command("no body", b"", fields=missing)
    yield Attack(
        "no more is said", request("POST", COMMAND, order), (201,), doors=COMMANDS, ends=True
    )


def terms() -> Iterator[Attack]:
    """What stands around a command."""
    order = json.dumps(ORDER).encode()
    yield command(
        "a key of 129 bytes", order, "Idempotency-Key: " + "k" * 129, fields=("Idempotency-Key",)
    )
    yield command(
        "a key of invalid UTF-8", order, "Idempotency-Key: \xff\xfe", fields=("Idempotency-Key",)
    )
    yield command("an empty key", order, "Idempotency-Key: ", fields=("Idempotency-Key",))
    yield command("a key with a control character", order, "Idempotency-Key: a\x01b")
    yield command("two keys", order, "Idempotency-Key: a", "Idempotency-Key: b")
    for tag in ("7", 'W/"1"', "*", '"a"', '""', '"-1"', '"1", "2"', '"' + "9" * 40 + '"', "\xff"):
        yield command(f"If-Match: {tag[:9]}", order, f"If-Match: {tag}", fields=("If-Match",))
    yield command("two If-Match", order, 'If-Match: "1"', 'If-Match: "2"', fields=("If-Match",))
    for prefer in (
        "nonsense",
        "wait=-1",
        "wait=x",
        "wait=" + "9" * 40,
        ",,;;==",
        "\xff",
        "dry-run=1;" * 50,
    ):
        yield command(f"Prefer: {prefer[:9]}", order, f"Prefer: {prefer}", statuses=(201,))
    for trace in ("nonsense", "00-" + "0" * 52, "\xff"):
        yield command(f"traceparent: {trace[:9]}", order, f"traceparent: {trace}", statuses=(201,))
    forged = (
        "X-Forwarded-For: 10.0.0.1, \xff",
        "reply_partition: 99",
        "ce_id: a",
        "Foldstream-Position: orders:0:1",
    )
    yield command("forged headers", order, *forged, statuses=(201,))
    yield command(
        "an unknown parameter", order, target=COMMAND + "?dry_run=1&x%0d%0a=2", fields=("dry_run",)
    )
    yield command("an unknown domain", order, target="/api/v1/commands/%00orders/CreateOrder")
    yield command(
        "no such domain",
        order,
        target="/api/v1/commands/..%2forders/CreateOrder",
        statuses=(404,),
        code="not-found",
    )
    yield command(
        "no such command",
        order,
        target="/api/v1/commands/orders/OrderCreated",
        statuses=(404,),
        code="not-found",
    )
    bad_id = Attack(
        "a bad id in the path",
        request("PUT", ALIAS + "/a%2fb%20c/cancel"),
        fields=("orderId",),
        doors=COMMANDS,
    )
    yield bad_id
    other = request("PUT", ALIAS + "/o-1/cancel", b'{"orderId":"o-2"}')
    yield Attack("another id in the path", other, fields=("orderId",), doors=COMMANDS)


def batches() -> Iterator[Attack]:
    line = json.dumps({"domain": "orders", "command": "CreateOrder", "body": ORDER})

    def batch(name: str, body: bytes, *lines: int, statuses: tuple[int, ...] = (200,)) -> Attack:
        told = lines if statuses == (200,) else None
        return Attack(name, request("POST", BATCH, body), statuses, lines=told, doors=COMMANDS)

    yield batch("10,001 lines", b"{}\n" * 10_001, statuses=(413,))
    yield batch(
        "a line over 512 KiB", line.encode() + b"\n" + b" " * LIMIT + line.encode(), 201, 413
    )
    yield batch("no newline at the end", f"{line}\n{line}".encode(), 201, 201)
    yield batch("returns before newlines", f"{line}\r\n{line}\r\n".encode(), 201, 201)
    yield batch(
        "invalid UTF-8 in a line",
        line.encode().replace(b"Ada", b"\xff\xfe") + b"\n" + line.encode(),
        400,
        201,
    )
    yield batch("U+0000 in a line", b"\0\n" + line.encode() + b"\n\0{}", 400, 201, 400)
    yield batch("a deep line", b'{"body":' * DEEP + b"\n" + line.encode(), 400, 201)
    yield batch(
        "brackets that close first",
        b'{"body":],"x":{}}\n{"body":}}\n' + line.encode(),
        400,
        400,
        201,
    )
    yield batch("an unknown field in a line", line.encode()[:-1] + b',"dryRun":true}', 400)
    yield batch("two bodies in a line", line.encode()[:-1] + b',"body":{}}', 400)
    yield batch("nothing", b"")
    yield batch("only newlines", b"\n" * 100_000)
    too_large = head("POST", BATCH, f"Content-Length: {1024**3}")
    yield Attack("a batch of 1 GiB", too_large, (413,), "too-large", doors=COMMANDS)


def queries() -> Iterator[Attack]:
    def asks(name: str, target: str, *lines: str, statuses: tuple[int, ...] = (400,)) -> Attack:
        return Attack(name, head("GET", target, *lines), statuses, doors=QUERIES)

    for query in (
        "limit=-1",
        "limit=999999999999",
        "limit=x",
        "cursor=garbage",
        "cursor=" + "A" * 4000,
        "sort=;drop%20table",
        "status=nonsense",
        "minTotal=1e99",
        "from=yesterday",
        "nonsense=1",
        "status=pending&status=paid",
        "customerEmail=%01",
    ):
        yield asks(f"?{query[:24]}", f"{LIST}?{query}", statuses=(200, 400))
    for query in (
        "limit=-1",
        "cursor=garbage",
        "sort=;drop%20table",
        "nonsense=1",
        "status=nonsense",
    ):
        yield asks(f"refused: ?{query}", f"{LIST}?{query}")
    yield asks("SQL for an id", ALIAS + "/x'%3b%20drop%20table%20orders%3b--", statuses=(400, 404))
    yield asks("a long id", ALIAS + "/" + "x" * 8000, statuses=(400, 404))
    yield asks(
        "SQL for a word", LIST + "/search?q=a'%29%3b--%26%7c%21%28%3a%2a", statuses=(200, 400)
    )
    yield asks("a long search", LIST + "/search?q=" + "a+" * 4000)
    for after in (
        "garbage",
        "orders:0:",
        "orders:-1:1",
        "orders:99999:1",
        "users:0:1",
        "orders:0:" + "9" * 40,
        ",,,",
        "\xff",
    ):
        yield asks(f"Foldstream-After: {after[:16]}", LIST, f"Foldstream-After: {after}")
    yield asks(
        "a far position",
        LIST,
        "Foldstream-After: orders:0:18446744073709551615",
        "Prefer: wait=1",
        statuses=(400, 503),
    )
    for tag in ("garbage", '"' + "x" * 8000 + '"', "\xff", "*", ",,,"):
        yield asks(f"If-None-Match: {tag[:9]}", LIST, f"If-None-Match: {tag}", statuses=(200, 304))
    yield Attack("a body with GET", request("GET", LIST, b"x" * 1000), (200,), doors=QUERIES)


def attacks() -> list[Attack]:
    tables = (framing, heads, targets, bodies, terms, batches, queries)
    return [attack for table in tables for attack in table()]
