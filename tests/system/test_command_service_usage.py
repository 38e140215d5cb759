"""What the command-service says of options that it cannot use."""

import os
import subprocess
from pathlib import Path

import pytest

COMMAND_SERVICE = Path(os.environ["BUILD_FOLDER"]) / "bin" / "command-service"


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--kafka", "no.such.setting=1", "no.such.setting"),
        ("--domains", "nope", "there is no domain nope"),
        # Two workers of one domain would have two owners of one partition.
        ("--domains", "orders,orders", "orders is given twice"),
    ],
)
def test_a_bad_value_is_named_and_ends_with_code_2(option: str, value: str, said: str) -> None:
    done = subprocess.run(
        [
            str(COMMAND_SERVICE),
            "--kafka-brokers",
            "127.0.0.1:1",
            "--admin-port",
            "0",
            option,
            value,
        ],
        env={k: v for k, v in os.environ.items() if not k.startswith("FOLDSTREAM_")},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
