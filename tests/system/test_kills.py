"""kill -9 at any moment of any process loses nothing and doubles nothing."""

import json

import pytest

from conftest import SHORT_SESSION, WAIT_SECONDS, Stack
from load import Load
from oracle.bodies import BODIES
from processes import wait_for
from services import NAMES, fetch
from watch import Watch

KILLS = 5


@pytest.mark.parametrize("victim", NAMES)
def test_a_killed_process_comes_back_and_the_rows_equal_the_log(stack: Stack, victim: str) -> None:
    for name in NAMES:
        stack.start(name, name, *SHORT_SESSION)
    watch = Watch(stack.brokers, BODIES)

    def moved_from(seen: int) -> bool:
        watch.look()
        return watch.entries() > seen + 300

    with Load(stack.brokers, f"kill-{victim}"):
        for _ in range(KILLS):
            seen = watch.entries()
            assert wait_for(lambda: moved_from(seen), WAIT_SECONDS), "nothing moves"
            stack.started[victim].kill()
            stack.started[victim].start()
    watch.close()
    report = stack.compare()
    assert report.differences == []
    assert report.commands > KILLS * 300
    status, body = fetch(stack.environment["FOLDSTREAM_QUERY_URL"] + "/api/v1/orders/summary")
    assert status == 200
    assert json.loads(body)["totalOrders"] == report.rows
