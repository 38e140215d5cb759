"""The benchmarks in small, on a cluster of their own: what they start, measure and print works. The
figures of such a run mean nothing."""

import json
import re
from pathlib import Path

import pytest

import commands
import end_to_end
import projection
import queries
from conftest import BUILD

KEYS = {
    "commands": "per_s limit_per_s ratio idle_p50_ms idle_p99_ms bare_idle_p50_ms rss_mib "
    "rss_growth",
    "queries": "point_rps list_rps pgbench_tps ratio list_ratio p99_ms",
    "end-to-end": "p50_ms p99_ms bare_idle_p50_ms",
    "projection": "events_per_s limit_per_s ratio full_events_per_s full_ratio coalescing rss_mib",
}


def small(name: str, results: Path, *more: str) -> list[str]:
    folder = BUILD / "bench" / name
    return ["--build", str(BUILD), "--folder", str(folder), "--results", str(results),
            "--rounds", "1", *more]  # fmt: skip


def check(name: str, results: Path, printed: str) -> None:
    """The last line has all its keys, in order, each with a number above 0."""
    last = printed.splitlines()[-1]
    assert last.startswith(f"{name}: ")
    found = re.findall(r"(\w+)=([0-9.]+)", last)
    wanted = KEYS[name].split()
    assert [key for key, _ in found if key in wanted] == wanted
    assert [key for key, value in found if float(value) <= 0] == []
    written = json.loads((results / f"{name}.json").read_text())
    assert written["medians"] == dict(found)
    assert written["machine"]["cores"] >= 1
    assert not (BUILD / "bench" / name / "data").exists()


def test_commands_are_preloaded_decided_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("--orders", "200", "--idle", "10", "--floor", "0", "--without-peers")
    assert commands.Commands(commands.parse(small("commands", tmp_path, *more))).run() == 0
    check("commands", tmp_path, capsys.readouterr().out)


def test_queries_are_asked_over_rows_that_were_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("--rows", "2000", "--seconds", "1", "--without-peers")
    assert queries.Queries(queries.parse(small("queries", tmp_path, *more))).run() == 0
    check("queries", tmp_path, capsys.readouterr().out)


def test_commands_are_looked_for_until_they_are_visible(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("--looks", "20", "--idle", "10")
    run = end_to_end.EndToEnd(end_to_end.parse(small("end-to-end", tmp_path, *more)))
    assert run.run() == 0
    check("end-to-end", tmp_path, capsys.readouterr().out)


def test_events_are_projected_recorded_and_replayed_to_the_same_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("--orders", "400", "--open", "50", "--without-peers")
    run = projection.Projection(projection.parse(small("projection", tmp_path, *more)))
    assert run.run() == 0
    check("projection", tmp_path, capsys.readouterr().out)
