"""./dev test: builds the dev preset and runs the lanes with ctest. Some lanes have a build of their
own, and are run when they are named: the preset of that name says which tests they are."""

import os
import re
import subprocess
import sys
from pathlib import Path

import coverage
from build import build
from cluster import Cluster
from paths import ROOT, Workspace, WrongUsage

LANES = ("unit", "contract", "integration", "scenarios", "system", "compat", "model", "tidy")
OF_A_PRESET = {"fuzz": ("fuzz",), "asan-ubsan": (), "tsan": ()}  # and what is built of it
COVERAGE_DONE = re.compile(r"coverage: domains and common/fold .*(Passed|Failed)")
# GCC 12's TSan does not know address spaces that are random in more bits than these.
RANDOM_BITS = Path("/proc/sys/vm/mmap_rnd_bits")
MOST_RANDOM_BITS = 28


def test(lane: str | None) -> int:
    """ctest's own summary stays the last thing that is printed."""
    if lane in OF_A_PRESET:
        folder = build(lane, *OF_A_PRESET[lane])
        return run([*plain_addresses(lane), "ctest", "--preset", lane], folder)
    if lane is not None and lane not in LANES:
        raise WrongUsage(f"unknown lane '{lane}'; there are {', '.join([*LANES, *OF_A_PRESET])}")
    folder = build("dev")
    coverage.begin(folder)  # listing the tests runs their programs, too
    command = ["ctest", "--test-dir", str(folder), "-j", "2", "--output-on-failure"]
    command += ["-L", f"^{lane}$", "--no-tests=error"] if lane else []
    return run(command, folder)


def plain_addresses(lane: str) -> list[str]:
    if lane != "tsan" or int(RANDOM_BITS.read_text()) <= MOST_RANDOM_BITS:
        return []
    return ["setarch", os.uname().machine, "--addr-no-randomize"]


def run(command: list[str], folder: Path) -> int:
    ctest = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert ctest.stdout is not None
        for line in ctest.stdout:
            sys.stdout.write(line)
            table = folder / "coverage.txt"
            if COVERAGE_DONE.search(line) and table.exists():
                sys.stdout.write(table.read_text())
            sys.stdout.flush()
        return 1 if ctest.wait() else 0
    except KeyboardInterrupt:
        ctest.terminate()
        ctest.wait()
        raise
    finally:
        Cluster(Workspace(folder / "cluster"), throwaway=True).stop()
