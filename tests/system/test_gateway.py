"""Commands over HTTP: outcomes, refusals, repeats, batches."""

import json
import uuid
from typing import Any

import pytest

from conftest import SHORT_SESSION, WAIT_SECONDS, Stack
from oracle.answers import Answers
from oracle.compare import compare
from orders import Command
from postbox import Postbox, asks
from processes import wait_for
from scene import CUSTOMER, ITEM, Scene, metric
from web import Answer, Web

SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "foldstream:orders")
ORDER = {**CUSTOMER, "items": [ITEM]}
LIMIT = 512 * 1024


def said(answer: Answer) -> tuple[int, str]:
    """Status and, of a problem, its code."""
    return answer.status, answer.body.get("code", "")


def line(command: str, key: str = "", body: object = None, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"domain": "orders", "command": command, **more}
    if key:
        made["commandId"] = key
    if body is not None:
        made["body"] = body
    return made


def test_an_order_is_made_changed_and_deleted_over_http(stack: Stack) -> None:
    web = Web(stack.start("command-service").url)
    made = web.ask("POST", "/orders/order", ORDER, key="c-1")
    assert made.status == 201, made.text
    order_id = str(uuid.uuid5(SPACE, "c-1"))
    body = made.body
    assert (body["commandId"], body["status"], body["duplicate"]) == ("c-1", "accepted", False)
    assert (body["aggregateId"], body["version"]) == (order_id, 1)
    assert made.headers["ETag"] == '"1"'
    assert made.headers["Foldstream-Position"] == body["position"]
    (event,) = body["events"]
    assert event["eventId"] == body["position"] + ":0"
    assert event["type"] == "foldstream.orders.v1.OrderCreated"

    order = f"/orders/order/{order_id}"
    paid = web.ask("PUT", f"{order}/status", {"status": "paid"}, if_match='"1"')
    assert (paid.status, paid.headers["ETag"]) == (200, '"2"')
    assert uuid.UUID(paid.body["commandId"]).version == 4
    stale = web.ask("PUT", f"{order}/status", {"status": "shipped"}, if_match='"1"')
    assert said(stale) == (412, "version-conflict")
    assert (stale.body["expected"], stale.body["actual"]) == (1, 2)
    assert said(web.ask("PUT", f"{order}/status", {"status": "completed"})) == (
        422,
        "order-not-completable",
    )
    assert web.ask("PUT", f"{order}/cancel").status == 200
    assert web.ask("PUT", f"{order}/cancel", {"reason": "late"}).body["events"] == []
    assert web.ask("DELETE", order).status == 200
    gone = web.ask("DELETE", order)
    assert said(gone) == (404, "not-found")
    assert gone.headers["Content-Type"] == "application/problem+json"
    assert gone.body["position"].startswith("orders:")

    generic = {"orderId": order_id, **ORDER}
    assert said(web.command("CreateOrder", generic)) == (409, "already-exists")
    assert said(web.command("Nothing", generic)) == (404, "not-found")
    assert said(web.ask("POST", "/commands/nothing/CreateOrder", ORDER)) == (404, "not-found")


def test_what_is_wrong_is_said_at_once_and_leaves_no_entry(stack: Stack) -> None:
    web = Web(stack.start("command-service").url)
    body = {"customerEmail": "nobody", "items": [{**ITEM, "quantity": 0}], "nonsense": 1}
    refused = web.command("CreateOrder", body, key="k" * 129, if_match="7")
    assert said(refused) == (400, "invalid")
    assert [one["field"] for one in refused.body["violations"]] == [
        "If-Match",
        "Idempotency-Key",
        "nonsense",
        "customerName",
        "customerEmail",
        "items[0].quantity",
    ]
    assert "position" not in refused.body
    assert said(web.command("CreateOrder", b"{" + b" " * LIMIT + b"}")) == (413, "too-large")
    assert said(web.ask("PUT", "/orders/order/a%20b/cancel")) == (400, "invalid")
    other = web.ask("PUT", "/orders/order/o-1/cancel", {"orderId": "o-2"})
    assert [one["field"] for one in other.body["violations"]] == ["orderId"]
    with Scene(stack.brokers) as scene:
        scene.ask(Command("last", "CreateOrder", "o-1", {"orderId": "o-1", **ORDER}))
        assert len(scene.decided) == 1


