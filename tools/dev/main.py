"""The commands of ./dev, by name."""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # tidy

import install

from endings import INTERRUPTED, tell
from paths import ROOT, Failed, WrongUsage, path_of_tests


def build(arguments: list[str]) -> int:
    import build as building

    options = parser("build", [("preset", {"nargs": "?", "default": "dev"})]).parse_args(arguments)
    building.build(options.preset)
    return 0


def fmt(arguments: list[str]) -> int:
    import build as building

    parser("fmt").parse_args(arguments)
    return building.fmt()


def tidy(arguments: list[str]) -> int:
    import build as building

    parser("tidy").parse_args(arguments)
    return building.lint()


def test(arguments: list[str]) -> int:
    import testing

    lane = parser("test", [("--lane", {"metavar": "NAME"})]).parse_args(arguments).lane
    return testing.test(lane)


def demo(arguments: list[str]) -> int:
    import demo as show

    keep = parser("demo", [("--keep", {"action": "store_true"})]).parse_args(arguments).keep
    return show.demo(keep)


def up(arguments: list[str]) -> int:
    import local

    parser("up").parse_args(arguments)
    return local.up()


def down(arguments: list[str]) -> int:
    import local

    wipe = parser("down", [("--wipe", {"action": "store_true"})]).parse_args(arguments).wipe
    return local.down(wipe)


def status(arguments: list[str]) -> int:
    import local

    parser("status").parse_args(arguments)
    return local.status()


def logs(arguments: list[str]) -> int:
    import local

    return local.logs(parser("logs", [("name", {})]).parse_args(arguments).name)


def bare(arguments: list[str]) -> int:
    import bare as machine

    parser("bare").parse_args(arguments)
    return machine.bare()


def bench(arguments: list[str]) -> int:
    return script("bench", ROOT / "bench", arguments)


def soak(arguments: list[str]) -> int:
    return script("soak", ROOT / "tests" / "soak", arguments)


def script(command: str, folder: Path, arguments: list[str]) -> int:
    """FOLDER/NAME.py, run in the environment of the tests. NAME has dashes, files underscores."""
    known = sorted(path.stem.replace("_", "-") for path in folder.glob("*.py"))
    options = parser(command, [("name", {})]).parse_args(arguments[:1])
    if options.name not in known:
        there = f"there are {', '.join(known)}" if known else "there is none yet"
        raise WrongUsage(f"unknown name '{options.name}'; {there}")
    run = [sys.executable, str(folder / f"{options.name.replace('-', '_')}.py"), *arguments[1:]]
    quiet = {"PYTHONPATH": path_of_tests(), "PYTHONDONTWRITEBYTECODE": "1"}
    environment = {**os.environ, **quiet}
    return subprocess.run(run, cwd=ROOT, env=environment, check=False).returncode


def parser(
    command: str, options: list[tuple[str, dict[str, object]]] | None = None
) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog=f"./dev {command}")
    for name, settings in options or []:
        made.add_argument(name, **settings)  # type: ignore[arg-type]
    return made


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    command.__name__: command
    for command in (build, fmt, tidy, test, demo, up, down, status, logs, bare, bench, soak)
}


def main() -> int:
    command = COMMANDS[sys.argv[1]]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ.setdefault("CCACHE_DIR", str(Path.home() / ".cache" / "ccache"))
    try:
        install.everything()
        return command(sys.argv[2:])
    except Failed as failure:
        tell(f"./dev {sys.argv[1]}", failure)
        return 2 if isinstance(failure, WrongUsage) else 1
    except KeyboardInterrupt:
        print(f"\n./dev {sys.argv[1]}: interrupted", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
