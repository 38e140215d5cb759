"""The programs of bench/limits, built as they say at their head, and what they print."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from paths import DEV, ROOT, Failed

SOURCES = ROOT / "bench" / "limits"
FOLDER = DEV / "bench" / "limits"
BUILD = {
    "bare_log": ("-lrdkafka", "-lpthread"),
    "bare_upsert": ("-I/usr/include/postgresql", "-lpq", "-lpthread"),
    "bare_responder": ("-DBOOST_ASIO_NO_DEPRECATED", "-lpthread"),
}
RUN_SECONDS = 900


def built(name: str) -> Path:
    """The program; made when it is missing or older than its source."""
    source, program = SOURCES / f"{name}.cc", FOLDER / name
    if program.exists() and program.stat().st_mtime > source.stat().st_mtime:
        return program
    FOLDER.mkdir(parents=True, exist_ok=True)
    print(f"building {source.relative_to(ROOT)}", flush=True)
    command = ["g++", "-O2", "-std=c++20", str(source), "-o", str(program), *BUILD[name]]
    log = FOLDER / f"{name}.log"
    with log.open("wb") as out:
        if subprocess.run(command, stdout=out, stderr=out, check=False).returncode:
            raise Failed(f"{name} could not be built", log)
    return program


def figures(text: str) -> dict[str, float]:
    """`bare_log: per_s=123` as numbers."""
    return {name: float(value) for name, value in re.findall(r"(\w+)=([0-9.]+)", text)}


def run(name: str, *arguments: str) -> dict[str, float]:
    said = output([str(built(name)), *arguments])
    found = figures(said)
    if not found:
        raise Failed(f"{name} printed no figures: {said.strip()[-500:]}")
    return found


def output(command: list[str], environment: Mapping[str, str] | None = None) -> str:
    """What a limit, any program, prints."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
        timeout=RUN_SECONDS,
        check=False,
    )
    if done.returncode:
        raise Failed(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
