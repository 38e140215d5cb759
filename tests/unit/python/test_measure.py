"""What the benchmarks make of figures: medians, what wrk, pgbench and the limits print, and when a
run is invalid."""

import hashlib
import json
from pathlib import Path

import pytest

import commands
from measure import limits
from measure.load_generators import Asked, pgbench_script, read_pgbench, read_wrk
from measure.report import Series, per_second_of
from paths import Failed

WRK = """Running 1s test @ http://127.0.0.1:1
  2 threads and 64 connections
  Latency Distribution
     50%    5.98ms
     99%  21.25ms
  10640 requests in 1.00s, 5.00MB read
Requests/sec:  10640.12
Transfer/sec:      5.00MB
"""
PGBENCH = """transaction type: point.sql
number of transactions actually processed: 9797
number of failed transactions: 0 (0.000%)
tps = 9797.123 (without initial connection time)
"""
# Whoever changes one of these has no limit any more.
LIMITS = {
    "bare_log.cc": "1c30534c6fdb20181907a8fc188e567759415e2994f1c5a1a12fdfcf021a0db6",
    "bare_responder.cc": "ba3f55bafb8436c3f3003a6ad16588a25a930ca647bbe4c1504b813f90e996f7",
    "bare_upsert.cc": "6c645da9bc879888c04196241dc7002bc0cd3158f3a06b0a55cf253c889c6961",
}


def test_wrk_is_read() -> None:
    assert read_wrk(WRK) == (10640.12, 21.25)
    assert read_wrk(WRK.replace("21.25ms", "1.50s"))[1] == 1500
    assert read_wrk(WRK.replace("21.25ms", "900.00us"))[1] == pytest.approx(0.9)


@pytest.mark.parametrize(
    "line", ["  Non-2xx or 3xx responses: 1\n", "  Socket errors: connect 0, read 1, timeout 0\n"]
)
def test_answers_that_are_not_good_ones_fail_a_run(line: str) -> None:
    with pytest.raises(Failed, match=line.strip()[:10]):
        read_wrk(WRK + line)


def test_pgbench_is_read_and_failed_transactions_fail_a_run() -> None:
    assert read_pgbench(PGBENCH) == 9797.123
    with pytest.raises(Failed, match="failed transactions: 3"):
        read_pgbench(PGBENCH.replace("transactions: 0", "transactions: 3"))


def test_pgbench_gets_the_statement_with_its_texts() -> None:
    asked = Asked("/%d", "", "", ("('a' || :n)", "(51)"), 10)
    script = pgbench_script("SELECT x FROM t WHERE k = $1::text LIMIT $2::int8", asked)
    assert script == (
        "\\set n random(0, 9)\nSELECT x FROM t WHERE k = ('a' || :n)::text LIMIT (51)::int8;\n"
    )


def test_figures_are_medians_and_times_of_a_millisecond() -> None:
    series = Series()
    for value in (3.0, 1.0, 2.0):
        series.add(rate=value)
    assert series.median("rate") == 2
    assert "2.00   3.00 1.00 2.00" in series.table({"rate": "a rate"})
    assert per_second_of(5_000, {"first_ms": 1_000, "last_ms": 3_500}) == 2_000
    assert limits.figures("bare_log: idle_p50_ms=0.92 idle_p99_ms=22.10\n") == {
        "idle_p50_ms": 0.92,
        "idle_p99_ms": 22.1,
    }


@pytest.mark.parametrize(("limit", "code"), [(99_999.0, 1), (100_000.0, 0)])
def test_a_limit_below_the_floor_makes_a_run_invalid(
    limit: float, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = commands.Commands(commands.parse(["--without-peers", "--results", str(tmp_path)]))
    run.series.add(per_s=80_000, limit_per_s=limit, limit_append_per_s=limit, rss_mib=100)
    run.series.add(idle_p50_ms=1, idle_p99_ms=2, bare_idle_p50_ms=1, rss_many_mib=150)
    assert run.tell({}) == code
    assert ("invalid: " in capsys.readouterr().out) is (code == 1)
    assert json.loads((tmp_path / "commands.json").read_text())["valid"] is (code == 0)


def test_the_limits_are_as_they_were_given() -> None:
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in limits.SOURCES.glob("*.cc")
    }
    assert found == LIMITS
