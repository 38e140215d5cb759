"""What every log of commands and entries owes, whatever the domain: each command exactly one
entry, in order, and nothing else."""

from collections import Counter
from collections.abc import Iterable

import xxhash

from comparer.topics import Log, Record


def check(log: Log, commands: Iterable[Record]) -> list[str]:
    """Sentences about what is wrong; dense sequences are validity's own doing."""
    problems: list[str] = []
    where = f"orders.events/{log.partition}"
    hashes = {record.offset: xxhash.xxh3_64_intdigest(record.value) for record in commands}
    decided: list[int] = []
    next_offset = 0
    for entry in log.entries:
        body = entry.body
        at = f"{where} sequence {entry.sequence}"
        if body.next_offset < next_offset:
            problems.append(f"{at}: next_offset goes back {next_offset} -> {body.next_offset}")
        next_offset = body.next_offset
        if not body.HasField("command"):
            continue
        offset = body.command.offset
        decided.append(offset)
        if next_offset <= offset:
            problems.append(f"{at}: next_offset {next_offset} would read {offset} again")
        if offset in hashes and body.command.raw_hash != hashes[offset]:
            problems.append(f"{at}: the command at {offset} is another one")
        if body.first and body.first >= entry.sequence:
            problems.append(f"{at}: a duplicate of {body.first}, which comes later")
    if decided != sorted(decided):
        problems.append(f"{where}: commands were not decided in the order of their offsets")
    counts = Counter(decided)
    problems += [f"{where}: command {o} has {n} entries" for o, n in counts.items() if n > 1]
    problems += [f"{where}: command {o} has no entry" for o in hashes if o not in counts]
    problems += [
        f"{where}: an entry for {o}, where no command is" for o in counts if o not in hashes
    ]
    return problems
