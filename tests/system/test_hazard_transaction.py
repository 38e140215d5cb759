"""A client that leaves a transaction open in the commands topic: its partition alone stalls, until
its time is over, and there is an alarm; nothing of what it aborted is ever decided."""

import time

import pytest
from confluent_kafka import Producer

from conftest import SHORT_SESSION, WAIT_SECONDS, Stack
from oracle.compare import compare
from processes import wait_for
from scene import Scene, create, metric, pay
from services import Service

COMMANDS = "orders.commands"
SENT = 10
# Longer than it takes to be an alarm.
TIMEOUT_SECONDS = 15
ALARM_SECONDS = 10
HELD_BACK = "foldstream_commands_held_back_seconds"
# The broker looks for transactions that are over their time every 10 s.
LOOK_SECONDS = 10


def warnings(service: Service) -> int:
    said = "a transaction that is left open holds back the commands"
    return service.process.log.read_text().count(said)


def test_an_open_transaction_stalls_its_partition_until_its_time_is_over(stack: Stack) -> None:
    service = stack.start("command-service", "first", "--instance", "first", *SHORT_SESSION)
    before = warnings(service)
    with Scene(stack.brokers) as scene:
        keys = scene.one_of_each("open")
        stalled = min(keys)
        assert scene.until(lambda: len(scene.decided) >= len(keys))
        producer = Producer(
            {
                "bootstrap.servers": stack.brokers,
                "transactional.id": "sleeper",
                "transaction.timeout.ms": TIMEOUT_SECONDS * 1000,
                "log_level": 0,
            }
        )
        producer.init_transactions(WAIT_SECONDS)
        producer.begin_transaction()
        for number in range(SENT):
            command = pay(keys[stalled], f"asleep-{number}")
            value, headers = command.value, command.headers
            producer.produce(COMMANDS, value, command.key, partition=stalled, headers=headers)
        assert producer.flush(WAIT_SECONDS) == 0
        began = time.monotonic()

        honest = scene.send(pay(keys[stalled], "honest"))
        for partition, key in keys.items():
            if partition != stalled:
                assert scene.ask(pay(key, f"elsewhere-{key}")) == "accepted"
        elsewhere = time.monotonic() - began
        here = f'partition="{stalled}"'
        assert wait_for(lambda: metric(service, HELD_BACK, here) >= ALARM_SECONDS, WAIT_SECONDS)
        assert metric(service, HELD_BACK) == pytest.approx(metric(service, HELD_BACK, here), abs=2)
        assert wait_for(lambda: warnings(service) == before + 1, WAIT_SECONDS)
        assert scene.said(honest) == "accepted"
        stall = time.monotonic() - began
        print(f"stall {stall:.1f} s (time-out {TIMEOUT_SECONDS} s); elsewhere {elsewhere:.1f} s")
        assert elsewhere < stall
        assert stall < 2 * (TIMEOUT_SECONDS + LOOK_SECONDS)
        assert wait_for(lambda: metric(service, HELD_BACK) == 0, WAIT_SECONDS)
        assert warnings(service) == before + 1  # once a minute at most
        ids = [e.body.command_id for log in scene.watch.logs.values() for e in log.entries]
        assert not [command_id for command_id in ids if command_id.startswith("asleep")]
        assert scene.ask(create(keys[stalled], "later")) == "already-exists"
    assert compare(stack.brokers, None, WAIT_SECONDS).differences == []
