"""./dev up, down, status, logs: a local cluster that stays."""

import os
import subprocess

import services
from build import build
from cluster import Cluster, read_env
from paths import DEMO, ROOT, UP, Failed, Workspace, WrongUsage
from processes import Process

NAMES = ("kafka", "postgres", *services.NAMES)


def prepare(them: services.Services) -> None:
    """Topics and tables, before any service starts."""
    for step in (("topics", "apply"), ("migrate",)):
        log = them.workspace.logs / "foldctl.log"
        with log.open("ab") as out:
            run = subprocess.run(
                them.foldctl(*step),
                stdout=out,
                stderr=out,
                env={**os.environ, **them.environment},
                check=False,
            )
        if run.returncode:
            raise Failed(f"foldctl {' '.join(step)} failed", log)


def up() -> int:
    if running(UP):
        raise Failed("it runs already (./dev status, ./dev down)")
    folder = build("dev")
    cluster = Cluster(UP)
    try:
        them = services.up(UP, folder, cluster)
        prepare(them)
        for name in services.NAMES:
            them.make(name).start()
    except BaseException:
        cluster.stop()
        raise
    status()
    print("addresses: . .dev/env    stop: ./dev down")
    return 0


def processes(workspace: Workspace) -> list[Process]:
    return [
        Process(name, workspace.run / f"{name}.pid", workspace.logs / f"{name}.log")
        for name in NAMES
    ]


def running(workspace: Workspace) -> bool:
    return any(process.pid() is not None for process in processes(workspace))


def down(wipe: bool) -> int:
    for workspace in (UP, DEMO):
        cluster = Cluster(workspace)
        cluster.stop()
        if wipe:
            cluster.wipe()
    return 0


def status() -> int:
    any_runs = False
    for workspace in (UP, DEMO):
        if not running(workspace):
            continue
        any_runs = True
        print(f"{workspace.root.relative_to(ROOT)}:")
        for process in processes(workspace):
            pid = process.pid()
            print(f"  {process.name:<16} {f'pid {pid}' if pid else 'not running'}")
        for key, value in read_env(workspace).items():
            print(f"  {key}={value}")
    if not any_runs:
        print("nothing runs")
    return 0


def logs(name: str) -> int:
    if name not in NAMES:
        raise WrongUsage(f"unknown name '{name}'; there are {', '.join(NAMES)}")
    workspace = DEMO if running(DEMO) and not running(UP) else UP
    log = workspace.logs / f"{name}.log"
    if not log.exists():
        raise Failed(f"{name} has no log in {workspace.root.relative_to(ROOT)}")
    return subprocess.run(["tail", "-n", "100", "-F", str(log)], check=False).returncode
