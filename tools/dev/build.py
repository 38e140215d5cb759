"""Building, formatting, linting."""

import json
import os
import subprocess
from pathlib import Path

import tidy
from paths import ROOT, VENV, Failed, WrongUsage
from progress import Progress

NINJA = "%f %t "  # finished and total, before ninja's own text


def presets() -> list[str]:
    known = json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets"]
    return [preset["name"] for preset in known if not preset.get("hidden")]


def build(preset: str = "dev", *targets: str) -> Path:
    """The build folder. Compiler output is shown only when something fails. Without targets: what
    the preset makes by itself."""
    if preset not in presets():
        raise WrongUsage(f"unknown preset '{preset}'; there are {', '.join(presets())}")
    folder = ROOT / "build" / preset
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "build.log"
    with log.open("wb") as out:
        configure = ["cmake", "--preset", preset]
        if subprocess.run(configure, stdout=out, stderr=out, cwd=ROOT, check=False).returncode:
            raise Failed(f"cmake --preset {preset} failed", log)
    command = ["ninja", "-C", str(folder), "-j", str(jobs()), *targets]
    environment = {**os.environ, "NINJA_STATUS": NINJA}
    with log.open("a") as out, Progress(f"building {preset}", 1) as progress:
        ninja = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=out, text=True, env=environment
        )
        assert ninja.stdout is not None
        for line in ninja.stdout:
            out.write(line)
            words = line.split(" ", 2)
            if len(words) == 3 and words[0].isdigit() and words[1].isdigit():
                progress.total = int(words[1])
                progress.at(int(words[0]))
        if ninja.wait():
            raise Failed(f"the build of preset {preset} failed", log)
    return folder


def jobs() -> int:
    return max(2, len(os.sched_getaffinity(0)))


def sources() -> list[Path]:
    return list(tidy.files(ROOT, tidy.CXX))


def fmt() -> int:
    subprocess.run(["clang-format", "-i", *sources()], cwd=ROOT, check=True)
    ruff = [str(VENV / "bin" / "ruff"), "format", "--config", "tools/ruff.toml", "--no-cache"]
    return subprocess.run([*ruff, *tidy.PYTHON_FOLDERS], cwd=ROOT, check=False).returncode


def lint() -> int:
    """Every linter, to its end."""
    folder = build("dev")
    failed = subprocess.run(
        [str(VENV / "bin" / "python"), "tools/tidy.py", "--build", str(folder)],
        cwd=ROOT,
        check=False,
    ).returncode
    failed |= subprocess.run([VENV / "bin" / "buf", "lint"], cwd=ROOT, check=False).returncode
    units = [path for path in sources() if path.suffix == ".cpp" and path.parts[0] != "tests"]
    command = ["run-clang-tidy", "-quiet", "-j", str(jobs()), "-p", str(folder)]
    failed |= subprocess.run([*command, *map(str, units)], cwd=ROOT, check=False).returncode
    return 1 if failed else 0