HOSTILE: list[bytes] = [
    b"",
    b"[]",
    b"{",
    b'{"customerName":7,"nonsense":1}',
    b'{"orderId":"a b"}',
    b'{"customerName":"a\\u0000b"}',
    b'{"customerName":"\xff"}',
    b'{"customerName":"Ada","customerName":"Eve"}',
    b'{"items":[{"quantity":0,"priceMinor":-1},7],"currency":"dollars"}',
    b'{"items":' + b"[" * 50,
    b'{"customerName":"' + b"x" * 300 + b'"}',
]


def test_the_same_is_refused_in_the_same_words_by_topic_and_over_http(stack: Stack) -> None:
    web = Web(stack.start("command-service").url)
    with Scene(stack.brokers) as scene:
        box = Postbox(scene)
        for number, raw in enumerate(HOSTILE):
            # Without a key it is wherever the client put it: an id of the body's is refused first.
            key = None if b"orderId" in raw else str(uuid.uuid5(SPACE, f"c-{number}"))
            command = Command(f"c-{number}", "CreateOrder", key, {}, raw or b"{}")
            scene.send(asks(command))
            box.wait(number + 1)
            problem = box.outcomes[number].problem
            by_topic = [{"field": v.field, "message": v.message} for v in problem.violations]
            answer = web.command("CreateOrder", raw, key=f"c-{number}")
            assert said(answer) == (problem.status, problem.code), raw[:60]
            assert answer.body["violations"] == by_topic, raw[:60]
            assert answer.body["detail"] == problem.title


def test_a_command_sent_again_through_another_instance_has_the_same_answer(stack: Stack) -> None:
    first = Web(stack.start("command-service", "first", "--instance", "first").url)
    second = Web(stack.start("command-service", "second", "--instance", "second").url)
    ask = (("CreateOrder", ORDER), ("CreateOrder", {"orderId": "other", **ORDER}))
    told: list[Any] = []
    for web in (first, second, first):
        for number, (name, body) in enumerate(ask):
            answer = web.command(name, body, key=f"c-{number}", prefer="wait=60")
            assert answer.status == 201, answer.text
            told.append((number, answer.headers["ETag"], answer.body))
    assert [body.pop("duplicate") for _, _, body in told] == [False, False, True, True, True, True]
    assert told[:2] == told[2:4] == told[4:]
    reused = second.command("CreateOrder", {**ORDER, "customerName": "Eve"}, key="c-0")
    assert said(reused) == (409, "command-id-reused")
    # A refusal is remembered like an outcome.
    conflicts = [web.command(*ask[1], key="c-9", prefer="wait=60") for web in (first, second)]
    assert [said(one) for one in conflicts] == [(409, "already-exists")] * 2
    assert [one.body["duplicate"] for one in conflicts] == [False, True]
    assert conflicts[0].body["position"] == conflicts[1].body["position"]


def test_of_requests_with_one_key_at_once_one_counts_and_all_have_its_answer(stack: Stack) -> None:
    webs = [
        Web(stack.start("command-service", name, "--instance", name).url)
        for name in ("first", "second")
    ]
    with Scene(stack.brokers) as scene:
        for number in range(5):
            asked = [
                web.later("CreateOrder", ORDER, f"c-{number}", prefer="wait=60") for web in webs * 4
            ]
            bodies = [one.result().body for one in asked]
            assert sum(body.pop("duplicate") for body in bodies) == len(bodies) - 1
            assert bodies[1:] == bodies[:-1]
            assert bodies[0]["aggregateId"] == str(uuid.uuid5(SPACE, f"c-{number}"))
        scene.look()
        checked = Answers(scene.bodies, scene.watch.logs.values())
        for body in bodies:
            checked.check(body)
        assert checked.problems == []
    assert compare(stack.brokers, None, WAIT_SECONDS).differences == []


def test_a_dry_run_tells_what_would_be_and_changes_nothing(stack: Stack) -> None:
    web = Web(stack.start("command-service").url)
    for _ in range(2):
        dry = web.ask("POST", "/orders/order", ORDER, key="c-1", prefer="dry-run")
        assert (dry.status, dry.body["status"], dry.body["version"]) == (200, "dry-run", 0)
        (event,) = dry.body["events"]
        assert (event["type"], event["version"]) == ("foldstream.orders.v1.OrderCreated", 1)
        assert "ETag" not in dry.headers
    made = web.ask("POST", "/orders/order", ORDER, key="c-1")
    assert (made.status, made.body["duplicate"]) == (201, False)
    order = f"/orders/order/{made.body['aggregateId']}"
    refused = web.ask("PUT", f"{order}/status", {"status": "shipped"}, prefer="dry-run")
    assert said(refused) == (422, "order-not-shippable")


