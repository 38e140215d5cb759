"""The peer of the query-service: FastAPI over asyncpg (bench/peers/fastapi), two workers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import install

from measure.bed import Bed
from paths import DEV, ROOT
from processes import Process, free_port
from services import fetch

SOURCE = ROOT / "bench" / "peers" / "fastapi"
VENV = DEV / "bench" / "fastapi"
WORKERS = 2
READY_SECONDS = 60


def installed() -> None:
    wanted = SOURCE / "requirements.txt"
    what = "the FastAPI peer"
    install.virtual_environment(what + "'s environment", what, VENV, wanted)


@contextmanager
def running(bed: Bed) -> Iterator[str]:
    """Its address, while it serves."""
    port = free_port()
    process = Process(
        "fastapi", bed.workspace.run / "fastapi.pid", bed.workspace.logs / "fastapi.log"
    )
    command: list[str | Path] = [VENV / "bin" / "uvicorn", "app:app", "--port", str(port)]
    command += ["--workers", str(WORKERS), "--loop", "uvloop", "--http", "httptools"]
    command += ["--no-access-log", "--log-level", "warning"]
    environment = {**os.environ, "POSTGRES_URL": bed.postgres_url("foldstream_query")}
    process.start(command, environment, cwd=SOURCE)
    url = f"http://127.0.0.1:{port}"
    try:
        ready = f"{url}/api/v1/orders?customerEmail=nobody@example.com"
        process.wait_ready(lambda: fetch(ready)[0] == 200, READY_SECONDS, "ready")
        yield url
    finally:
        process.stop()
