"""Where things are, and the one exception that ends a command with a plain reason."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEV = ROOT / ".dev"
TOOLS = Path(__file__).resolve().parent
VENV = DEV / "venv"
KAFKA_LIBS = DEV / "kafka" / "libs"
MESSAGES = ROOT / "build" / "python"  # of proto/, in Python
TEST_FOLDERS = ("tests", "tests/system", "clients/python", "build/python", "tools", "tools/dev")


def path_of_tests() -> str:
    """PYTHONPATH of what runs in the environment of the tests, as tests/pytest.ini has it."""
    return os.pathsep.join(str(ROOT / folder) for folder in TEST_FOLDERS)


class Failed(Exception):
    """What went wrong, for the user; `log` is a file whose tail tells more."""

    def __init__(self, reason: str, log: Path | None = None) -> None:
        super().__init__(reason)
        self.log = log


class WrongUsage(Failed):
    """The user named something that does not exist."""


@dataclass(frozen=True)
class Workspace:
    """One local cluster's files: data, logs, pid files and the sourceable env."""

    root: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def logs(self) -> Path:
        return self.root / "log"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def env(self) -> Path:
        return self.root / "env"


UP = Workspace(DEV)
DEMO = Workspace(DEV / "demo")
