"""python -m comparer: prints differences and `compare: rows=… different=…`; 0 when there are none.

Addresses come from FOLDSTREAM_KAFKA_BROKERS and FOLDSTREAM_POSTGRES_URL.
"""

import argparse
import os
import sys
from pathlib import Path

from comparer.compare import compare

SHOWN = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="comparer", description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="where generated code may go")
    parser.add_argument("--wait", type=float, default=60, help="seconds to catch up; default 60")
    options = parser.parse_args()
    brokers = os.environ["FOLDSTREAM_KAFKA_BROKERS"]
    report = compare(brokers, os.environ["FOLDSTREAM_POSTGRES_URL"], options.build, options.wait)
    for difference in report.differences[:SHOWN]:
        print(difference)
    if len(report.differences) > SHOWN:
        print(f"… and {len(report.differences) - SHOWN} more")
    print("log: " + " ".join(f"{k}={v}" for k, v in sorted(report.verdicts.items())))
    print("outcomes: " + " ".join(f"{k}={v}" for k, v in sorted(report.outcomes.items())))
    print(f"compare: rows={report.rows} different={len(report.differences)}")
    return 1 if report.differences else 0


if __name__ == "__main__":
    sys.exit(main())
