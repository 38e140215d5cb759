"""Attacks by topic: each record, and what the log and the reply must say of it."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from oracle.bodies import BODIES
from orders import TYPES
from scene import CUSTOMER, ITEM

Headers = tuple[tuple[str, bytes | None], ...]
CREATE = (TYPES + "CreateOrder").encode()
PAY = (TYPES + "ConfirmPayment").encode()
ORDER = {**CUSTOMER, "items": [ITEM]}
REPLIES_TO = 2  # a partition of foldstream.replies
LIMIT = 512 * 1024
# The topic's max.message.bytes less a record's and a batch's own.
MOST = 1024 * 1024 - 4096
DEEP = 10_000
MISROUTED = "hostile-misrouted"
RANDOM_RECORDS = 60


@dataclass(frozen=True)
class Attack:
    """`code` is the entry's, empty when the command is accepted; `fields` those of the violations
    in the reply, in their order. `replies` is false where nobody can be replied to. `packed` makes
    the value for a reply address."""

    name: str
    value: bytes | None = b""
    headers: Headers = ()
    key: bytes | None = None
    code: str = "invalid"
    fields: tuple[str, ...] = ()
    replies: bool = True
    keyless: bool = False
    misrouted: bool = False  # in a partition that is not its key's
    packed: Callable[[Any], bytes] | None = None

    @property
    def is_answered(self) -> bool:
        return self.replies and bool(self.headers or self.packed)

    def key_of(self, number: int) -> bytes | None:
        return self.key if self.key or self.keyless else instance(number).encode()

    def record(self, number: int) -> tuple[bytes | None, list[tuple[str, bytes | None]]]:
        """Value and headers, the reply address `instance(number)` among them."""
        address = BODIES.command.ReplyAddress(partition=REPLIES_TO, instance=instance(number))
        if self.packed is not None:
            return self.packed(address), []
        if not self.headers:
            return self.value, []
        asked = [("reply_partition", str(REPLIES_TO).encode())]
        asked.append(("reply_instance", instance(number).encode()))
        return self.value, [*self.headers, *(asked if self.replies else [])]


def instance(number: int | str) -> str:
    return f"hostile-{number}"


def order_json(**other: Any) -> bytes:
    return json.dumps({**ORDER, **other}).encode()


def order_message(**other: Any) -> Any:
    fields = {"customer_name": "Ada", "customer_email": "ada@example.com", **other}
    order = BODIES.commands.CreateOrder(**fields)
    order.items.add(product_id="p-1", name="lamp", price_minor=1250, quantity=2)
    return order


def headers(*more: tuple[str, bytes | None], kind: bytes = CREATE, media: str = "json") -> Headers:
    content = f"application/{media}".encode()
    return (("ce_type", kind), ("content-type", content), *more)


def by_json(
    name: str, value: bytes | None = None, *more: tuple[str, bytes | None], **row: Any
) -> Attack:
    """CreateOrder as JSON; without a value a good one."""
    return Attack(name, order_json() if value is None else value, headers(*more), **row)


def by_protobuf(name: str, value: bytes, *more: tuple[str, bytes | None], **row: Any) -> Attack:
    return Attack(name, value, headers(*more, media="protobuf"), **row)


def packed(name: str, spoil: Callable[[bytes], bytes] = bytes, **row: Any) -> Attack:
    """A packed CreateOrder; `row` may have `command`, its own fields, and those of Attack."""
    fields = row.pop("command", {})

    def made(address: Any) -> bytes:
        command = BODIES.command.Command(
            type=CREATE.decode(),
            content_type=BODIES.command.CONTENT_TYPE_PROTOBUF,
            value=order_message().SerializeToString(),
            reply=address,
        )
        command.MergeFrom(BODIES.command.Command(**fields))
        return spoil(bytes(command.SerializeToString()))

    return Attack(name, packed=made, **row)


def accepted(attack: Attack) -> Attack:
    return replace(attack, code="", fields=())


def in_place_of(text: bytes, value: bytes) -> Callable[[bytes], bytes]:
    """Of the same length, so that all lengths around it stay right."""
    assert len(text) == len(value)
    return lambda whole: whole.replace(text, value)


def addresses() -> Iterator[Attack]:
    """Reply addresses that are none, or somebody else's."""

    def asks(partition: bytes | None, name: bytes | None) -> Headers:
        given = (("reply_partition", partition), ("reply_instance", name))
        return headers(*((header, text) for header, text in given if text is not None))

    def row(name: str, partition: bytes | None, text: bytes | None, *fields: str) -> Attack:
        made = Attack(name, order_json(), asks(partition, text), fields=fields, replies=False)
        return made if fields else accepted(made)

    yield row("replies to a partition that is not there", b"4711", b"a")
    yield row("replies to the greatest partition", b"2147483647", b"a")
    yield row("replies beyond the greatest partition", b"2147483648", b"a", "reply_partition")
    yield row("replies to a negative partition", b"-1", b"a", "reply_partition")
    yield row("replies to a partition that is no number", b"orders.events", b"a", "reply_partition")
    yield row("replies to control characters", b"2", b"a\r\n\x01\x7fb")
    yield row("replies to U+0000", b"2", b"a\x00b", "reply_instance")
    yield row("replies to invalid UTF-8", b"2", b"\xff\xfe", "reply_instance")
    yield row("replies to a long name", b"2", b"a" * 129, "reply_instance")
    yield row("replies to nobody", b"2", b"", "reply_instance")
    yield row("replies to no partition", None, b"a", "reply_partition")
    yield row("replies to no name", b"2", None, "reply_instance")
    negative = BODIES.command.ReplyAddress(partition=-5, instance="a")
    yield packed(
        "packed: replies to a negative partition",
        command={"reply": negative},
        fields=("reply_partition",),
        replies=False,
    )


