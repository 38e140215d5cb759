"""Progress on a terminal is a bar that moves, elsewhere a line now and then."""

import sys
import time
from types import TracebackType

BAR = 30
LINE_SECONDS = 10.0
MOVE_SECONDS = 0.1


class Progress:
    """`with Progress("sending", 10_000) as progress: progress.at(n)`; seconds are counted."""

    def __init__(self, what: str, total: int) -> None:
        self.what, self.total = what, max(total, 1)
        self.value = 0
        self.terminal = sys.stdout.isatty()
        self.started = self.shown = time.monotonic()

    def __enter__(self) -> "Progress":
        self.show()
        return self

    def at(self, value: int, note: str = "") -> None:
        self.value = min(value, self.total)
        every = MOVE_SECONDS if self.terminal else LINE_SECONDS
        if time.monotonic() - self.shown >= every:
            self.show(note)

    def show(self, note: str = "", end: bool = False) -> None:
        self.shown = time.monotonic()
        seconds = self.shown - self.started
        share = self.value / self.total
        counts = f"{self.value:,}/{self.total:,}"
        if self.terminal:
            bar = ("#" * int(share * BAR)).ljust(BAR, ".")
            text = f"\r{self.what} [{bar}] {share:4.0%} {counts} {seconds:.0f} s {note}\x1b[K"
            print(text, end="\n" if end else "", flush=True)
        elif end or seconds >= 0.5:
            print(f"{self.what} {share:.0%} {counts} {seconds:.0f} s {note}".rstrip(), flush=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.value = self.total
        self.show(end=True)
