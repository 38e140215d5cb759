"""A client that leaves a transaction open in the commands topic: its partition alone stalls, until
its
time is over; and nothing of what it aborted is ever decided."""

import time

from confluent_kafka import Producer

from conftest import BUILD, SHORT_SESSION, WAIT_SECONDS, Stack
from oracle.compare import compare
from scene import Scene, create, pay

COMMANDS = "orders.commands"
SENT = 10
TIMEOUT_SECONDS = 5
# The broker looks for transactions that are over their time every 10 s.
LOOK_SECONDS = 10


def test_an_open_transaction_stalls_its_partition_until_its_time_is_over(stack: Stack) -> None:
    stack.start("command-service", "first", "--instance", "first", *SHORT_SESSION)
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
        assert scene.said(honest) == "accepted"
        stall = time.monotonic() - began
        print(f"stall {stall:.1f} s (time-out {TIMEOUT_SECONDS} s); elsewhere {elsewhere:.1f} s")
        assert elsewhere < stall
        assert stall < 2 * (TIMEOUT_SECONDS + LOOK_SECONDS)
        ids = [e.body.command_id for log in scene.watch.logs.values() for e in log.entries]
        assert not [command_id for command_id in ids if command_id.startswith("asleep")]
        assert scene.ask(create(keys[stalled], "later")) == "already-exists"
    assert compare(stack.brokers, None, BUILD, WAIT_SECONDS).differences == []
