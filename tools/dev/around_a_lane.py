"""The command line of what begins before a lane's tests and judges behind them."""

import argparse
from collections.abc import Callable
from pathlib import Path

Action = Callable[[Path], int]  # of a build folder; the exit code


def main(text: str | None, begin: Action, judge: Action) -> int:
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("action", choices=("begin", "judge"))
    options = parser.parse_args()
    return begin(options.build) if options.action == "begin" else judge(options.build)
