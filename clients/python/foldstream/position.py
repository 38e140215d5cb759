"""The token of read-your-writes: an outcome has one, a query can be given one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """An entry of a log: its domain, partition and sequence. Written orders:3:1042."""

    domain: str
    partition: int
    sequence: int

    @classmethod
    def parse(cls, text: str) -> "Position":
        domain, partition, sequence = text.split(":")
        return cls(domain, int(partition), int(sequence))

    def __str__(self) -> str:
        return f"{self.domain}:{self.partition}:{self.sequence}"
