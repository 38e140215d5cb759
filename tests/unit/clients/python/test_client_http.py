"""The Python client over HTTP, against a server that says what a test wants: the headers of the
interface, retries with one id, problems, positions, cursors."""

import json
from socket import SHUT_RDWR
from typing import Any

import pytest

from fake_server import LOST, Asked, FakeServer, Reply, problem
from foldstream import (
    HttpClient,
    Invalid,
    NotCaughtUp,
    NotFound,
    Outcome,
    OutcomeUnknown,
    Position,
    Problem,
    VersionConflict,
    Violation,
)
from foldstream.orders.v1.commands_pb2 import CancelOrder, CreateOrder, UpdateOrderStatus
from foldstream.orders.v1.order_pb2 import ORDER_STATUS_PAID, ORDER_STATUS_SHIPPED, OrderItem
from foldstream.orders.v1.rows_pb2 import OrderRow

LAMP = OrderItem(product_id="p-1", name="lamp", price_minor=1250, quantity=2)
CREATE = CreateOrder(customer_name="Ada", customer_email="ada@example.com", items=[LAMP])
EVENT = {"eventId": "orders:3:7:0", "type": "foldstream.orders.v1.OrderCreated", "version": 1}
ACCEPTED: dict[str, Any] = {
    "commandId": "c-1",
    "status": "accepted",
    "duplicate": False,
    "aggregateId": "o-1",
    "version": 1,
    "events": [EVENT],
    "position": "orders:3:7",
}
CREATED = Reply(201, ACCEPTED, {"ETag": '"1"'})
ROW = {
    "orderId": "o-1",
    "status": "shipped",
    "totalMinor": 2500,
    "createdAt": "2026-01-21T10:30:00.120Z",
}
FRESH = {
    "Foldstream-Position": "orders:0:5,orders:3:9",
    "Foldstream-Lag-Ms": "12",
    "Foldstream-As-Of": "2026-01-21T10:30:01.000Z",
    "ETag": '"abc"',
}


def page(*rows: dict[str, Any], cursor: str | None = None) -> Reply:
    return Reply(200, {"data": list(rows), "page": {"next": cursor, "limit": 2}}, FRESH)


def test_a_command_goes_to_its_route_with_its_id_its_version_and_its_wishes() -> None:
    with FakeServer(CREATED) as server:
        outcome = HttpClient(server.url, token="secret").ask(
            CREATE,
            command_id="c-1",
            expected_version=0,
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            attributes={"shop": "web"},
            seconds=20,
        )
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/api/v1/commands/orders/CreateOrder")
    assert asked.headers["idempotency-key"] == "c-1"
    assert asked.headers["if-match"] == '"0"'
    assert asked.headers["prefer"] == "wait=19"
    assert asked.headers["authorization"] == "Bearer secret"
    assert asked.headers["meta_shop"] == "web"
    assert asked.headers["traceparent"].startswith("00-")
    assert asked.json["customerEmail"] == "ada@example.com"
    assert asked.json["items"][0]["quantity"] == 2
    assert outcome.position == Position("orders", 3, 7)
    assert (outcome.status, outcome.aggregate_id, outcome.version) == ("accepted", "o-1", 1)
    assert [event.event_id for event in outcome.events] == ["orders:3:7:0"]


def test_a_dry_run_and_one_that_nobody_waits_for_say_so() -> None:
    dry = Reply(200, ACCEPTED | {"status": "dry-run"})
    pending = Reply(202, {"commandId": "c-2", "status": "pending"}, {"Location": "/somewhere"})
    with FakeServer(dry, pending) as server:
        client = HttpClient(server.url)
        assert client.ask(CREATE, dry_run=True, seconds=100).status == "dry-run"
        assert client.send(CREATE, command_id="c-2") == Outcome("c-2", "pending")
    assert [asked.headers["prefer"] for asked in server.asked] == [
        "dry-run, wait=60",
        "respond-async",
    ]


def test_a_command_is_asked_again_with_its_id_until_it_is_answered() -> None:
    replies = (
        LOST,
        problem(503, "unavailable"),
        problem(504, "outcome-unknown", commandId="c-1"),
        Reply(201, ACCEPTED, cut=20),
        Reply(200, b"<html>a proxy"),
        CREATED,
    )
    with FakeServer(*replies) as server:
        assert HttpClient(server.url).ask(CREATE).aggregate_id == "o-1"
    ids = {asked.headers["idempotency-key"] for asked in server.asked}
    assert len(server.asked) == 6
    assert len(ids) == 1


