"""Owners beside each other, and one that sleeps through its own end: the log stays one run of
decisions."""

import signal
from collections.abc import Iterator

import pytest

from conftest import SHORT_SESSION, Stack
from load import Load
from oracle.bodies import BODIES
from processes import wait_for
from watch import Watch

ROUNDS = 20
TURN_SECONDS = 60
LATE_SECONDS = 5


@pytest.fixture
def watch(stack: Stack) -> Iterator[Watch]:
    made = Watch(stack.brokers, BODIES)
    yield made
    made.close()


def until(watch: Watch, done: object, seconds: float = TURN_SECONDS) -> bool:
    """Reads on until it is so."""
    assert callable(done)

    def looked() -> bool:
        watch.look()
        return bool(done())

    return wait_for(looked, seconds)


def owner(stack: Stack, name: str) -> None:
    stack.start("command-service", name, "--instance", name, *SHORT_SESSION)


def test_one_entry_a_command_whoever_writes_and_whoever_was_stopped(
    stack: Stack, watch: Watch
) -> None:
    owner(stack, "first")
    with Load(stack.brokers, "writers"):
        assert until(watch, lambda: watch.owners() == {"first"}), watch.owners()
        owner(stack, "second")
        assert until(watch, lambda: "second" in watch.owners()), watch.owners()
        owner(stack, "third")
        for _ in range(ROUNDS):
            assert until(watch, lambda: "first" in watch.owners()), watch.owners()
            seen = watch.entries()
            assert until(watch, lambda: watch.entries() > seen + 200), "the load does not arrive"
            process = stack.started["first"].process
            process.send(signal.SIGSTOP)
            try:
                assert until(watch, lambda: "first" not in watch.owners()), watch.owners()
            finally:
                process.send(signal.SIGCONT)
            if until(watch, lambda: watch.ignored_of("first") > 0, LATE_SECONDS):
                break
        assert watch.ignored_of("first") > 0, f"not in {ROUNDS} rounds"
    stack.start("projector")
    report = stack.compare()
    assert report.differences == []
    assert report.commands > 1000
    assert report.verdicts["claim"] > len(watch.logs)
