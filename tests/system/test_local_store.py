"""What an owner keeps on disk is a cache: it goes on from there, and without it just as well."""

import shutil

from conftest import SHORT_SESSION, WAIT_SECONDS, Stack
from load import Load
from oracle.bodies import BODIES
from processes import wait_for
from watch import Watch


def test_an_owner_goes_on_with_its_store_and_without_it(stack: Stack) -> None:
    stack.start("command-service", "", *SHORT_SESSION)
    stack.start("projector")
    service = stack.started["command-service"]
    store = stack.services.store_of(service.name)
    watch = Watch(stack.brokers, BODIES)

    def wait_until_it_moves() -> None:
        seen = watch.entries()

        def moved() -> bool:
            watch.look()
            return watch.entries() > seen + 300

        assert wait_for(moved, WAIT_SECONDS), "nothing moves"

    with Load(stack.brokers, "local-store"):
        for lost in (False, False, True, False):
            wait_until_it_moves()
            service.stop()
            assert list(store.glob("*.sst")), "a clean end writes everything"
            if lost:
                shutil.rmtree(store)
            service.start()
        wait_until_it_moves()
    watch.close()
    report = stack.compare()
    assert report.differences == []
    assert "stands still" not in service.process.log.read_text()
