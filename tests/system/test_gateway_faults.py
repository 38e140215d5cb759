"""Commands over HTTP while owners, gateways and the broker end, stop and come back."""

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import BUILD, SHORT_SESSION, WAIT_SECONDS, Stack
from faults.stage import Stage
from oracle.compare import compare
from processes import CHILDREN, wait_for
from scene import CUSTOMER, ITEM, Scene, metric
from services import Service
from web import Answer, Web

ORDER = {**CUSTOMER, "items": [ITEM]}
# What is held of as many as are refused would be seen.
LARGE = {**CUSTOMER, "items": [{**ITEM, "name": "n" * 256} for _ in range(1000)]}
REFUSED, MOST_GROWTH_KIB = 300, 48 * 1024
IN_FLIGHT = "foldstream_gateway_in_flight"
# Of an owner that is held: nobody takes its partitions meanwhile, however slow the machine is.
LONG_SESSION = ("--kafka", "session.timeout.ms=30000")


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body.get("code", "")


class Pair:
    """A gateway that is talked to, "first", and an owner of other partitions, "second". Each
    partition has an order of its own, made before there was a second one."""

    def __init__(self, stack: Stack, scene: Scene, *options: str, **of_second: str) -> None:
        self.stack, self.scene = stack, scene
        self.first = stack.start("command-service", "first", "--instance", "first", *options)
        keys = scene.one_of_each("pair")
        self.second = stack.start(
            "command-service", "second", "--instance", "second", *options, **of_second
        )
        watch = scene.watch
        assert scene.until(lambda: watch.owners() == {"first", "second"}), watch.owners()
        self.keys = [keys[number] for number in watch.logs if watch.owner(number) == "second"]

    def hold(self) -> None:
        """The second one decides nothing more, and nobody else does for the length of a session."""
        self.second.process.send(signal.SIGSTOP)

    def go_on(self) -> None:
        self.second.process.send(signal.SIGCONT)


