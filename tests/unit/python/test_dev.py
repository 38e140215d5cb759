"""What ./dev promises of processes, wrong names and the commands that the demo sends."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cluster import Cluster, read_env
from orders import Orders
from paths import ROOT, Failed, Workspace
from processes import Process, free_port, started_at, wait_for
from services import Services

IDLE = ["tail", "-f", "/dev/null"]
STUBBORN = "trap '' TERM; echo up; exec tail -f /dev/null"


@pytest.fixture
def process(tmp_path: Path) -> Process:
    return Process("it", tmp_path / "run" / "it.pid", tmp_path / "log" / "it.log")


def test_a_process_is_started_once_and_stopped(process: Process) -> None:
    process.start(IDLE, {})
    assert process.pid() is not None
    with pytest.raises(Failed, match="already running"):
        process.start(["true"], {})
    process.stop()
    assert process.pid() is None
    assert not process.pid_file.exists()


def test_one_that_does_not_listen_is_killed(process: Process) -> None:
    process.start(["bash", "-c", STUBBORN], {})
    assert wait_for(lambda: "up" in process.log.read_text(), 10)
    process.stop(signal.SIGTERM, seconds=0.2)
    assert process.pid() is None


def test_a_stopped_one_is_woken_to_end(process: Process) -> None:
    process.start(IDLE, {})
    process.send(signal.SIGSTOP)
    process.stop(seconds=5)
    assert process.pid() is None


def test_a_pid_that_belongs_to_somebody_else_by_now_is_left_alone(process: Process) -> None:
    other = subprocess.Popen(IDLE, stdout=subprocess.DEVNULL)
    try:
        process.pid_file.parent.mkdir()
        process.pid_file.write_text(f"{other.pid} 12345\n")
        assert process.pid() is None
        process.stop()
        assert started_at(other.pid) is not None
    finally:
        other.kill()
        other.wait()


def test_a_process_lives_until_its_last_thread_has_gone(process: Process) -> None:
    script = """
import ctypes, threading
threading.Thread(target=threading.Event().wait).start()
print("up", flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""
    process.start([sys.executable, "-c", script], {})
    pid = process.pid()

    def first_thread_is_a_zombie() -> bool:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()

    assert wait_for(first_thread_is_a_zombie, 10)
    assert process.pid() == pid
    process.stop()
    assert process.pid() is None


def test_a_process_that_ends_is_no_long_wait(process: Process) -> None:
    process.start(["false"], {})
    with pytest.raises(Failed, match="ended before it was ready"):
        process.wait_ready(lambda: False, 60, "ready")


def test_a_taken_port_gives_the_next_free_one() -> None:
    port = free_port()
    server = subprocess.Popen(
        ["/usr/bin/python3", "-m", "http.server", str(port), "--bind", "127.0.0.1"],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        assert wait_for(lambda: free_port(port) != port, 10)
        assert free_port(port) > port
    finally:
        server.kill()
        server.wait()


def test_a_port_is_given_to_nobody_else_while_its_server_is_away() -> None:
    port = free_port()
    tools = Path(__file__).parents[3] / "tools" / "dev"
    ask = f"import processes; print(processes.free_port({port}))"
    told = subprocess.run([sys.executable, "-c", ask], cwd=tools, capture_output=True, check=True)
    assert int(told.stdout) > port
    assert free_port(port) == port


def test_the_env_file_is_read_as_it_was_written_and_by_the_shell(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    said = {"A_URL": "postgresql://u@h:1/d?x=1&y=2", "B": "h:1,h:2"}
    Cluster(workspace).write_env(said)
    assert read_env(workspace) == said
    shell = f'. {workspace.env}; echo "$A_URL $B"'
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)
    assert done.stdout.split() == list(said.values())


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], [".*"], ["test", "--lane", "nonsense"], ["build", "nonsense"], ["bench", "no"]],
)
def test_a_wrong_name_is_wrong_usage(arguments: list[str]) -> None:
    done = subprocess.run([ROOT / "dev", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "unknown" in done.stderr


def test_the_help_names_every_command_and_nothing_else() -> None:
    import main

    done = subprocess.run([ROOT / "dev", "--help"], capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines() if line[:2] == "  " and line[2] != " "]
    assert {line.split()[0] for line in lines} == set(main.COMMANDS)


def test_the_same_seed_gives_the_same_commands_some_doubled_and_some_wrong() -> None:
    commands = list(Orders("x").commands(2000))
    assert commands == list(Orders("x").commands(2000))
    assert commands != list(Orders("x", seed=2).commands(2000))
    doubled = len(commands) - len({command.command_id for command in commands})
    assert 20 < doubled < 200
    assert {"CreateOrder", "AddItem", "RemoveItem", "ConfirmPayment", "ShipOrder"} < {
        command.type for command in commands
    }
    assert [command for command in commands if command.raw is not None]


def test_no_two_command_services_share_a_store(tmp_path: Path) -> None:
    program = tmp_path / "build" / "bin" / "command-service"
    program.parent.mkdir(parents=True)
    program.touch()
    environment = {"FOLDSTREAM_POSTGRES_URL": "postgresql://foldstream@127.0.0.1/foldstream"}
    them = Services(Workspace(tmp_path), tmp_path / "build", environment)
    stores = [them.make("command-service", called).arguments for called in ("", "first", "second")]
    assert len(set(stores)) == len(stores)
    assert all(str(tmp_path / "data") in path for _, path in stores)
