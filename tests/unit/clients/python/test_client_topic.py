"""The Python client by topic, without Kafka: keys and ids from annotations, what is proved, what is
sent again, and outcomes as the log says them."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from foldstream import LogEntry, Outcome, OutcomeUnknown, Problem, Sent, TopicClient, Undelivered
from foldstream.answers import KEPT, FromLog, Kept
from foldstream.command import Command, command_of, namespace
from foldstream.log import Entry
from foldstream.orders.v1.commands_pb2 import CancelOrder, CreateOrder
from foldstream.orders.v1.events_pb2 import OrderCancelled
from foldstream.outcome import VersionConflict, answer_from
from foldstream.sender import Headers, Proofs, terms
from foldstream.v1 import log_pb2, outcome_pb2, problem_pb2

CANCEL = CancelOrder(order_id="o-1", reason="no")
ACCEPTED = Outcome("c-1", "accepted")
Step = Callable[[], Any]


def test_a_commands_domain_and_key_are_in_its_annotations() -> None:
    command = command_of(CANCEL, "c-1")
    assert (command.domain, command.key, command.command_id) == ("orders", "o-1", "c-1")
    assert command.type == "foldstream.orders.v1.CancelOrder"
    assert command_of(CANCEL).command_id != command_of(CANCEL).command_id


def test_a_create_without_an_id_gets_the_one_that_the_platform_gives() -> None:
    space = uuid.uuid5(uuid.NAMESPACE_URL, "foldstream:orders")
    assert namespace("orders") == space
    assert command_of(CreateOrder(), "only-once").key == str(uuid.uuid5(space, "only-once"))


def test_what_is_no_command_or_has_no_id_is_not_sent() -> None:
    with pytest.raises(ValueError, match="order_id of CancelOrder is missing"):
        command_of(CancelOrder())
    with pytest.raises(ValueError, match="is no command"):
        command_of(OrderCancelled())


def test_wishes_are_headers() -> None:
    assert terms(0, True, "00-a-b-01", {"shop": "web"}) == [
        ("expected_version", "0"),
        ("dry_run", "true"),
        ("traceparent", "00-a-b-01"),
        ("meta_shop", "web"),
    ]
    assert terms(None, False, None, None) == []


@dataclass
class Report:
    """A delivery report."""

    at: int | None

    def topic(self) -> str:
        return "orders.commands"

    def partition(self) -> int:
        return 2

    def offset(self) -> int | None:
        return self.at


def test_delivered_means_no_error_and_an_offset_that_rises() -> None:
    proofs = Proofs()
    for tag, offset in [("a", 4), ("b", None), ("c", -1001), ("d", 4), ("e", 5)]:
        proofs.take(tag, None, Report(offset))
    assert proofs.places == {"a": (2, 4), "e": (2, 5)}
    assert set(proofs.failures) == {"b", "c", "d"}
    proofs.begin("e")  # the same one again: a late report about it is as good
    assert (proofs.has("e"), proofs.has("a"), proofs.has("b")) == (True, False, False)


@dataclass
class FakeSender:
    """Each step is what becomes of one delivery."""

    steps: list[Step]
    sent: list[tuple[Command, str, Headers]] = field(default_factory=list)

    def prepare(self, topic: str) -> None:
        assert topic == "orders.commands"

    def deliver(self, command: Command, tag: str, more: Headers, seconds: float) -> Sent:
        self.sent.append((command, tag, more))
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        step()
        return Sent(command, tag, 2, len(self.sent))


@dataclass
class FakeAnswers:
    """Each step is the answer to one delivered record."""

    steps: list[Outcome | Problem | None]
    quiet_seconds: float = 0.01
    prepared: list[str] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)

    def prepare(self, domain: str) -> None:
        self.prepared.append(domain)
        if self.failures:
            raise KafkaException(KafkaError(self.failures.pop(0)))

    def headers(self, tag: str) -> Headers:
        return [("reply_instance", tag)]

    def wait(self, sent: Sent, seconds: float) -> Outcome | Problem | None:
        return self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]

    def close(self) -> None:
        """Nothing is open."""


def arrives() -> None:
    """It is delivered."""


def gets_lost() -> None:
    raise Undelivered("no delivery report")


def client(sender: FakeSender, answers: FakeAnswers) -> TopicClient:
    return TopicClient("nowhere", sender=sender, answers=answers)  # type: ignore[arg-type]


def test_a_command_is_sent_again_with_its_id_while_nobody_knows() -> None:
    sender = FakeSender([gets_lost, arrives, arrives])
    answers = FakeAnswers([None, ACCEPTED])
    assert client(sender, answers).ask(CANCEL, expected_version=3) == ACCEPTED
    ids = {(command.command_id, tag) for command, tag, _ in sender.sent}
    assert (len(sender.sent), len(ids)) == (3, 1)
    assert sender.sent[0][2] == [("expected_version", "3"), ("reply_instance", "1")]
    assert answers.prepared == ["orders"]


def test_kafka_that_is_away_for_a_moment_is_waited_for() -> None:
    answers = FakeAnswers([ACCEPTED], failures=[KafkaError._TRANSPORT, KafkaError._TIMED_OUT])
    assert client(FakeSender([arrives]), answers).ask(CANCEL) == ACCEPTED
    denied = FakeAnswers([ACCEPTED], failures=[KafkaError.TOPIC_AUTHORIZATION_FAILED])
    with pytest.raises(KafkaException):
        client(FakeSender([arrives]), denied).ask(CANCEL)


def test_a_refusal_is_raised_and_not_sent_again() -> None:
    sender = FakeSender([arrives])
    with pytest.raises(VersionConflict):
        client(sender, FakeAnswers([VersionConflict("version-conflict")])).ask(CANCEL)
    assert len(sender.sent) == 1


@pytest.mark.parametrize("step", [gets_lost, arrives])
def test_a_command_that_nobody_answers_is_unknown_at_the_deadline(step: Step) -> None:
    sender = FakeSender([step])
    with pytest.raises(OutcomeUnknown) as told:
        client(sender, FakeAnswers([None])).ask(CANCEL, command_id="c-9", seconds=0.2)
    assert told.value.command_id == "c-9"
    assert len(sender.sent) > 1


def test_sent_commands_can_be_waited_for_in_any_order() -> None:
    one = client(FakeSender([arrives]), FakeAnswers([ACCEPTED]))
    first, second = one.send(CANCEL), one.send(CANCEL)
    assert first.tag != second.tag
    assert one.wait(second) == one.wait(first) == ACCEPTED


def test_answers_that_nobody_fetches_are_dropped_from_the_oldest_on() -> None:
    kept: Kept[int, int] = Kept()
    for number in range(KEPT + 3):
        kept.keep(number, number)
    assert len(kept) == KEPT
    assert 2 not in kept


def reply(**more: Any) -> outcome_pb2.CommandOutcome:
    made = outcome_pb2.CommandOutcome(command_id="c-1", aggregate_id="o-1", version=4, **more)
    made.position.domain, made.position.partition, made.position.sequence = "orders", 2, 9
    return made


def test_a_reply_is_an_outcome_or_a_problem_with_its_violations() -> None:
    outcome = answer_from(reply(status=outcome_pb2.OUTCOME_DRY_RUN))
    assert isinstance(outcome, Outcome)
    assert (outcome.status, str(outcome.position)) == ("dry-run", "orders:2:9")
    problem = problem_pb2.Problem(code="invalid", status=400, title="not valid")
    problem.violations.add(field="reason", message="is too long")
    told = answer_from(reply(status=outcome_pb2.OUTCOME_REFUSED, problem=problem))
    assert isinstance(told, Problem)
    assert (told.code, told.status, told.violations[0].field) == ("invalid", 400, "reason")
    assert told.outcome.version == 4


class Log:
    """Entries of partition 2, one after the other, as FromLog reads them."""

    def __init__(self) -> None:
        self.answers = FromLog("nowhere")
        self.sequence = 0

    def entry(self, **more: Any) -> log_pb2.Entry:
        self.sequence += 1
        made = log_pb2.Entry(command_id="c-1", aggregate_id="o-1", version=2, **more)
        self.answers.take(LogEntry.of("orders", 2, Entry(self.sequence, made)))
        return made

    def answer(self, offset: int) -> Outcome | Problem | None:
        return self.answers.wait(Sent(command_of(CANCEL, "c-1"), "1", 2, offset), 0)


def command_at(offset: int) -> log_pb2.CommandInput:
    return log_pb2.CommandInput(offset=offset)


def test_an_outcome_is_the_entry_of_the_records_place() -> None:
    log = Log()
    log.entry(tick=log_pb2.TickInput())
    event = log_pb2.Event(type="foldstream.orders.v1.OrderCancelled", version=2)
    accepted = outcome_pb2.OUTCOME_ACCEPTED
    log.entry(command=command_at(7), outcome=accepted, events=[event])
    log.entry(command=command_at(8), outcome=accepted)
    assert log.answer(9) is None
    told = log.answer(7)
    assert isinstance(told, Outcome)
    assert (told.status, str(told.position)) == ("accepted", "orders:2:2")
    assert told.events[0].event_id == "orders:2:2:0"


def test_a_refusal_in_the_log_is_a_problem_with_its_versions() -> None:
    log = Log()
    refused = outcome_pb2.OUTCOME_REFUSED
    log.entry(command=command_at(7), outcome=refused, code="version-conflict", expected_version=9)
    told = log.answer(7)
    assert isinstance(told, VersionConflict)
    assert (told.expected, told.actual, told.status) == (9, 2, None)


def test_a_command_that_is_held_is_answered_by_the_entry_that_decides_it() -> None:
    log = Log()
    log.entry(command=command_at(7), outcome=outcome_pb2.OUTCOME_HELD)
    log.entry(command=command_at(8), outcome=outcome_pb2.OUTCOME_ACCEPTED)
    assert log.answer(7) is None
    waiting = log_pb2.WaitingInput(sequence=1)
    log.entry(waiting=waiting, outcome=outcome_pb2.OUTCOME_ACCEPTED)
    told = log.answer(7)
    assert isinstance(told, Outcome)
    assert str(told.position) == "orders:2:3"
