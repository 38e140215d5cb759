"""The options that every benchmark has."""

import argparse
from pathlib import Path

from measure.report import RESULTS
from paths import DEV

PROGRAMS = ("bench_orders", "bench_projector", "bench_replay")  # of bench/CMakeLists.txt


def parser(name: str, text: str | None) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog=f"./dev bench {name}", description=text)
    made.add_argument("--rounds", type=int, default=3, help="of which the medians are taken")
    made.add_argument("--without-peers", action="store_true", help="measure only us and the limit")
    made.add_argument("--build", type=Path, help="default: builds the preset release")
    made.add_argument("--folder", type=Path, default=DEV / "bench" / name, help="is wiped")
    made.add_argument("--results", type=Path, default=RESULTS, help="where the JSON goes")
    return made


def build(given: Path | None) -> Path:
    if given is not None:
        return given.resolve()
    import build as building

    return building.build("release", "all", *PROGRAMS)
