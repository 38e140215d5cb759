"""What a service says of options that it cannot use, and of servers that are not there."""

import json
import os
import subprocess
import threading
from pathlib import Path

import pytest

BIN = Path(os.environ["BUILD_FOLDER"]) / "bin"
NOWHERE = "postgresql://somebody:s3cret@127.0.0.1:1/nothing"
SERVICES = ("projector", "query-service")


def command(service: str, *options: str) -> list[str]:
    http = ("--http-port", "0") if service == "query-service" else ()
    return [str(BIN / service), "--kafka-brokers", "127.0.0.1:1", *http, *options]


def clean_environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("FOLDSTREAM_")}


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--kafka", "no.such.setting=1"),
        ("--postgres-url", "gar s3cret bage"),
        ("--postgres-url", f"{NOWHERE}?no_such_setting=1"),
        ("--admin-port", "65536"),
        ("--colour", "red"),
    ],
)
def test_a_bad_value_is_named_and_ends_with_code_2(service: str, option: str, value: str) -> None:
    options = [option, value]
    if option != "--postgres-url":
        options += ["--postgres-url", NOWHERE]
    done = subprocess.run(
        command(service, *options),
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert option in done.stderr
    assert "s3cret" not in done.stderr


@pytest.mark.parametrize("service", (*SERVICES, "command-service"))
@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("FOLDSTREAM_MUTANT", "no-such-bug", "no-such-bug"),
        ("FOLDSTREAM_FAULT", "decided=kill@1,no-such-point=kill@1", "no-such-point"),
        ("FOLDSTREAM_FAULT", "decided=kill", "decided=kill"),
    ],
)
def test_a_test_hook_that_is_unknown_is_named_and_ends_with_code_2(
    service: str, variable: str, value: str, said: str
) -> None:
    needed = {"command-service": ("--store-path", "memory")}
    done = subprocess.run(
        command(service, *needed.get(service, ("--postgres-url", NOWHERE))),
        env={**clean_environment(), variable: value},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert f"{variable}: '{said}' is unknown" in done.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_servers_that_are_away_are_told_in_json_lines_without_the_password(service: str) -> None:
    running = subprocess.Popen(
        command(service, "--postgres-url", NOWHERE),
        env=clean_environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    lines = []
    wanted = {"projector": ("Kafka",), "query-service": ("the logs' ends", "the checkpoints")}
    missing = set(wanted[service])
    impatience = threading.Timer(60, running.kill)
    impatience.start()
    try:
        for line in running.stderr:
            lines.append(line)
            missing -= {text for text in missing if text in line}
            if not missing:
                break
    finally:
        running.terminate()
        lines += running.communicate(timeout=30)[1].splitlines()
        impatience.cancel()
    assert running.returncode == 0
    assert not missing
    for line in lines:
        assert {"ts", "level", "logger", "msg"} <= json.loads(line).keys(), line
        assert "s3cret" not in line