def keys() -> Iterator[Attack]:
    yield by_json(
        "a key that is not the body's id",
        order_json(orderId="other"),
        key=b"one",
        fields=("orderId",),
    )
    yield by_protobuf(
        "protobuf: a key that is not the body's id",
        order_message(order_id="other").SerializeToString(),
        key=b"one",
        fields=("orderId",),
    )
    yield packed(
        "packed: a key that is not the body's id",
        command={"value": order_message(order_id="other").SerializeToString()},
        key=b"one",
        fields=("orderId",),
    )
    yield Attack("neither key nor id", b"{}", headers(kind=PAY), fields=("orderId",), keyless=True)
    for name, key in (
        ("a blank", b"a b"),
        ("a path", b"../../etc"),
        ("U+0000", b"a\x00b"),
        ("invalid UTF-8", b"\xff\xfe"),
        ("129 bytes", b"k" * 129),
        ("300 KiB", b"k" * 300 * 1024),
    ):
        yield by_json(f"a key of {name}", key=key, fields=("orderId",))
    yield by_json("an id with U+0000", order_json(orderId="a\0b"), fields=("orderId",))
    yield by_json(
        "an id of invalid UTF-8",
        b'{"orderId":"\xff"}',
        fields=("orderId", "customerName", "customerEmail", "items"),
    )
    yield by_json(
        "an id with U+0000 and a key like it",
        order_json(orderId="a\0b"),
        key=b"a\0b",
        fields=("orderId",),
    )
    yield by_json(
        "an id of no text",
        b'{"orderId":{"a":1}}',
        fields=("orderId", "customerName", "customerEmail", "items"),
    )


