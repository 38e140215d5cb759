"""Several owners in a process and several processes: everything is owned, comes back after kill -9,
and there is one entry a command."""

import time

import pytest

from conftest import SHORT_SESSION, WAIT_SECONDS, Stack
from load import Load
from scene import Scene, create, metric

SESSION_SECONDS = 2
DIRECTIONS = ("first", "second", "third")


def start(stack: Stack, name: str, workers: int = 1) -> None:
    options = ("--instance", name, "--workers", str(workers), *SHORT_SESSION)
    stack.start("command-service", name, *options)


def answer_everywhere(scene: Scene, keys: dict[int, str], name: str) -> None:
    """One command of each partition."""
    places = [scene.send(create(key, f"{name}-{key}")) for key in keys.values()]
    for place in places:
        assert scene.said(place) == "already-exists"


def test_three_workers_of_one_process_share_its_partitions(stack: Stack) -> None:
    start(stack, "first", workers=3)
    with Scene(stack.brokers) as scene:
        keys = scene.one_of_each("workers")
        answer_everywhere(scene, keys, "before")
        for kill in range(3):
            with Load(stack.brokers, f"workers-{kill}"):
                seen = scene.watch.entries()
                assert scene.until(lambda: scene.watch.entries() > seen + 300)
                stack.started["first"].kill()
                stack.started["first"].start()
            answer_everywhere(scene, keys, f"after-{kill}")
        assert scene.watch.owners() == {"first"}
    stack.start("projector")
    assert stack.compare().differences == []


@pytest.mark.parametrize("instances", [2, 3])
def test_instances_share_the_partitions_and_one_that_ends_is_replaced(
    stack: Stack, instances: int
) -> None:
    names = DIRECTIONS[:instances]
    start(stack, names[0])
    with Scene(stack.brokers) as scene:
        keys = scene.one_of_each("instances")
        with Load(stack.brokers, f"instances-{instances}"):
            for name in names[1:]:
                start(stack, name)
            assert scene.until(lambda: scene.watch.owners() == set(names)), scene.watch.owners()
            stack.started[names[0]].kill()
            killed = time.monotonic()
            left = set(names[1:])
            assert scene.until(lambda: scene.watch.owners() == left), scene.watch.owners()
        answer_everywhere(scene, keys, "after")
        print(f"kill -9 of one of {instances}: all owned after {time.monotonic() - killed:.1f} s")
        epochs = [metric(stack.started[name], "foldstream_owner_stopped") for name in left]
        assert epochs == [0] * len(left)
    stack.start("projector")
    assert stack.compare().differences == []


def test_the_partitions_of_a_killed_owner_answer_again_soon_after_its_session(stack: Stack) -> None:
    start(stack, "first")
    with Scene(stack.brokers) as scene:
        keys = scene.one_of_each("answers")
        answer_everywhere(scene, keys, "before")
        start(stack, "second")
        assert scene.until(lambda: len(scene.watch.owners()) == 2), scene.watch.owners()
        stack.started["first"].kill()
        killed = time.monotonic()
        places = [scene.send(create(key, f"after-{key}")) for key in keys.values()]
        assert scene.until(lambda: all(p in scene.decided for p in places), WAIT_SECONDS)
        took = time.monotonic() - killed
        # The goal is the session and 2 s; a machine that does other things, too, is given more.
        print(f"kill-to-answer: {took:.1f} s with a session of {SESSION_SECONDS} s")
        assert took < 10 * SESSION_SECONDS
