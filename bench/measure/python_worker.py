"""The peer of the projector: a worker in Python (bench/peers/python), one process."""

import install

from measure import limits
from measure.bed import Bed
from paths import DEV, ROOT

SOURCE = ROOT / "bench" / "peers" / "python"
VENV = DEV / "bench" / "python"


def installed() -> None:
    wanted = SOURCE / "requirements.txt"
    what = "the Python peer"
    install.virtual_environment(what + "'s environment", what, VENV, wanted)


def run(bed: Bed, url: str, topic: str, group: str, total: int) -> dict[str, float]:
    """What it prints: seconds, rows, batches."""
    worker = [str(VENV / "bin" / "python"), str(SOURCE / "worker.py")]
    return limits.figures(limits.output([*worker, bed.brokers, topic, group, url, str(total)]))
