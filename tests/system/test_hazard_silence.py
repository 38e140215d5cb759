"""A broker that is silent for longer than anybody waits: a few claims, then everything goes on."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cluster import Kafka
from conftest import BUILD, SHORT_SESSION, WAIT_SECONDS, Stack
from load import Load
from oracle.compare import compare
from paths import Workspace
from processes import wait_for
from scene import Scene, create, metric
from services import Service

SHORT_TIMEOUT = ("--kafka", "message.timeout.ms=2000")
FAILED_CLAIMS = 3
# Pauses double from 1 s, a quarter more or less.
MOST_CLAIMS = 6
AT_ONCE_SECONDS = 0.5
RETURN_SECONDS, SILENCE_SECONDS = 60, 50


@contextmanager
def silent_broker(service: Service) -> Iterator[None]:
    """From a moment on when records were in flight."""
    broker = Kafka(Workspace(BUILD / "cluster")).process

    def answered() -> bool:
        return metric(service, "foldstream_readback_window_entries") == 0

    def strike() -> bool:
        broker.send(signal.SIGSTOP)
        if wait_for(answered, AT_ONCE_SECONDS):
            broker.send(signal.SIGCONT)
            return False
        return True

    try:
        assert wait_for(strike, WAIT_SECONDS), "never anything in flight"
        yield
    finally:
        broker.send(signal.SIGCONT)


def vain_calls(service: Service) -> int:
    """The second one comes long after the end of a session, and of a drain."""
    said = service.process.log.read_text(errors="replace")
    return said.count("GroupCoordinator: Timed out") + said.count("GroupCoordinator/1: Timed out")


def failed_claims(service: Service) -> float:
    return metric(service, "foldstream_claims_total", 'result="failed"')


@pytest.mark.parametrize("forced", ["0", "1"])
def test_a_silent_broker_is_not_answered_with_claims_without_end(stack: Stack, forced: str) -> None:
    """As shipped an owner loses its session first; one who is told to own everything whatever the
    group says sees its records and claims time out."""
    options = ("--instance", "first", *SHORT_SESSION, *SHORT_TIMEOUT)
    service = stack.start("command-service", "first", *options, FOLDSTREAM_FORCE_ASSIGN=forced)
    with Scene(stack.brokers) as scene:
        keys = scene.one_of_each("silent")
        assert scene.until(lambda: len(scene.decided) >= len(keys))
        before, called = scene.claims(), vain_calls(service)
        with Load(stack.brokers, "silence"), silent_broker(service):
            if forced == "1":
                assert wait_for(lambda: failed_claims(service) >= FAILED_CLAIMS, SILENCE_SECONDS)
            else:
                assert wait_for(lambda: vain_calls(service) >= called + 2, SILENCE_SECONDS)
        for key in keys.values():
            place = scene.send(create(key, f"back-{key}"))
            assert scene.said(place, RETURN_SECONDS) == "already-exists"
        claims = scene.claims() - before
        print(f"claims after the silence: {dict(claims)}, failed: {failed_claims(service):.0f}")
        assert sum(claims.values()) >= 1, "nobody had lost a partition"
        assert max(claims.values()) <= MOST_CLAIMS
        assert service.process.pid() is not None
    assert compare(stack.brokers, None, WAIT_SECONDS).differences == []