def sizes() -> Iterator[Attack]:
    large = order_json(shippingAddress="x" * LIMIT)
    yield by_json("over the limit", large, code="too-large", fields=("",))
    yield by_json(
        "as large as the broker takes", b"x" * (MOST - 2048), code="too-large", fields=("",)
    )
    yield Attack(
        "packed: as large as the broker takes", b"\x22" * MOST, code="too-large", replies=False
    )
    yield by_json(
        "a text that is too long", order_json(customerName="x" * 257), fields=("customerName",)
    )
    yield by_json("too many items", order_json(items=[ITEM] * 1001), fields=("items",))
    yield by_json(
        "JSON as deep as it goes", b'{"items":' + b"[" * DEEP, fields=("items[0]", "items[0]")
    )
    yield by_json(
        "closed JSON as deep as it goes",
        b'{"items":' + b"[" * DEEP + b"]" * DEEP + b"}",
        fields=("items[0]", "items[0]"),
    )
    yield by_json("deep objects", b'{"a":' * DEEP + b"1" + b"}" * DEEP, fields=("a", ""))
    yield by_json("200,000 brackets", b"[" * 200_000, fields=("",))
    group = b"\x9b\x06"
    yield by_protobuf("groups as deep as they go", group * 100_000, fields=("",))
    nested = b""
    for _ in range(DEEP):
        nested = b"\x22" + varint(len(nested)) + nested
    yield by_protobuf(
        "messages as deep as they go",
        nested,
        fields=(
            "customerName",
            "customerEmail",
            "items[0].4",
            *(f"items[0].{name}" for name in ("productId", "name", "quantity")),
        ),
    )


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def cut_to(size: int) -> Callable[[bytes], bytes]:
    return lambda whole: whole[:size]


