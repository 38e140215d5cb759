"""Processes that outlive the command that started them, each known by its pid and start time, so
that a pid that now belongs to somebody else is never signalled."""

import fcntl
import os
import random
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from paths import Failed

POLL_SECONDS = 0.05


def started_at(pid: int) -> str | None:
    """The kernel's start time of a living process. A killed one lives until its last thread has
    gone: its ports and locks are taken until then, although its first thread may be a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        threads = len(os.listdir(f"/proc/{pid}/task"))
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rsplit(")", 1)[1].split()
    return None if fields[0] == "Z" and threads <= 1 else fields[19]


@dataclass(frozen=True)
class Process:
    """A process with a pid file, whoever started it."""

    name: str
    pid_file: Path
    log: Path

    def start(
        self,
        command: Sequence[str | Path],
        environment: Mapping[str, str],
        user: str | None = None,
        cwd: Path | None = None,
    ) -> None:
        if self.pid() is not None:
            raise Failed(f"{self.name} is already running (pid {self.pid()})")
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            child = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(environment),
                cwd=cwd,
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=[] if user else None,
            )
        CHILDREN[child.pid] = child
        self.pid_file.write_text(f"{child.pid} {started_at(child.pid)}\n")

    def pid(self) -> int | None:
        """None when it is not running."""
        try:
            pid, start = self.pid_file.read_text().split()
        except (FileNotFoundError, ValueError):
            return None
        child = CHILDREN.get(int(pid))
        if child is not None and child.poll() is not None:
            return None
        return int(pid) if started_at(int(pid)) == start else None

    def send(self, which: signal.Signals) -> None:
        pid = self.pid()
        if pid is None:
            raise Failed(f"{self.name} is not running", self.log)
        os.kill(pid, which)

    def stop(self, which: signal.Signals = signal.SIGTERM, seconds: float = 20) -> None:
        """Asks, waits, and kills what does not go."""
        for ask in (which, signal.SIGKILL):
            pid = self.pid()
            if pid is None:
                break
            os.kill(pid, signal.SIGCONT)
            os.kill(pid, ask)
            wait_for(lambda: self.pid() is None, seconds)
        self.pid_file.unlink(missing_ok=True)

    def wait_ready(self, ready: Callable[[], bool], seconds: float, what: str) -> None:
        """Until `ready`; fails at once when the process ends."""
        ended = False

        def done() -> bool:
            nonlocal ended
            ended = self.pid() is None
            return ended or ready()

        in_time = wait_for(done, seconds)
        if ended:
            raise Failed(f"{self.name} ended before it was {what}", self.log)
        if not in_time:
            raise Failed(f"{self.name} was not {what} after {seconds:.0f} s", self.log)


# Children of this very process have to be waited for, or they stay as zombies.
CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


def wait_for(done: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


# Below what the kernel gives to outgoing connections: one of those may sit on a port that a process
# had before it was killed, and needs again.
ANY_PORTS = range(20_000, 32_000)


def free_port(preferred: int = 0) -> int:
    """`preferred` or the next free one above it; 0: any. Nobody else is given it while this process
    lives, not even while the one that listens there is killed and started again."""
    first = preferred or random.choice(ANY_PORTS)
    for port in range(first, first + 200):
        if bindable(port) and (reserve(port) or (port == preferred and port in RESERVED)):
            return port
    raise Failed(f"no free port from {first} on")


def bindable(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


# Port to the locked file that keeps it for this process.
RESERVED: dict[int, IO[bytes]] = {}


def reserve(port: int) -> bool:
    if port in RESERVED:
        return False
    folder = Path(tempfile.gettempdir()) / f"foldstream-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    lock = (folder / str(port)).open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return False
    RESERVED[port] = lock
    return True


def tail(log: Path, lines: int = 15) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
