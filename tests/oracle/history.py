"""What every log of commands and entries owes, whatever the domain: each command exactly one
entry, in order, and nothing else; markers and attempts that say what is so."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import xxhash

from foldstream.log import Entry, Place, Record
from oracle.topics import Log

# No honest writer makes them, whatever happens to it.
NEVER = ("damaged", "impossible", "bad_count")
MOST_ATTEMPTS = 2


@dataclass
class Walk:
    """One log, entry by entry, beside the commands that it decides. `begin` is the first offset
    that the commands topic still has."""

    log: Log
    commands: dict[int, Record]
    begin: int = 0
    problems: list[str] = field(default_factory=list)
    next_offset: int = 0
    decided: list[int] = field(default_factory=list)
    attempts: Counter[int] = field(default_factory=Counter)
    marker: Entry | None = None

    @property
    def where(self) -> str:
        return f"orders.events/{self.log.partition}"

    def tell(self, entry: Entry, what: str) -> None:
        self.problems.append(f"{self.where} sequence {entry.sequence}: {what}")

    def run(self) -> list[str]:
        adoptions = [o for o in self.log.openings if o.body.HasField("adoption")]
        # What was decided before an operator's word was decided from another commands topic.
        compared_after = adoptions[-1].after if adoptions else 0
        floor = adoptions[-1].body.adoption.next_offset if adoptions else 0
        for entry in self.log.entries:
            while adoptions and adoptions[0].after < entry.sequence:
                self.next_offset = adoptions.pop(0).body.adoption.next_offset
            self.step(entry, entry.sequence > compared_after)
        if self.decided != sorted(self.decided):
            self.problems.append(
                f"{self.where}: commands were not decided in the order of their offsets"
            )
        counts = Counter(self.decided)
        for offset, count in counts.items():
            if count > 1:
                self.problems.append(f"{self.where}: command {offset} has {count} entries")
            if offset >= self.begin and offset not in self.commands:
                self.problems.append(f"{self.where}: an entry for {offset}, where no command is")
        for offset in self.commands:
            if offset not in counts and offset >= floor:
                self.problems.append(f"{self.where}: command {offset} has no entry")
        for verdict in NEVER:
            if count := self.log.verdicts[verdict]:
                self.problems.append(f"{self.where}: {count} records are {verdict}")
        return self.problems

    def step(self, entry: Entry, compared: bool) -> None:
        body = entry.body
        kind = body.WhichOneof("input")
        if kind is None:
            self.tell(entry, "it has no input")
        if body.next_offset < self.next_offset:
            self.tell(entry, f"next_offset goes back {self.next_offset} -> {body.next_offset}")
        if kind == "attempt":
            self.attempt(entry)
        elif kind == "marker":
            self.mark(entry)
        elif kind == "command" and compared:
            self.command(entry)
        self.next_offset = body.next_offset

    def command(self, entry: Entry) -> None:
        body, offset = entry.body, entry.body.command.offset
        self.decided.append(offset)
        if body.next_offset != offset + 1:
            again = f"next_offset {body.next_offset} after the command at {offset}"
            skips = "skips" if body.next_offset > offset else "would read it again"
            self.tell(entry, f"{again} {skips}")
        if body.code == "crashed" and self.attempts[offset] != MOST_ATTEMPTS:
            self.tell(entry, f"crashed after {self.attempts[offset]} attempts at {offset}")
        record = self.commands.get(offset)
        if record is not None:
            if body.command.raw_hash != xxhash.xxh3_64_intdigest(record.value):
                self.tell(entry, f"the command at {offset} is another one")
            if body.command.append_time_ms != record.append_time_ms:
                said = f"{body.command.append_time_ms}, not {record.append_time_ms}"
                self.tell(entry, f"the command at {offset} was appended at {said}")
        if body.first and body.first >= entry.sequence:
            self.tell(entry, f"a duplicate of {body.first}, which comes later")

    def attempt(self, entry: Entry) -> None:
        """Only the first attempts at a command are made, one after the other, before it is
        decided."""
        offset, k = entry.body.attempt.offset, entry.body.attempt.k
        self.attempts[offset] += 1
        if k != self.attempts[offset] or k > MOST_ATTEMPTS:
            self.tell(entry, f"attempt {k} at {offset}, which is the {self.attempts[offset]}.")
        if offset < self.next_offset:
            self.tell(entry, f"an attempt at {offset}, which is decided")

    def mark(self, entry: Entry) -> None:
        marker = entry.body.marker
        covered = place_of(marker.covered)
        if self.log.places.get(covered.offset) != covered or covered.sequence >= entry.sequence:
            self.tell(entry, f"a marker that covers {covered}, which is no place before it")
        before = self.marker
        if before is not None and covered.sequence < before.body.marker.covered.sequence:
            self.tell(entry, "a marker that covers less than the one before it")
        said = marker.previous_marker_offset if marker.HasField("previous_marker_offset") else None
        due = before.offset if before is not None else None
        if said != due:
            self.tell(entry, f"the marker before it is at {due}, not {said}")
        self.marker = entry


def place_of(message: object) -> Place:
    """Of a foldstream.v1.LogPlace."""
    return Place(*(getattr(message, name) for name in ("offset", "epoch", "sequence", "link")))


def check(log: Log, commands: Iterable[Record], begin: int = 0) -> list[str]:
    """Sentences about what is wrong; dense sequences are validity's own doing."""
    return Walk(log, {record.offset: record for record in commands}, begin).run()
