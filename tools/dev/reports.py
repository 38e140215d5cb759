"""What sanitizers wrote of any process of a lane: also of killed ones, and of a test's own.

begin: forgets earlier reports. judge: prints them, and fails when there is one.
"""

import shutil
import sys
from pathlib import Path

import around_a_lane

FOLDER = "reports"


def begin(build: Path) -> int:
    shutil.rmtree(build / FOLDER, ignore_errors=True)
    (build / FOLDER).mkdir()
    return 0


def judge(build: Path) -> int:
    files = sorted(file for file in (build / FOLDER).iterdir() if file.stat().st_size)
    for file in files:
        print(f"--- {file}\n{file.read_text(errors='replace')}")
    print(f"{len(files)} processes were reported")
    return 1 if files else 0


if __name__ == "__main__":
    sys.exit(around_a_lane.main(__doc__, begin, judge))
