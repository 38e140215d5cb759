"""python -m oracle: prints each violation as a sentence, what was compared, and `oracle: commands=…
rows=… violations=…`; ends with 0 when there are none."""

import argparse
import os
import sys
from pathlib import Path

from oracle import answers
from oracle.compare import compare

SHOWN = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="oracle", description=__doc__)
    named = os.environ.get
    parser.add_argument("--brokers", default=named("FOLDSTREAM_KAFKA_BROKERS"))
    parser.add_argument("--postgres", default=named("FOLDSTREAM_POSTGRES_URL"), metavar="URL")
    parser.add_argument("--acks", type=Path, metavar="FILE", help="answers, a JSON object a line")
    parser.add_argument("--wait", type=float, default=60, help="seconds to catch up; default 60")
    options = parser.parse_args()
    if not options.brokers:
        parser.error("--brokers, or FOLDSTREAM_KAFKA_BROKERS, is required")
    told = answers.read(options.acks) if options.acks else ()
    report = compare(options.brokers, options.postgres, options.wait, told)
    for difference in report.differences[:SHOWN]:
        print(difference)
    if len(report.differences) > SHOWN:
        print(f"… and {len(report.differences) - SHOWN} more")
    print("log: " + " ".join(f"{k}={v}" for k, v in sorted(report.verdicts.items())))
    print("outcomes: " + " ".join(f"{k}={v}" for k, v in sorted(report.outcomes.items())))
    print(
        f"checked: derived={report.derived} duplicates={report.duplicates} "
        f"answers={report.answers} snapshots={report.snapshots} markers={report.markers}"
    )
    violations = len(report.differences)
    print(f"oracle: commands={report.commands} rows={report.rows} violations={violations}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
