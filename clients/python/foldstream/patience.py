"""Trying again until a deadline, with pauses that grow and are drawn."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

FIRST_SECONDS = 0.05
LONGEST_SECONDS = 2.0


@dataclass
class Patience:
    """Of one call. Many clients that failed together do not come back together: each pause is drawn
    between nothing and a bound that doubles."""

    seconds: float
    draw: Callable[[], float] = random.random
    pause: Callable[[float], object] = time.sleep
    now: Callable[[], float] = time.monotonic
    tries: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.deadline = self.now() + self.seconds

    @property
    def left(self) -> float:
        return max(0.0, self.deadline - self.now())

    def again(self, at_least: float | None = None) -> bool:
        """Pauses, at least as long as the server asks for; false when the deadline is nearer."""
        bound = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(self.tries, 16))
        self.tries += 1
        seconds = max(self.draw() * bound, at_least or 0.0)
        if seconds >= self.left:
            return False
        self.pause(seconds)
        return True
