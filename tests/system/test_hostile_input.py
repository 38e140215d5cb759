"""Hostile input of any kind, by topic and over HTTP, beside clients that mean well: each attack has
a clear answer, nothing is lost, nobody restarts, and the good ones are answered in time."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from conftest import WAIT_SECONDS, Stack
from hostile import by_http, crowds
from hostile.by_topic import TopicAttacks, forge_replies
from hostile.good import GoodClients
from processes import wait_for
from scene import Scene, metric
from services import NAMES, Service, fetch

MOST_RESIDENT_MIB = 512
IDLE_AT_ADMIN = 300
# How many answers of each kind good clients must get beside a crowd.
MORE = 20
TIMEOUTS = {
    "--request-timeout-ms": crowds.REQUEST_TIMEOUT_MS,
    "--write-timeout-ms": crowds.WRITE_TIMEOUT_MS,
    "--idle-timeout-ms": crowds.IDLE_TIMEOUT_MS,
}


def greatest_mib(service: Service) -> int:
    """The most that it ever had in memory."""
    status = Path(f"/proc/{service.process.pid()}/status").read_text()
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) // 1024


def errors_of(service: Service) -> list[str]:
    lines = service.process.log.read_text(errors="replace").splitlines()
    return [line for line in lines if '"level":"error"' in line]


def expect_none(problems: list[str]) -> None:
    assert not problems, "\n".join(problems)


def answered_on(good: GoodClients) -> bool:
    """Whether the good clients get on, beside what is there now."""
    before = {name: len(seconds) for name, seconds in good.seconds.items()}

    def more() -> bool:
        counts = {name: len(seconds) for name, seconds in good.seconds.items()}
        return all(counts[name] >= count + MORE for name, count in before.items())

    return wait_for(more, WAIT_SECONDS) and not good.failures


@contextmanager
def beside(good: GoodClients, what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - began:.1f} s")
    assert good.failures == [], what


def besiege(services: dict[str, Service]) -> tuple[int, list[str]]:
    """All that needs no crowd, at once: how many attacks, and what was wrong with the answers."""
    command, query = services["command-service"], services["query-service"]
    ports = [service.http_port or 0 for service in (command, query)]
    admin = [service.admin_port for service in services.values()]
    with ThreadPoolExecutor(16) as threads:
        slow: list[Future[list[str]]] = []
        for port in ports:
            slow += [threads.submit(attack, port) for attack in crowds.AT_EACH_PORT]
        slow += [threads.submit(attack, ports[1]) for attack in crowds.AT_QUERIES]
        doors = {"command-service": ports[:1], "query-service": ports[1:], "admin": admin}
        count, found = by_http.run(doors)
        found += [problem for one in slow for problem in one.result()]
    return count + len(slow), found


def idle_crowds(good: GoodClients, services: dict[str, Service]) -> None:
    for name in ("command-service", "query-service"):
        with beside(good, f"{crowds.IDLE} idle at {name}"):
            with crowds.idle(services[name].http_port or 0) as sockets:
                assert answered_on(good), good.failures
                gone = crowds.ended(sockets)
            print(f"{gone} of {len(sockets)} idle ones had to go")
    for service in services.values():
        with crowds.idle(service.admin_port, IDLE_AT_ADMIN):
            assert fetch(f"http://127.0.0.1:{service.admin_port}/healthz")[0] == 200


def accepted(scene: Scene) -> Counter[str]:
    """How often each command id was accepted."""
    accepting = scene.bodies.outcome.OUTCOME_ACCEPTED
    entries = (entry.body for log in scene.watch.logs.values() for entry in log.entries)
    return Counter(entry.command_id for entry in entries if entry.outcome == accepting)


def test_hostile_input_hurts_nobody(stack: Stack) -> None:
    crowds.allow_files(crowds.IDLE + crowds.SPARE_FILES)
    limits = [str(part) for option in TIMEOUTS.items() for part in option]
    for name in NAMES:
        stack.start(name, name, *(() if name == "projector" else limits))
    services = stack.started
    pids = {name: service.process.pid() for name, service in services.items()}
    command, query = services["command-service"], services["query-service"]
    with Scene(stack.brokers) as scene, GoodClients(stack.brokers, command.url, query.url) as good:
        assert answered_on(good), good.failures
        by_topic = TopicAttacks(scene)
        with beside(good, "by topic"):
            by_topic.send()
            by_topic.hear()
            expect_none(by_topic.problems())
        with beside(good, "forged replies"):
            forged = forge_replies(scene)
            late = 'result="late"'
            assert wait_for(
                lambda: metric(command, "foldstream_gateway_replies_total", late) >= forged,
                WAIT_SECONDS,
            )
        with beside(good, "over HTTP"):
            requests, wrong = besiege(services)
            expect_none(wrong)
        idle_crowds(good, services)
        assert answered_on(good), good.failures
    print(f"{len(by_topic.attacks)} records, {forged} forged replies, {requests} at HTTP doors")
    print(good.summary())
    assert good.failures == []

    assert {name: service.process.pid() for name, service in services.items()} == pids
    for name, service in services.items():
        print(f"{name}: at most {greatest_mib(service)} MiB")
        assert greatest_mib(service) < MOST_RESIDENT_MIB
        assert errors_of(service) == []
    assert stack.compare().differences == []
    with Scene(stack.brokers) as scene:
        sent = {f"sent-{number}" for number in range(1, len(good.seconds["deliveries"]) + 1)}
        piped = {crowds.piped_key(number) for number in range(crowds.PIPELINED)}
        mine = sent | piped | set(good.keys)
        assert scene.until(lambda: mine <= set(accepted(scene)))
        assert {key: count for key, count in accepted(scene).items() if count != 1} == {}
