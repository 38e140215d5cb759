"""The messages of proto/ in Python, with stubs where mypy-protobuf is installed.
Nothing happens when they are there already and of these protos.

    python clients/python/generate.py FOLDER     # FOLDER/foldstream/v1/log_pb2.py …
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

PROTOS = Path(__file__).resolve().parents[2] / "proto"
PACKAGE = "foldstream"


def sources() -> list[Path]:
    return sorted(PROTOS.rglob("*.proto"))


def plugin() -> Path | None:
    """What makes the stubs: protoc's own ones are no strict types."""
    beside = Path(sys.executable).with_name("protoc-gen-mypy")
    found = str(beside) if beside.exists() else shutil.which("protoc-gen-mypy")
    return Path(found) if found else None


def stamp() -> str:
    digest = hashlib.sha256(str(plugin() is not None).encode())
    for path in sources():
        digest.update(path.relative_to(PROTOS).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def generate(out: Path) -> None:
    names = [path.relative_to(PROTOS).as_posix() for path in sources()]
    command = ["protoc", f"-I{PROTOS}", f"--python_out={out}"]
    if stubs := plugin():
        command += [f"--plugin=protoc-gen-mypy={stubs}", f"--mypy_out=quiet:{out}"]
    subprocess.run([*command, *names], check=True, cwd=PROTOS)


def refresh(out: Path) -> None:
    """Made beside it and then put in its place: who imports meanwhile sees the old or the new."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark, made = out / ".made-of", out / ".new"
        if mark.exists() and mark.read_text() == stamp() and (out / PACKAGE).is_dir():
            return
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
        generate(made)
        shutil.rmtree(out / PACKAGE, ignore_errors=True)
        (made / PACKAGE).rename(out / PACKAGE)
        made.rmdir()
        mark.write_text(stamp())


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    refresh(Path(sys.argv[1]).resolve())