def resident_kib(service: Service) -> int:
    status = Path(f"/proc/{service.process.pid()}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1])


def waits(service: Service, count: int) -> bool:
    return wait_for(lambda: metric(service, IN_FLIGHT) == count, WAIT_SECONDS)


def payments(scene: Scene) -> int:
    scene.look()
    bodies = (entry.body for log in scene.watch.logs.values() for entry in log.entries)
    return sum(e.type.endswith(".PaymentConfirmed") for body in bodies for e in body.events)


@pytest.mark.parametrize("point", ["decided", "sent", "read-back"])
def test_an_owner_that_ends_over_a_command_leaves_its_outcome_to_the_next(
    stack: Stack, point: str
) -> None:
    with Scene(stack.brokers) as scene:
        pair = Pair(stack, scene, *SHORT_SESSION, FOLDSTREAM_FAULT=f"{point}=kill@1")
        body = {"orderId": pair.keys[0]}
        web = Web(pair.first.url)
        # Behind "read-back" the entry counts and nobody is left to reply; behind "sent" perhaps.
        wait = {"decided": "wait=60", "sent": "wait=10", "read-back": "wait=2"}[point]
        answer = web.command("ConfirmPayment", body, key="pay", prefer=wait)
        assert pair.second.process.pid() is None
        if point == "read-back":
            assert code(answer) == (504, "outcome-unknown")
            assert answer.body["commandId"] == "pay"
        elif point == "decided":
            assert (answer.status, answer.body["duplicate"]) == (200, False)
        again = web.command("ConfirmPayment", body, key="pay", prefer="wait=60")
        assert (again.status, again.body["duplicate"], again.body["version"]) == (200, True, 2)
        assert answer.status in (504, 200)
        if answer.status == 200:
            assert again.body == {**answer.body, "duplicate": True}
        assert payments(scene) == 1
    assert compare(stack.brokers, None, WAIT_SECONDS).differences == []


def test_a_gateway_that_ends_between_record_and_reply_leaves_one_command(stack: Stack) -> None:
    with Scene(stack.brokers) as scene:
        pair = Pair(stack, scene)
        pair.hold()
        body = {"orderId": pair.keys[0]}
        lost = Web(pair.first.url).later("ConfirmPayment", body, "pay", prefer="wait=60")
        assert waits(pair.first, 1)
        pair.first.kill()
        with pytest.raises(OSError):
            lost.result()
        pair.go_on()
        again = Web(pair.second.url).command("ConfirmPayment", body, "pay", prefer="wait=60")
        assert (again.status, again.body["version"]) == (200, 2)
        assert payments(scene) == 1


def test_a_gateway_that_is_asked_to_end_answers_who_waits(stack: Stack) -> None:
    with Scene(stack.brokers) as scene:
        pair = Pair(stack, scene, *LONG_SESSION)
        pair.hold()
        web = Web(pair.first.url)
        bodies = [{"orderId": pair.keys[0]}] * 3
        asked = [
            web.later("ConfirmPayment", body, f"pay-{number}", prefer="wait=60")
            for number, body in enumerate(bodies)
        ]
        assert waits(pair.first, 3)
        process = CHILDREN[pair.first.process.pid() or 0]
        pair.first.process.send(signal.SIGTERM)
        for number, one in enumerate(asked):
            answer = one.result()
            assert code(answer) == (504, "outcome-unknown")
            assert answer.body["commandId"] == f"pay-{number}"
        with pytest.raises(OSError):
            web.command("ConfirmPayment", bodies[0], "late")
        assert process.wait(WAIT_SECONDS) == 0
        pair.go_on()
        again = Web(pair.second.url).command("ConfirmPayment", bodies[0], "pay-0", prefer="wait=60")
        assert (again.status, again.body["version"]) == (200, 2)


def test_who_is_beyond_a_bound_is_told_to_come_again(stack: Stack) -> None:
    bounds = ("--max-in-flight-per-client", "3", "--max-batches", "1")
    with Scene(stack.brokers) as scene:
        pair = Pair(stack, scene, *bounds, *LONG_SESSION)
        pair.hold()
        web = Web(pair.first.url)
        body = {"orderId": pair.keys[0]}
        asked = [web.later("ConfirmPayment", body, f"p-{n}", prefer="wait=60") for n in range(3)]
        assert waits(pair.first, 3)
        beyond = web.command("ConfirmPayment", body, "p-3")
        assert code(beyond) == (429, "too-many-in-flight")
        assert beyond.headers["Retry-After"] == "1"
        (line,) = web.batch({"domain": "orders", "command": "ConfirmPayment", "body": body}).lines
        assert line["httpStatus"] == 429
        pair.go_on()
        assert [one.result().status for one in asked].count(200) == 1
        assert web.command("ConfirmPayment", body, "p-3", prefer="wait=60").status == 422


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage(BUILD / "gateway", BUILD)
    made.start()
    yield made
    made.stop()


@pytest.mark.parametrize("how", ["refuses", "is-silent"])
def test_without_kafka_commands_are_refused_at_once_until_it_is_back(
    stage: Stage, how: str
) -> None:
    gateway = stage.member("command-service", "gateway")
    gateway.start()
    service = gateway.service
    assert service is not None
    service.wait_ready()
    web = Web(service.url)
    made = web.ask("POST", "/orders/order", {"orderId": "o-1", **ORDER}, key="c-1")
    assert made.status == 201

    def create(number: int) -> Answer:
        body = {"orderId": "o-1", **LARGE}
        return web.ask("POST", "/orders/order", body, key=f"away-{number}", prefer="wait=1")

    seen: list[Answer] = []

    def refused() -> bool:
        seen.append(create(len(seen)))
        return seen[-1].status == 503

    if how == "refuses":
        stage.proxy.refuse()
    else:
        stage.kafka.process.send(signal.SIGSTOP)
    try:
        assert wait_for(refused, WAIT_SECONDS), [code(answer) for answer in seen]
        # What was sent before it was noticed may have been taken.
        assert {code(answer) for answer in seen[:-1]} <= {(504, "outcome-unknown")}
        sent, resident = metric(service, IN_FLIGHT), resident_kib(service)
        for number in range(REFUSED):
            away = create(1000 + number)
            assert code(away) == (503, "unavailable")
            assert away.headers["Retry-After"] == "1"
        assert metric(service, IN_FLIGHT) <= sent
        grown = resident_kib(service) - resident
        assert grown < MOST_GROWTH_KIB < REFUSED * len(json.dumps(LARGE)) / 1024, grown
    finally:
        if how == "refuses":
            stage.proxy.refuse(False)
        else:
            stage.kafka.process.send(signal.SIGCONT)

    def back() -> bool:
        answer = web.command("ConfirmPayment", {"orderId": "o-1"}, "pay", prefer="wait=5")
        return answer.status == 200

    assert wait_for(back, WAIT_SECONDS)
    assert gateway.end(signal.SIGTERM) == 0
