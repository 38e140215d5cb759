"""The table of requests, said at each door, and what was wrong with the answers."""

import time
from concurrent.futures import ThreadPoolExecutor

from hostile.requests import Attack, attacks
from hostile.wire import PATIENCE_SECONDS, Answer, Wire

AT_ONCE = 8


def answer_to(attack: Attack, port: int) -> tuple[Answer, bool]:
    """And whether it was asked to go on. Of batches only some are taken at once: the others come
    again."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        with Wire(port) as wire:
            wire.say(attack.data)
            if attack.ends:
                wire.finish()
            answer = wire.answer()
        if answer.status != 429 or time.monotonic() > until:
            return answer, wire.went_on > 0


def wrong_with(attack: Attack, port: int) -> list[str]:
    """Of the answer."""
    try:
        answer, went_on = answer_to(attack, port)
    except TimeoutError:
        return ["no answer and no end"]
    if answer.status not in attack.statuses:
        return [f"{answer.status} {answer.body[:300]!r}"]
    if went_on and answer.status == 413:
        return ["it is asked to go on with what is too large"]
    if answer.status >= 400:
        said = answer.json
        if answer.headers["content-type"] != "application/problem+json" or not said["detail"]:
            return [f"no problem: {answer.headers} {answer.body[:300]!r}"]
        if attack.code and said["code"] != attack.code:
            return [f"the code is {said['code']}"]
        if attack.fields is not None and answer.fields != attack.fields:
            return [f"the fields are {answer.fields}"]
    if attack.lines is not None:
        lines = tuple(line["httpStatus"] for line in answer.lines)
        if lines != attack.lines:
            return [f"the lines are {lines}"]
    return []


def run(doors: dict[str, list[int]]) -> tuple[int, list[str]]:
    """Every attack at every port of its doors: how many, and what was wrong."""
    said = [
        (attack, door, port)
        for attack in attacks()
        for door in attack.doors
        for port in doors[door]
    ]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = threads.map(lambda one: wrong_with(one[0], one[2]), said)
        found = [
            f"{attack.name} at {door} {port}: {wrong}"
            for (attack, door, port), all_wrong in zip(said, answers, strict=True)
            for wrong in all_wrong
        ]
    return len(said), found
