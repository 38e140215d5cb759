"""The peer of the projector: a worker in Python (bench/peers/python), one process."""

import shutil

import install

from measure import limits
from measure.bed import Bed
from paths import DEV, ROOT

SOURCE = ROOT / "bench" / "peers" / "python"
VENV = DEV / "bench" / "python"


def installed() -> None:
    wanted = SOURCE / "requirements.txt"
    if install.made(VENV, wanted):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    VENV.parent.mkdir(parents=True, exist_ok=True)
    install.run("the Python peer's environment", ["/usr/bin/python3", "-m", "venv", VENV])
    install.run("the Python peer", [VENV / "bin" / "pip", "install", "-r", wanted])
    (VENV / ".made-of").write_text(install.stamp(wanted))


def run(bed: Bed, url: str, topic: str, group: str, total: int) -> dict[str, float]:
    """What it prints: seconds, rows, batches."""
    worker = [str(VENV / "bin" / "python"), str(SOURCE / "worker.py")]
    return limits.figures(limits.output([*worker, bed.brokers, topic, group, url, str(total)]))
