"""What Debian does not have: Python packages into .dev/venv, Kafka's jars into .dev/kafka. Both
are made once; a stamp holds the hash of what asked for them."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from paths import DEV, KAFKA_LIBS, MESSAGES, ROOT, TOOLS, VENV, Failed

LOG = DEV / "log" / "install.log"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def environment() -> dict[str, str]:
    """pip brings certificates of its own; the machine's may know more (a proxy's, a mirror's)."""
    known = {"PIP_CERT": str(CERTIFICATES)} if CERTIFICATES.exists() else {}
    quiet = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return known | quiet | dict(os.environ)


def run(what: str, command: list[str | Path]) -> None:
    """One more try, because downloads fail."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    print(f"installing {what} (log: .dev/log/install.log)", flush=True)
    for attempt in (1, 2):
        with LOG.open("ab") as log:
            done = subprocess.run(command, stdout=log, stderr=log, env=environment(), check=False)
        if done.returncode == 0:
            return
        if attempt == 1:
            print("  that failed; trying once more", flush=True)
    raise Failed(f"{what} could not be installed", LOG)


def stamp(source: Path) -> str:
    return hashlib.sha256(source.read_bytes()).hexdigest()


def made(folder: Path, source: Path) -> bool:
    mark = folder / ".made-of"
    return mark.exists() and mark.read_text() == stamp(source)


def virtual_environment(what: str, packages: str, folder: Path, wanted: Path) -> None:
    """With what the file `wanted` lists; nothing when it is there."""
    if made(folder, wanted):
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    run(what, ["/usr/bin/python3", "-m", "venv", folder])
    run(packages, [folder / "bin" / "pip", "install", "-r", wanted])
    (folder / ".made-of").write_text(stamp(wanted))


def python_packages() -> None:
    wanted = TOOLS / "requirements.txt"
    virtual_environment("Python's environment", "Python packages", VENV, wanted)


def kafka() -> None:
    pom = TOOLS / "kafka" / "pom.xml"
    if made(KAFKA_LIBS, pom):
        return
    shutil.rmtree(KAFKA_LIBS, ignore_errors=True)
    copy = ["mvn", "-B", "-f", str(pom), "dependency:copy-dependencies"]
    run("Kafka", [*copy, f"-DoutputDirectory={KAFKA_LIBS}"])
    (KAFKA_LIBS / ".made-of").write_text(stamp(pom))


def messages() -> None:
    """Without a word: a moment, and only when proto/ has changed."""
    command = [VENV / "bin" / "python", ROOT / "clients" / "python" / "generate.py", MESSAGES]
    if subprocess.run(command, check=False).returncode:
        raise Failed("the messages of proto/ could not be generated in Python")


def everything() -> None:
    """Returns inside the environment of .dev/venv: this process starts again there."""
    python_packages()
    kafka()
    messages()
    if Path(sys.prefix) != VENV:
        python = str(VENV / "bin" / "python")
        os.execv(python, [python, *sys.argv])