@pytest.mark.parametrize("reply", [LOST, problem(504, "outcome-unknown"), Reply(502, b"<html>")])
def test_what_is_not_answered_before_the_deadline_is_unknown(reply: Reply) -> None:
    with FakeServer(reply) as server, pytest.raises(OutcomeUnknown) as told:
        HttpClient(server.url).ask(CREATE, command_id="c-1", seconds=0.3)
    assert told.value.command_id == "c-1"
    assert len(server.asked) > 1


def test_a_command_that_was_lost_and_then_turned_away_is_unknown_too() -> None:
    replies = (LOST, problem(429, "too-many-in-flight"))
    with FakeServer(*replies) as server, pytest.raises(OutcomeUnknown):
        HttpClient(server.url).ask(CREATE, seconds=0.2)


def test_one_that_was_only_ever_turned_away_is_not() -> None:
    busy = problem(429, "too-many-in-flight")
    with FakeServer(busy) as server, pytest.raises(Problem) as told:
        HttpClient(server.url).ask(CREATE, seconds=0.2)
    assert told.value.code == "too-many-in-flight"


def test_a_pause_that_the_server_asks_for_beyond_the_deadline_ends_the_call() -> None:
    busy = problem(429, "too-many-in-flight", headers={"Retry-After": "60"})
    with FakeServer(busy) as server, pytest.raises(Problem):
        HttpClient(server.url).ask(CREATE, seconds=5)
    assert len(server.asked) == 1


def test_a_refusal_is_a_problem_with_all_that_it_says() -> None:
    violations = [
        {"field": "customerEmail", "message": "must be an e-mail address"},
        {"field": "items[0].quantity", "message": "must be at least 1"},
    ]
    refusal = problem(400, "invalid", title="not valid", violations=violations)
    with FakeServer(refusal) as server, pytest.raises(Invalid) as told:
        HttpClient(server.url).ask(CREATE)
    assert told.value.violations == tuple(Violation(**v) for v in violations)
    assert told.value.position is None
    assert "items[0].quantity must be at least 1" in str(told.value)
    assert len(server.asked) == 1


def test_a_conflict_says_both_versions_and_where_it_stands_in_the_log() -> None:
    entry = {"commandId": "c-1", "position": "orders:1:8", "duplicate": True, "version": 4}
    told_by = problem(412, "version-conflict", expected=2, actual=4, **entry)
    with FakeServer(told_by) as server, pytest.raises(VersionConflict) as told:
        HttpClient(server.url).ask(CancelOrder(order_id="o-1"), expected_version=2)
    assert (told.value.expected, told.value.actual, told.value.status) == (2, 4, 412)
    assert told.value.position == Position("orders", 1, 8)
    assert told.value.outcome.duplicate


def test_an_answer_of_somebody_else_is_a_problem_too() -> None:
    with FakeServer(Reply(403, b"<html>no</html>")) as server, pytest.raises(Problem) as told:
        HttpClient(server.url).ask(CREATE)
    assert (told.value.status, told.value.code) == (403, "")


def test_an_enum_goes_by_a_name_that_protobuf_knows() -> None:
    with FakeServer(CREATED) as server:
        HttpClient(server.url).ask(UpdateOrderStatus(order_id="o-1", status=ORDER_STATUS_PAID))
    assert server.asked[0].json["status"] == "ORDER_STATUS_PAID"


def batch_reply(asked: Asked) -> Reply:
    """Accepts what is not created, refuses creates."""
    lines = [json.loads(line) for line in asked.body.splitlines()]
    answers = []
    for line in lines:
        if line["command"] == "CreateOrder":
            body = {"code": "already-exists", "httpStatus": 409, "commandId": line["commandId"]}
        else:
            body = {**ACCEPTED, "commandId": line["commandId"], "httpStatus": 200}
        answers.append(json.dumps(body))
    return Reply(200, "\n".join(answers).encode(), {"Content-Type": "application/x-ndjson"})


def test_a_batch_is_answered_in_its_order_and_sent_again_for_what_is_open() -> None:
    def first(asked: Asked) -> Reply:
        """The second line has no outcome yet."""
        whole = batch_reply(asked).data.splitlines()
        whole[1] = b'{"code":"outcome-unknown","httpStatus":504}'
        return Reply(200, b"\n".join(whole))

    cancel = CancelOrder(order_id="o-1")
    with FakeServer(LOST, first, batch_reply) as server:
        told = HttpClient(server.url).ask_all([CREATE, cancel, cancel])
    assert isinstance(told[0], Problem) and told[0].code == "already-exists"
    assert [isinstance(one, Outcome) for one in told] == [False, True, True]
    lines = [[json.loads(line) for line in asked.body.splitlines()] for asked in server.asked]
    assert [len(sent) for sent in lines] == [3, 3, 1]
    assert lines[0] == lines[1]
    assert lines[2] == [lines[0][1]]
    assert lines[0][0]["body"]["customerName"] == "Ada"


