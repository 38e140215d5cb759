"""What README.md tells to type works as it stands there."""

import os
import re
import subprocess
from pathlib import Path

from conftest import BUILD, WAIT_SECONDS, Stack

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
HELP = (ROOT / "tools" / "dev" / "help.txt").read_text()


def test_the_commands_with_a_cluster_up_work(stack: Stack) -> None:
    for name in ("command-service", "projector", "query-service"):
        stack.start(name)
    _, block = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    assert block.startswith(". .dev/env\n")
    script = block.removeprefix(". .dev/env\n").replace("build/dev/bin", str(BUILD / "bin"))
    done = subprocess.run(
        ["bash", "-euc", script.replace("curl ", "curl -sSf ")],
        env={**os.environ, **stack.environment},
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"status":"accepted"' in done.stdout
    assert "foldstream.orders.v1.OrderCreated" in done.stdout
    assert '"totalOrders":' in done.stdout


def test_the_folders_and_commands_that_it_names_exist() -> None:
    tables = "\n".join(line for line in README.splitlines() if line.startswith("| "))
    folders = re.findall(r"`([a-z-]+/)`", tables)
    assert len(folders) > 5
    assert [name for name in folders if not (ROOT / name).is_dir()] == []
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert [name for name in links if not (ROOT / name).exists()] == []
    commands = set(re.findall(r"\./dev ([a-z]+)", README)) | {"down", "status", "logs", "tidy"}
    known = set(re.findall(r"^  ([a-z]+)", HELP, re.MULTILINE))
    assert commands - known == set()
