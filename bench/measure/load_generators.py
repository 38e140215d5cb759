"""wrk and pgbench: how each is run, and what it prints."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cluster import DATABASE, POSTGRES_BIN
from paths import Failed

THREADS = 2
SCRIPT = Path(__file__).with_name("load.lua")
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Asked:
    """Requests of one kind: a path of HTTP, or a statement with its texts for $1, $2 …, each with
    a number below `numbers` in it. `rows`: the statement without what tells the positions."""

    path: str
    statement: str
    rows: str
    texts: tuple[str, ...]
    numbers: int


def run(command: list[str], environment: dict[str, str], seconds: float) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=seconds + 60,
        check=False,
    )
    if done.returncode:
        raise Failed(f"{command[0]}: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout


def wrk(url: str, asked: Asked, connections: int, seconds: int) -> tuple[float, float]:
    """Requests a second, and the 99th percentile in ms. Any answer but a good one fails it."""
    command = ["wrk", f"-t{THREADS}", f"-c{connections}", f"-d{seconds}s", "--latency"]
    environment = {"BENCH_PATH": asked.path, "BENCH_NUMBERS": str(asked.numbers)}
    return read_wrk(run([*command, "-s", str(SCRIPT), url], environment, seconds))


def read_wrk(said: str) -> tuple[float, float]:
    bad = re.search(r"Non-2xx or 3xx responses: .*|Socket errors: .*", said)
    if bad:
        raise Failed(f"wrk: {bad[0]}")
    rate = re.search(r"^Requests/sec:\s+([0-9.]+)$", said, re.MULTILINE)
    slow = re.search(r"^\s+99%\s+([0-9.]+)(us|ms|s|m)$", said, re.MULTILINE)
    if not rate or not slow:
        raise Failed(f"wrk printed no figures: {said[-500:]}")
    return float(rate[1]), float(slow[1]) * UNITS[slow[2]]


def pgbench_script(statement: str, asked: Asked) -> str:
    """The statement as it is, with expressions where its parameters are."""
    statement = re.sub(r"\$(\d+)", lambda match: asked.texts[int(match[1]) - 1], statement)
    return f"\\set n random(0, {asked.numbers - 1})\n{statement};\n"


def pgbench(port: int, script: Path, connections: int, seconds: int) -> float:
    """Transactions a second."""
    command = [str(POSTGRES_BIN / "pgbench"), "-n", "-M", "prepared", "-c", str(connections)]
    command += ["-j", str(THREADS), "-T", str(seconds), "-f", str(script), "-h", "127.0.0.1"]
    command += ["-p", str(port), "-U", "foldstream_query", DATABASE]
    return read_pgbench(run(command, {}, seconds))


def read_pgbench(said: str) -> float:
    rate = re.search(r"^tps = ([0-9.]+)", said, re.MULTILINE)
    failed = re.search(r"^number of failed transactions: ([1-9]\d*)", said, re.MULTILINE)
    if not rate or failed:
        raise Failed(f"pgbench: {failed[0] if failed else said[-500:]}")
    return float(rate[1])
