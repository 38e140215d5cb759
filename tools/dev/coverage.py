"""Line coverage of domains/ and common/fold by the unit lane.

begin: forgets earlier counts. judge: writes BUILD/coverage.txt and fails below the floor.
"""

import json
import subprocess
import sys
from pathlib import Path

import around_a_lane
from paths import ROOT, VENV

FLOOR_PERCENT = 95.0
FOLDERS = ("domains", "common/fold")


def begin(build: Path) -> int:
    for counts in build.rglob("*.gcda"):
        counts.unlink()
    (build / "coverage.txt").unlink(missing_ok=True)
    return 0


def judge(build: Path) -> int:
    summary = build / "coverage.json"
    command: list[str | Path] = [VENV / "bin" / "gcovr", "--root", ROOT, "--json-summary", summary]
    for folder in FOLDERS:
        command += ["--filter", f"{ROOT}/{folder}/"]
    command += ["--exclude-throw-branches", "--gcov-ignore-parse-errors=negative_hits.warn"]
    # The counts of the lanes' processes lie below the cluster's data, and may change meanwhile.
    command += [build / folder.split("/")[0] for folder in FOLDERS]
    subprocess.run(command, check=True, cwd=ROOT)
    files = json.loads(summary.read_text())["files"]
    lines = [f"coverage of lines by the unit lane (at least {FLOOR_PERCENT} % each)"]
    fine = True
    for folder in FOLDERS:
        inside = [file for file in files if file["filename"].startswith(folder + "/")]
        total = sum(file["line_total"] for file in inside)
        covered = sum(file["line_covered"] for file in inside)
        percent = 100.0 * covered / total if total else 0.0
        fine = fine and percent >= FLOOR_PERCENT
        lines.append(f"  {folder:<12} {percent:5.1f} %  ({covered} of {total} lines)")
    text = "\n".join(lines) + "\n"
    (build / "coverage.txt").write_text(text)
    print(text, end="")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(around_a_lane.main(__doc__, begin, judge))
