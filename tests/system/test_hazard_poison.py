"""A command that no process survives, in a world that starts processes again: it is refused in the
end, and everything else is decided."""

import pytest

from conftest import SHORT_SESSION, WAIT_SECONDS, Stack
from oracle.compare import compare
from scene import Scene, create, pay

OTHERS = 40
END_SECONDS = 80
MOST_ENDS = 6


class Keeper:
    """Starts again whatever has ended, and counts."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.ends = stack, 0

    def look(self) -> None:
        for service in self.stack.started.values():
            if service.process.pid() is None:
                self.ends += 1
                service.start(wait=False)


@pytest.mark.parametrize(
    ("what", "code"), [("kill", "crashed"), ("loop", "crashed"), ("throw", "internal")]
)
def test_a_poisonous_command_stops_nothing_but_itself(stack: Stack, what: str, code: str) -> None:
    for name in ("first", "second"):
        options = ("--instance", name, "--decide-budget-seconds", "1", *SHORT_SESSION)
        stack.start("command-service", name, *options, FOLDSTREAM_POISON=f"deadly={what}")
    keeper = Keeper(stack)
    with Scene(stack.brokers) as scene:
        before = [scene.send(create(f"before-{n}", f"before-{n}")) for n in range(OTHERS)]
        deadly = scene.send(create("before-0", "deadly"))
        after = [scene.send(pay(f"before-{n}", f"after-{n}")) for n in range(OTHERS)]

        def all_are_decided() -> bool:
            keeper.look()
            return {deadly, *before, *after} <= scene.decided.keys()

        assert scene.until(all_are_decided, END_SECONDS), f"after {keeper.ends} ends"
        assert scene.said(deadly) == code
        assert {scene.said(place) for place in (*before, *after)} == {"accepted"}
        print(f"poison {what}: {keeper.ends} processes ended, {scene.attempts()} attempts")
        assert keeper.ends <= MOST_ENDS if what != "throw" else keeper.ends == 0
        if code == "crashed":
            assert scene.entry(deadly).kept.command_id == "deadly"
            assert scene.attempts() >= 2
    assert compare(stack.brokers, None, WAIT_SECONDS).differences == []
