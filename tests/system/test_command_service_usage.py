"""What the command-service says of options, and of a store's folder, that it cannot use."""

import os
import subprocess
import threading
from pathlib import Path

import pytest

COMMAND_SERVICE = Path(os.environ["BUILD_FOLDER"]) / "bin" / "command-service"


def command(*options: str) -> list[str]:
    nowhere = ("--kafka-brokers", "127.0.0.1:1", "--admin-port", "0", "--http-port", "0")
    return [str(COMMAND_SERVICE), *nowhere, *options]


def environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("FOLDSTREAM_")}


def ended(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*options),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--kafka", "no.such.setting=1", "no.such.setting"),
        ("--domains", "nope", "there is no domain nope"),
        # Two workers of one domain would have two owners of one partition.
        ("--domains", "orders,orders", "orders is given twice"),
        ("--snapshot-interval-seconds", "0", "--snapshot-interval-seconds"),
        ("--decide-budget-seconds", "41", "--decide-budget-seconds"),
        ("--max-in-flight", "0", "--max-in-flight"),
    ],
)
def test_a_bad_value_is_named_and_ends_with_code_2(option: str, value: str, said: str) -> None:
    done = ended("--store-path", "memory", option, value)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr


def test_a_store_that_cannot_be_made_is_named_and_ends_with_code_1(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = ended("--store-path", str(tmp_path / "file" / "store"))
    assert done.returncode == 1, done.stderr
    assert f"--store-path: the folder {tmp_path}/file/store cannot be made" in done.stderr


def test_a_store_of_another_process_is_named_and_ends_with_code_1(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    running = subprocess.Popen(
        command("--store-path", str(folder)), env=environment(), stderr=subprocess.PIPE, text=True
    )
    assert running.stderr is not None
    impatience = threading.Timer(60, running.kill)
    impatience.start()
    try:
        opened = any("serves" in line for line in running.stderr)
        done = ended("--store-path", str(folder))
    finally:
        running.terminate()
        running.communicate(timeout=30)
        impatience.cancel()
    assert opened
    assert running.returncode == 0
    assert done.returncode == 1, done.stderr
    assert f"--store-path: the folder {folder} is in use by another process" in done.stderr
