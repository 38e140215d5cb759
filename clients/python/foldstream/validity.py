"""Which records of a log count, in twenty lines that share nothing with the C++ (tests/compat
holds both to the same frames)."""

import struct
from dataclasses import dataclass

import xxhash

FRAME = struct.Struct("<2sBBIQQQQ")  # magic, version, kind, count, epoch, sequence, prev, id
CLAIM, ENTRIES = 1, 2
COUNTS = ("claim", "entries")
STOPS = ("missing_offset", "unknown_version", "unknown_kind")


def identify(value: bytes) -> int:
    return xxhash.xxh3_64_intdigest(value[:32] + value[40:])


@dataclass
class Validity:
    """Feed every record of one partition in offset order; `offset` is that of the last valid one.
    After a verdict that stops, nothing has changed."""

    offset: int = -1
    epoch: int = 0
    sequence: int = 0
    link: int = 0

    def __post_init__(self) -> None:
        self.next = self.offset + 1

    def feed(self, offset: int, value: bytes) -> str:
        verdict = self.judge(value) if offset == self.next else "missing_offset"
        if verdict in COUNTS:
            count, self.epoch, ident = (FRAME.unpack_from(value)[i] for i in (3, 4, 7))
            self.offset, self.link = offset, ident
            self.sequence += count if verdict == "entries" else 0
        self.next += verdict not in STOPS
        return verdict

    def judge(self, value: bytes) -> str:
        if len(value) < FRAME.size or value[:2] != b"FS":
            return "foreign"
        _, version, kind, count, epoch, sequence, prev, ident = FRAME.unpack_from(value)
        if version != 1:
            return "unknown_version"
        if kind not in (CLAIM, ENTRIES):
            return "unknown_kind"
        if ident != identify(value):
            return "damaged"
        due = self.epoch + (kind == CLAIM)
        if epoch != due:
            return "impossible" if epoch > self.epoch else "stale"
        if kind == CLAIM:
            return "claim"
        if not 1 <= count <= 256:
            return "bad_count"
        if sequence != self.sequence + 1:
            return "repeat" if sequence <= self.sequence else "hole"
        return "entries" if prev == self.link else "fork"