def broken() -> Iterator[Attack]:
    message = order_message().SerializeToString()
    for cut in (1, len(message) // 2, len(message) - 1):
        yield by_protobuf(f"protobuf: {cut} of {len(message)} bytes", message[:cut], fields=("",))
        yield packed(
            f"packed: {cut} bytes of its message", command={"value": message[:cut]}, fields=("",)
        )
        yield packed(f"packed: cut to {cut} bytes", cut_to(cut), replies=False)
    yield by_json("JSON cut short", order_json()[:-2], fields=("items[1]",))
    yield by_json("no JSON", b"\x00\x01\x02", fields=("",))
    yield by_json("a list", b"[]", fields=("",))
    yield by_json("two objects", order_json() * 2, fields=("",))
    yield by_json("NaN", b'{"items":[{"quantity":NaN}]}', fields=("items[0].quantity",))
    yield by_json(
        "a huge number",
        order_json(items=[{**ITEM, "quantity": 10**400}]),
        fields=("items[0].quantity",),
    )
    yield by_json("a tombstone", b"", fields=("",))
    yield Attack("no value, no header, no key", None, replies=False, keyless=True)
    yield Attack("a null value with headers", None, headers(), fields=("",))
    draw = random.Random(7)
    for number in range(RANDOM_RECORDS):
        size = draw.choice((1, 8, 40, 400, 4000))
        key = draw.randbytes(draw.randrange(1, 40)) if number % 2 else None
        yield Attack(
            f"random bytes {number}",
            draw.randbytes(size),
            key=key,
            keyless=key is None,
            replies=False,
        )
        media = draw.choice(("json", "protobuf"))
        yield Attack(
            f"random {media} {number}", draw.randbytes(size), headers(media=media), replies=False
        )


def texts() -> Iterator[Attack]:
    """U+0000 and what is not UTF-8, wherever there is text."""
    for name, bad in (("U+0000", "a\0b"), ("an escaped surrogate", "\ud800")):
        yield by_json(f"{name} in a text", order_json(customerName=bad), fields=("customerName",))
    item = {**ITEM, "name": "XX"}
    nested = order_json(items=[ITEM, item]).replace(b"XX", b"\xc3\x28")
    yield by_json("invalid UTF-8 in an item", nested, fields=("items[1].name",))
    yield by_json("U+0000 in a name", order_json(**{"a\0b": 1}), fields=("a?b",))
    yield by_json(
        "invalid UTF-8 in a name",
        b'{"\xff":1}',
        fields=("?", "customerName", "customerEmail", "items"),
    )
    message = order_message(customer_name="XX").SerializeToString()
    spoiled = in_place_of(b"XX", b"\xff\xfe")
    yield by_protobuf("protobuf: invalid UTF-8", spoiled(message), fields=("customerName",))
    yield packed(
        "packed: invalid UTF-8 in its message",
        command={"value": spoiled(message)},
        fields=("customerName",),
    )
    nul = in_place_of(b"XX", b"a\0")
    yield by_protobuf("protobuf: U+0000", nul(message), fields=("customerName",))
    deep = order_message()
    deep.items.add(product_id="p-2", name="XX", price_minor=1, quantity=1)
    yield by_protobuf(
        "protobuf: invalid UTF-8 in an item",
        spoiled(deep.SerializeToString()),
        fields=("items[1].name",),
    )
    for name, text in (("U+0000", b"a\0b"), ("invalid UTF-8", b"\xff")):
        yield by_json(f"ce_id of {name}", None, ("ce_id", text), fields=("ce_id",))
        yield by_json(f"a meta_ value of {name}", None, ("meta_a", text), fields=("meta_*",))
        yield accepted(by_json(f"a traceparent of {name}", None, ("traceparent", text)))
        yield accepted(by_json(f"a foreign header of {name}", None, ("x", text)))
        yield Attack(f"ce_type of {name}", order_json(), (("ce_type", text),), fields=("ce_type",))
    yield packed(
        "packed: a command id of invalid UTF-8",
        spoiled,
        command={"command_id": "XX"},
        replies=False,
    )
    yield packed(
        "packed: a command id of U+0000", nul, command={"command_id": "XX"}, fields=("ce_id",)
    )


def strangers() -> Iterator[Attack]:
    """Fields, types and media that nobody knows."""
    message = order_message().SerializeToString()
    unknown = b"\x98\x06\x01"  # number 99
    yield by_json("an unknown field", order_json(nonsense=1), fields=("nonsense",))
    yield by_json(
        "an unknown field of an item",
        order_json(items=[{**ITEM, "nonsense": 1}]),
        fields=("items[0].nonsense",),
    )
    yield by_json(
        "a long unknown name", order_json(**{"n" * 100_000: 1}), fields=("n" * 64 + "...",)
    )
    yield by_json(
        "30 unknown fields",
        order_json(**{f"n{i}": 1 for i in range(30)}),
        fields=tuple(f"n{i}" for i in range(20)),
    )
    yield by_protobuf("protobuf: an unknown field", message + unknown, fields=("99",))
    inner = b"\x22" + varint(len(unknown)) + unknown
    yield by_protobuf(
        "protobuf: an unknown field of an item",
        message + inner,
        fields=("items[1].99", "items[1].productId", "items[1].name", "items[1].quantity"),
    )
    yield packed("packed: an unknown field", lambda whole: whole + unknown, fields=("command.99",))
    for name, kind in (
        ("unknown", b"no.such.Type"),
        ("an event's", (TYPES + "OrderCreated").encode()),
        ("the envelope's", b"foldstream.v1.Command"),
        ("another domain's", b"foldstream.users.v1.CreateUser"),
        ("empty", b""),
        ("long", b"t" * 500_000),
    ):
        yield Attack(
            f"a type that is {name}", order_json(), headers(kind=kind), fields=("ce_type",)
        )
    yield Attack(
        "no type", order_json(), (("content-type", b"application/json"),), fields=("ce_type",)
    )
    yield by_protobuf("JSON that is called Protobuf", order_json(), fields=("",))
    yield by_json("Protobuf that is called JSON", message, fields=("",))
    yield packed("packed: Protobuf that is called JSON", command={"content_type": 2}, fields=("",))
    yield packed(
        "packed: a media type that is none",
        command={"content_type": 77},
        fields=("command.contentType",),
    )
    html = Attack(
        "a media type of pages",
        order_json(),
        headers(media="xhtml+xml"),
        fields=("content-type", ""),
    )
    yield html
    sly = (("ce_type", CREATE), ("content-type", b"application/json; charset=utf-16"))
    yield accepted(Attack("another charset", order_json(), sly))


def forgeries() -> Iterator[Attack]:
    """What only the platform says, and the broker's own words."""
    source = BODIES.command.ChannelSource(domain="orders", partition=0, log_id=b"x" * 16, n=7)
    forged = {"source": source, "first_append_time_ms": 1}
    yield accepted(packed("packed: forged platform fields", command=forged))
    names = ("source", "source_domain", "source_partition", "n", "log_id", "first_append_time_ms")
    more = ((name, b"1") for name in (*names, "position", "principal", "foldstream_source"))
    yield accepted(by_json("forged platform headers", None, *more))
    yield accepted(
        by_json(
            "a forged principal",
            None,
            ("authorization", b"Bearer root"),
            ("meta_principal", b"root"),
        )
    )
    yield by_json(
        "a wrong partition",
        order_json(),
        key=MISROUTED.encode(),
        code="misrouted",
        fields=("orderId",),
        misrouted=True,
    )
    yield packed(
        "packed: a wrong partition",
        key=MISROUTED.encode(),
        code="misrouted",
        fields=("orderId",),
        misrouted=True,
    )
    for header in ("ce_id", "ce_type", "content-type", "expected_version", "dry_run"):
        text = {"ce_type": CREATE, "content-type": b"application/json", "ce_id": b"a"}.get(
            header, b"1"
        )
        known = {name: value for name, value in headers()}
        times = 1 if header in known else 2
        fields = (header,)
        yield by_json(f"two {header}", None, *(((header, text),) * times), fields=fields)
    yield by_json(
        "two of one attribute", None, ("meta_a", b"1"), ("meta_a", b"2"), fields=("meta_a",)
    )


def attributes() -> Iterator[Attack]:
    for text in (b"-1", b"1.0", b"", b" 1", b"0x1", b"9" * 40, b"18446744073709551616", b"\xff"):
        yield by_json(
            f"expected_version {text!r}",
            None,
            ("expected_version", text),
            fields=("expected_version",),
        )
    greatest = by_json("the greatest version", None, ("expected_version", b"18446744073709551615"))
    yield replace(greatest, code="version-conflict")
    for text in (b"tomorrow", b"", b"0", b"9" * 100):
        yield by_json(
            f"deliver_at {text[:9]!r}", None, ("deliver_at", text), fields=("deliver_at",)
        )
    yield packed("packed: deliver_at", command={"deliver_at_ms": -1}, fields=("deliver_at",))
    for text in (b"maybe", b"TRUE", b"", b"2", b"\x00"):
        yield by_json(f"dry_run {text!r}", None, ("dry_run", text), fields=("dry_run",))
    yield by_json("a long ce_id", None, ("ce_id", b"c" * 129), fields=("ce_id",))
    yield by_json(
        "17 attributes", None, *((f"meta_{n}", b"1") for n in range(17)), fields=("meta_*",)
    )
    yield by_json("attributes of 1,025 bytes", None, ("meta_a", b"x" * 1024), fields=("meta_*",))
    yield by_json(
        "an attribute of 500,000 bytes", None, ("meta_a", b"x" * 500_000), fields=("meta_*",)
    )
    yield by_json(
        "10,000 attributes", None, *((f"meta_{n}", b"1") for n in range(10_000)), fields=("meta_*",)
    )
    yield by_json(
        "10,000 times ce_id", None, *((("ce_id", b"a"),) * 10_000), fields=("ce_id",) * 20
    )
    yield accepted(
        by_json("10,000 foreign headers", None, *((f"h{n}", b"1") for n in range(10_000)))
    )
    yield accepted(by_json("a foreign header of 900,000 bytes", None, ("x", b"x" * 900_000)))
    yield accepted(by_json("a traceparent of 500,000 bytes", None, ("traceparent", b"0" * 500_000)))
    yield accepted(
        by_json("headers without name and value", None, ("", b"1"), ("x", None), ("", None))
    )
    yield accepted(by_json("a ce_id that is null", None, ("ce_id", None)))


def attacks() -> list[Attack]:
    tables = (addresses, keys, sizes, broken, texts, strangers, forgeries, attributes)
    return [attack for table in tables for attack in table()]
