"""Commands by topic, with their outcomes: needs Kafka alone."""

import itertools
from collections.abc import Mapping

from confluent_kafka import KafkaException
from google.protobuf.message import Message

from foldstream import kafka
from foldstream.answers import Answers, Replies
from foldstream.command import command_of
from foldstream.outcome import Outcome, OutcomeUnknown, Problem
from foldstream.patience import Patience
from foldstream.sender import Sender, Sent, Undelivered, terms

SECONDS = 30.0


class TopicClient:
    """One thread; `with TopicClient(brokers) as client: …`. Outcomes come by foldstream.replies, or
    where `answers` says (answers.FromLog). `seconds` is the deadline of a call, unless it says its
    own."""

    def __init__(
        self,
        brokers: str,
        *,
        source: str = "/foldstream-python",
        answers: Answers | None = None,
        seconds: float = SECONDS,
        settings: kafka.Settings | None = None,
        sender: Sender | None = None,
    ) -> None:
        self.sender = sender or Sender(brokers, source, settings)
        self.answers = answers or Replies(brokers)
        self.seconds = seconds
        self.numbers = itertools.count(1)

    def send(
        self,
        message: Message,
        *,
        command_id: str | None = None,
        expected_version: int | None = None,
        dry_run: bool = False,
        traceparent: str | None = None,
        attributes: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> Sent:
        """Does not wait for the outcome. Raises Undelivered when it is not proved that the command
        is in its topic; it may be there all the same."""
        command, patience = command_of(message, command_id), self.patience(seconds)
        self.prepare(command.domain, patience)
        tag = str(next(self.numbers))
        wishes = terms(expected_version, dry_run, traceparent, attributes)
        headers = wishes + self.answers.headers(tag)
        return self.sender.deliver(command, tag, headers, patience.left)

    def wait(self, sent: Sent, seconds: float | None = None) -> Outcome:
        """Raises Problem when it was refused, OutcomeUnknown when the deadline comes first."""
        answer = self.answers.wait(sent, self.patience(seconds).left)
        return outcome_or_raise(sent.command.command_id, answer, "no answer in time")

    def ask(
        self,
        message: Message,
        *,
        command_id: str | None = None,
        seconds: float | None = None,
        expected_version: int | None = None,
        dry_run: bool = False,
        traceparent: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Sends it and waits for what becomes of it; sends it again, with the same id, while nobody
        knows. Raises as wait() does."""
        command, patience = command_of(message, command_id), self.patience(seconds)
        self.prepare(command.domain, patience)
        tag = str(next(self.numbers))
        wishes = terms(expected_version, dry_run, traceparent, attributes)
        headers = wishes + self.answers.headers(tag)
        why, quiet = "", self.answers.quiet_seconds
        while True:
            try:
                sent = self.sender.deliver(command, tag, headers, patience.left)
            except Undelivered as undelivered:
                why = f"not delivered: {undelivered}"
            else:
                answer = self.answers.wait(sent, min(quiet, patience.left))
                if answer is not None:
                    return outcome_or_raise(command.command_id, answer)
                why, quiet = "no answer in time", 2 * quiet
            if not patience.again():
                return outcome_or_raise(command.command_id, None, why)

    def prepare(self, domain: str, patience: Patience) -> None:
        """Before anything is sent. Raises KafkaException when Kafka cannot be asked."""
        while True:
            try:
                self.answers.prepare(domain)
                self.sender.prepare(f"{domain}.commands")
                return
            except KafkaException as error:
                if not kafka.passes(error) or not patience.again():
                    raise

    def patience(self, seconds: float | None) -> Patience:
        return Patience(self.seconds if seconds is None else seconds)

    def close(self) -> None:
        self.answers.close()

    def __enter__(self) -> "TopicClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def outcome_or_raise(command_id: str, answer: Outcome | Problem | None, why: str = "") -> Outcome:
    if answer is None:
        raise OutcomeUnknown("outcome-unknown", why, outcome=Outcome(command_id, "unknown"))
    if isinstance(answer, Problem):
        raise answer
    return answer
