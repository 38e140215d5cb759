"""How a command of a developer ends."""

import signal
import sys
from collections.abc import Callable

from paths import Failed
from processes import tail

INTERRUPTED = 130


def tell(title: str, failure: Failed) -> None:
    if failure.log is not None:
        print(f"--- the end of {failure.log}:\n{tail(failure.log)}\n---", file=sys.stderr)
    print(f"{title}: {failure}", file=sys.stderr)


def ended(title: str, run: Callable[[], int]) -> int:
    """The exit code of a script that ./dev has started, which speaks of interrupts itself."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return run()
    except Failed as failure:
        tell(title, failure)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
