"""Writes frames.json: logs as hex with the verdict of each record, said here by hand, and the
position at the end or the offset where a reader stops. The C++ and the Python readers are both
held to the file; a test holds the file to this script.

    python3 tests/compat/make_frames.py > tests/compat/frames.json
"""

import json
import struct
import sys
from typing import Any

import xxhash

FRAME = struct.Struct("<2sBBIQQQQ")
CLAIM, ENTRIES = 1, 2
START = (-1, 0, 0, 0)
Record = tuple[bytes, str]


def record(
    kind: int,
    epoch: int,
    sequence: int = 0,
    prev: int = 0,
    count: int = 0,
    body: bytes = b"",
    version: int = 1,
) -> bytes:
    head = FRAME.pack(b"FS", version, kind, count, epoch, sequence, prev, 0)[:32]
    return head + struct.pack("<Q", xxhash.xxh3_64_intdigest(head + body)) + body


def ident(value: bytes) -> int:
    return int(FRAME.unpack_from(value)[7])


def place(position: tuple[int, int, int, int]) -> dict[str, Any]:
    offset, epoch, sequence, link = position
    return {"offset": offset, "epoch": epoch, "sequence": sequence, "link": str(link)}


def log(
    name: str,
    records: list[Record],
    start: tuple[int, int, int, int] = START,
    offsets: list[int] | None = None,
    end: tuple[int, int, int, int] | None = None,
) -> dict[str, Any]:
    """Without `end` the log stops at its last record."""
    at = offsets or [start[0] + 1 + i for i in range(len(records))]
    rows = [
        {"offset": offset, "hex": value.hex(), "verdict": verdict}
        for offset, (value, verdict) in zip(at, records, strict=True)
    ]
    said = {"name": name, "start": place(start), "records": rows}
    return said | ({"end": place(end)} if end else {"stops_at": at[-1]})


c1 = record(CLAIM, 1, body=b"nonce-a")
a = record(ENTRIES, 1, 1, ident(c1), 3, b"abc")
b = record(ENTRIES, 1, 4, ident(a), 1, b"d")
c2 = record(CLAIM, 2, body=b"nonce-b")
OPENED = (0, 1, 0, ident(c1))


def table_of_cases() -> list[dict[str, Any]]:
    first = record(ENTRIES, 2, 5, ident(c2), 2, b"xy")
    table: list[Record] = [
        (c1, "claim"),
        (a, "entries"),
        (a, "repeat"),
        (record(ENTRIES, 1, 4, ident(c1), 1, b"D"), "fork"),
        (b, "entries"),
        (record(ENTRIES, 1, 6, ident(b), 1, b"f"), "hole"),
        (b"junk", "foreign"),
        (record(CLAIM, 9, body=b"nonce-d"), "impossible"),
        (c2, "claim"),
        (record(CLAIM, 2, body=b"nonce-c"), "stale"),
        (record(ENTRIES, 1, 5, ident(b), 1, b"e"), "stale"),
        (first, "entries"),
        (record(ENTRIES, 2, 7, ident(first), 0), "bad_count"),
        (a[:-1] + b"!", "damaged"),
    ]
    end = (11, 2, 6, ident(first))
    return [
        log("the table of cases", table, end=end),
        log("the table resumed behind a stored position", table[5:], (4, 1, 4, ident(b)), end=end),
    ]


def what_is_ignored() -> list[dict[str, Any]]:
    full = record(ENTRIES, 1, 1, ident(c1), 256)
    odd = record(CLAIM, 1, 9, 9, 999, b"n")
    return [
        log("an empty log", [], end=START),
        log(
            "entries before any claim", [(a, "impossible"), (c1, "claim")], end=(1, 1, 0, ident(c1))
        ),
        log(
            "a claim that skips an epoch",
            [(c2, "impossible"), (c1, "claim")],
            end=(1, 1, 0, ident(c1)),
        ),
        log("the same claim twice", [(c1, "claim"), (c1, "stale")], end=OPENED),
        log(
            "two claims without an entry between",
            [(c1, "claim"), (c2, "claim"), (a, "stale")],
            end=(1, 2, 0, ident(c2)),
        ),
        log(
            "short values, other magics, an empty value",
            [(b"", "foreign"), (c1[:39], "foreign"), (b"SF" + c1[2:], "foreign"), (c1, "claim")],
            end=(3, 1, 0, ident(c1)),
        ),
        log(
            "a frame without a body counts",
            [(record(CLAIM, 1), "claim")],
            end=(0, 1, 0, ident(record(CLAIM, 1))),
        ),
        log(
            "256 entries count, 257 do not",
            [(record(ENTRIES, 1, 1, ident(c1), 257), "bad_count"), (full, "entries")],
            OPENED,
            end=(2, 1, 256, ident(full)),
        ),
        log(
            "every damaged field of the head is seen by the id",
            [
                (a[:4] + b"\x04" + a[5:], "damaged"),
                (a[:8] + b"\x02" + a[9:], "damaged"),
                (a[:16] + b"\x02" + a[17:], "damaged"),
                (a[:24] + bytes([a[24] ^ 1]) + a[25:], "damaged"),
                (a[:39] + bytes([a[39] ^ 128]) + a[40:], "damaged"),
                (a, "entries"),
            ],
            OPENED,
            end=(6, 1, 3, ident(a)),
        ),
        log(
            "a claim's count, sequence and prev are not looked at",
            [(odd, "claim")],
            end=(0, 1, 0, ident(odd)),
        ),
    ]


def what_stops() -> list[dict[str, Any]]:
    return [
        log("an unknown kind stops", [(c1, "claim"), (record(3, 2), "unknown_kind")]),
        log("kind 0 stops", [(record(0, 1), "unknown_kind")]),
        log(
            "an unknown frame version stops",
            [(c1, "claim"), (record(1, 2, version=2), "unknown_version")],
        ),
        log(
            "an unknown version stops before its id is looked at",
            [(b"FS\x02" + c1[3:], "unknown_version")],
        ),
        log("a missing offset stops", [(c1, "claim"), (a, "missing_offset")], offsets=[0, 2]),
        log(
            "an offset that goes back stops", [(c1, "claim"), (a, "missing_offset")], offsets=[0, 0]
        ),
        log(
            "a resumed log begins at the next offset", [(a, "missing_offset")], OPENED, offsets=[2]
        ),
    ]


def text() -> str:
    return (
        json.dumps({"logs": table_of_cases() + what_is_ignored() + what_stops()}, indent=1) + "\n"
    )


if __name__ == "__main__":
    sys.stdout.write(text())