def test_a_batch_without_an_answer_is_unknown_line_by_line() -> None:
    with FakeServer(LOST) as server:
        told = HttpClient(server.url).ask_all([CREATE, CREATE], seconds=0.2)
    assert [isinstance(one, OutcomeUnknown) for one in told] == [True, True]


def test_a_query_waits_for_what_an_outcome_wrote() -> None:
    outcome = Outcome("c-1", "accepted", position=Position("orders", 3, 7))
    late = problem(503, "not-caught-up", headers={"Retry-After": "0"})
    with FakeServer(late, Reply(200, ROW, FRESH)) as server:
        answer = HttpClient(server.url).get("/orders/o-1", after=outcome, seconds=8)
    for asked in server.asked:
        assert asked.path == "/api/v1/orders/o-1"
        assert asked.headers["foldstream-after"] == "orders:3:7"
    assert server.asked[0].headers["prefer"] == "wait=7"
    assert answer.data["totalMinor"] == 2500
    assert answer.positions == (Position("orders", 0, 5), Position("orders", 3, 9))
    assert answer.covers(Position("orders", 3, 7))
    assert not answer.covers(Position("orders", 3, 10))
    assert not answer.covers(Position("orders", 1, 1))
    assert (answer.lag_ms, answer.etag) == (12, '"abc"')


def test_a_query_that_is_not_caught_up_in_time_says_so() -> None:
    with FakeServer(problem(503, "not-caught-up")) as server, pytest.raises(NotCaughtUp):
        HttpClient(server.url).get("/orders", after="orders:3:7", seconds=0.2)
    assert len(server.asked) > 1


def test_an_outcome_that_nobody_waited_for_is_no_token() -> None:
    with pytest.raises(ValueError, match="no position"):
        HttpClient("http://127.0.0.1:1").get("/orders", after=Outcome("c-1", "pending"))


def test_what_has_not_changed_is_not_sent_again() -> None:
    with FakeServer(Reply(304, headers=FRESH)) as server:
        answer = HttpClient(server.url).get("/orders/o-1", etag='"abc"')
    assert server.asked[0].headers["if-none-match"] == '"abc"'
    assert answer.data is None


def test_a_row_is_a_message_with_its_enums_numbers_and_times() -> None:
    known = Reply(200, ROW | {"sinceThen": "a newer server"}, FRESH)
    with FakeServer(known, problem(404, "not-found")) as server:
        client = HttpClient(server.url)
        row = client.row(OrderRow, "o/1", after="orders:3:7")
        with pytest.raises(NotFound):
            client.row(OrderRow, "nobody")
    assert server.asked[0].path == "/api/v1/orders/o%2F1"
    assert (row.order_id, row.total_minor) == ("o-1", 2500)
    assert row.status == ORDER_STATUS_SHIPPED
    assert row.created_at.ToMilliseconds() == 1768991400120


def test_a_list_is_read_page_by_page_along_its_cursors() -> None:
    pages = (page({"orderId": "a"}, {"orderId": "b"}, cursor="x y"), page({"orderId": "c"}))
    with FakeServer(*pages) as server:
        client = HttpClient(server.url)
        found = client.rows(
            OrderRow,
            status="paid",
            from_="2026-01-01T00:00:00Z",
            customerId=None,
            after="orders:3:7",
        )
        assert [row.order_id for row in found] == ["a", "b", "c"]
    assert [asked.path for asked in server.asked] == [
        "/api/v1/orders?status=paid&from=2026-01-01T00%3A00%3A00Z",
        "/api/v1/orders?status=paid&from=2026-01-01T00%3A00%3A00Z&cursor=x+y",
    ]
    assert "foldstream-after" in server.asked[0].headers


def test_a_search_is_a_list_with_its_words() -> None:
    with FakeServer(page({"orderId": "a"})) as server:
        assert len(list(HttpClient(server.url).search(OrderRow, "ada lamp", limit=5))) == 1
    assert server.asked[0].path == "/api/v1/orders/search?q=ada+lamp&limit=5"


def test_a_connection_is_kept_and_one_that_was_cut_meanwhile_is_opened_again() -> None:
    with FakeServer(page()) as server:
        client = HttpClient(server.url)
        client.get("/orders")
        connection = client.connection.kept.connection
        socket = connection.sock
        client.get("/orders")
        assert connection.sock is socket
        socket.shutdown(SHUT_RDWR)
        client.get("/orders")
    assert len(server.asked) == 3
