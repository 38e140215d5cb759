"""./dev test: builds the dev preset and runs the lanes with ctest."""

import re
import subprocess
import sys

import coverage
from build import build
from cluster import Cluster
from paths import ROOT, Workspace, WrongUsage

LANES = ("unit", "contract", "integration", "scenarios", "system", "compat", "model", "tidy")
COVERAGE_DONE = re.compile(r"coverage: domains and common/fold .*(Passed|Failed)")


def test(lane: str | None) -> int:
    """ctest's own summary stays the last thing that is printed."""
    if lane is not None and lane not in LANES:
        raise WrongUsage(f"unknown lane '{lane}'; there are {', '.join(LANES)}")
    folder = build("dev")
    coverage.begin(folder)  # listing the tests runs their programs, too
    command = ["ctest", "--test-dir", str(folder), "-j", "2", "--output-on-failure"]
    command += ["-L", f"^{lane}$", "--no-tests=error"] if lane else []
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
