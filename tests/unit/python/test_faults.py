"""What the soak draws, sends and counts."""

import random
import re
from collections import Counter
from itertools import islice

from faults.director import COMMAND_POINTS, DELETION_POINTS, PROJECTOR_POINTS, deck
from faults.evidence import CLASSES, last_line, missing
from faults.traffic import INSTANCE, Bare, Clients
from oracle.bodies import BODIES
from paths import ROOT


def test_every_strike_comes_once_before_any_comes_again() -> None:
    strikes = {name: lambda: True for name in "abcde"}
    struck = Counter(list(strikes))
    drawn = list(islice(deck(strikes, random.Random(7), struck), 10))
    assert sorted(drawn[:5]) == sorted(drawn[5:]) == sorted(strikes)
    assert drawn == list(islice(deck(strikes, random.Random(7), struck), 10))
    del struck["c"]
    assert next(deck(strikes, random.Random(7), struck)) == "c"


def test_every_point_that_the_services_have_is_struck_at() -> None:
    source = (ROOT / "common/core/test_hooks.cpp").read_text()
    table = re.search(r"fault_points = \{(.*?)\};", source, re.DOTALL)
    assert table is not None
    struck_at = [*COMMAND_POINTS, *DELETION_POINTS, *PROJECTOR_POINTS]
    assert sorted(re.findall(r'"([a-z-]+)"', table[1])) == sorted(struck_at)


def test_the_same_seed_sends_the_same_commands_and_all_kinds_of_them() -> None:
    bodies = BODIES
    commands = Clients("c", 3, 4, bodies).commands(3000)
    assert commands == Clients("c", 3, 4, bodies).commands(3000)
    bare = [command for command in commands if isinstance(command, Bare)]
    assert {bool(command.command_id) for command in bare} == {True, False}
    assert all(command.headers == [] for command in bare)
    names = Counter(name for command in commands for name, _ in command.attributes)
    assert names["reply_partition"] == len(commands) - len(bare)
    assert names["expected_version"] > 10
    assert names["dry_run"] > 10
    assert [c for c in commands if c.key is None and "orderId" not in c.body]
    partitions = {value for c in commands for name, value in c.attributes if name[-4:] == "tion"}
    assert {b"0", b"1", b"2", b"3"} <= partitions
    assert ("reply_instance", INSTANCE.encode()) in commands[0].attributes
    seen: dict[str, set[tuple[str, bytes]]] = {}
    for command in commands:
        seen.setdefault(command.command_id, set()).add((command.type, command.value))
    assert [i for i, bodies in seen.items() if len(bodies) > 1], "no id is another's"
    assert len(seen) < len(commands) - 100, "nothing is sent twice"


def test_the_last_line_names_every_class_and_one_that_never_struck_is_missed() -> None:
    counts = dict.fromkeys(("commands", *CLASSES), 1)
    assert last_line(counts, 0) == (
        "soak-exactly-once: commands=1 kills=1 zombies=1 fenced=1 ignored_entries=1 "
        "failed_deliveries=1 pg_restarts=1 connection_cuts=1 broker_restarts=1 twins=1 "
        "duplicates=1 violations=0"
    )
    assert missing(counts) == []
    assert missing({**counts, "zombies": 0, "twins": 0}) == ["zombies", "twins"]