def test_who_does_not_wait_hears_that_it_is_delivered_and_asks_again(stack: Stack) -> None:
    web = Web(stack.start("command-service").url)
    pending = web.ask("POST", "/orders/order", ORDER, key="c/1", prefer="respond-async")
    assert (pending.status, pending.body) == (202, {"commandId": "c/1", "status": "pending"})
    assert pending.headers["Location"] == "/api/v1/commands/c%2F1"
    assert "ETag" not in pending.headers
    again = web.ask("POST", "/orders/order", ORDER, key="c/1")
    assert (again.status, again.body["duplicate"]) == (201, True)
    waited = web.ask("POST", "/orders/order", ORDER, key="c-2", prefer="respond-async, wait=60")
    assert waited.status == 201


@pytest.mark.parametrize("through", ["command-service", "query-service"])
def test_a_batch_answers_each_line_in_its_place(stack: Stack, through: str) -> None:
    stack.start("command-service")
    if through == "query-service":
        stack.start("query-service")
    web = Web(stack.started[through].url)
    mine = {"orderId": "o-1"}
    answer = web.batch(
        line("CreateOrder", "c-1", {**mine, **ORDER}),
        "not JSON",
        "",
        line("ConfirmPayment", "c-2", mine, expectedVersion=1),
        line("ConfirmPayment", "c-3", mine),
        line("ShipOrder", "c-4", mine, expectedVersion=7),
        line("CreateOrder", "c-1", {**mine, **ORDER}),
        line("CreateOrder", "c-5", {"customerName": 7}),
        line("Nothing", "c-6"),
        line("CreateOrder", "k" * 129, ORDER),
        json.dumps(line("CreateOrder", "c-7")) + " " * LIMIT,
        line("DeleteOrder", body=mine),
    )
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    lines = answer.lines
    assert [(one["httpStatus"], one.get("code", "")) for one in lines] == [
        (201, ""),
        (400, "invalid"),
        (200, ""),
        (422, "order-not-payable"),
        (409, "version-conflict"),
        (201, ""),
        (400, "invalid"),
        (404, "not-found"),
        (400, "invalid"),
        (413, "too-large"),
        (200, ""),
    ]
    assert lines[5] == {**lines[0], "duplicate": True}
    assert lines[8]["violations"][0]["field"] == "commandId"
    assert [one.get("version") for one in lines if "version" in one] == [1, 2, 2, 2, 1, 3]
    refused = web.batch(line("CreateOrder", "c-8", ORDER), key="whole")
    assert said(refused) == (400, "invalid")


def test_a_large_batch_keeps_its_order_and_its_bound(stack: Stack) -> None:
    service = stack.start("command-service")
    web = Web(service.url)
    orders = 1200
    lines = [
        line(name, f"{name}-{number}", {"orderId": f"o-{number}", **more})
        for number in range(orders)
        for name, more in (("CreateOrder", ORDER), ("ConfirmPayment", {}), ("ShipOrder", {}))
    ]
    answer = web.batch(*lines, prefer="wait=60")
    told = answer.lines
    assert [one["commandId"] for one in told] == [one["commandId"] for one in lines]
    assert {one["httpStatus"] for one in told} == {200, 201}
    assert [one["version"] for one in told] == [1, 2, 3] * orders
    too_many = web.batch(*["{}"] * 10_001)
    assert said(too_many) == (413, "too-large")
    assert wait_for(lambda: metric(service, "foldstream_gateway_in_flight") == 0, WAIT_SECONDS)


def test_instances_with_a_common_reply_partition_keep_their_replies_apart(stack: Stack) -> None:
    """There are four partitions: of five at least two share one."""
    names = [f"gateway-{number}" for number in range(5)]
    services = [
        stack.start("command-service", name, "--instance", name, *SHORT_SESSION) for name in names
    ]
    for round_ in range(4):
        asked = [
            (
                name,
                Web(service.url).later("CreateOrder", ORDER, f"{name}-{round_}", prefer="wait=60"),
            )
            for name, service in zip(names, services, strict=True)
        ]
        for name, one in asked:
            answer = one.result()
            assert (answer.status, answer.body["commandId"]) == (201, f"{name}-{round_}")
    foreign = sum(
        metric(service, "foldstream_gateway_replies_total", 'result="foreign"')
        for service in services
    )
    assert foreign > 0
