"""./dev bare: a Debian 12 with nothing in it, twice; demo and test, as root and with sudo.

Each run has a mount and a process namespace of its own: nothing of it can be left behind."""

import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from paths import DEV, ROOT, Failed

SUITE = "bookworm"
CERTIFICATES = Path("/usr/local/share/ca-certificates")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENTER = """\
set -e
mount -t proc proc "$0/proc"
mount --rbind /dev "$0/dev"
exec chroot "$@"
"""
STEPS = "cd ~/foldstream && ./dev demo && ./dev test"


@dataclass(frozen=True)
class Machine:
    """A chroot in `folder`."""

    folder: Path
    log: Path

    def run(self, *command: str, user: str = "root") -> int:
        """With an empty environment; output goes to the terminal and to the log."""
        home = "/root" if user == "root" else f"/home/{user}"
        clean = ["env", "-i", f"HOME={home}", f"USER={user}", f"PATH={PATH}", "LANG=C.UTF-8"]
        enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL"]
        enter += ["bash", "-c", ENTER, str(self.folder), f"--userspec={user}", str(self.folder)]
        with self.log.open("a") as log:
            process = subprocess.Popen(
                [*enter, *clean, *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                cwd="/",
            )
            assert process.stdout is not None
            for line in process.stdout:
                print(f"{user}| {line}", end="", flush=True)
                log.write(line)
                log.flush()
            return process.wait()

    def make(self) -> None:
        """Nothing but certificates and sudo; no variable of this machine comes along."""
        print(f"making a bare Debian 12 in {self.folder}", flush=True)
        command = ["mmdebstrap", "--variant=minbase", "--include=ca-certificates,sudo", SUITE]
        with self.log.open("a") as log:
            done = subprocess.run([*command, self.folder], stdout=log, stderr=log, check=False)
        if done.returncode:
            raise Failed("mmdebstrap failed", self.log)
        for name in ("resolv.conf", "hosts", "hostname"):
            shutil.copy(f"/etc/{name}", self.folder / "etc" / name)
        # Where the network has a certificate authority of its own, nothing can be downloaded
        # without it.
        for certificate in CERTIFICATES.glob("*.crt"):
            shutil.copy(certificate, self.folder / str(CERTIFICATES).lstrip("/"))
        if self.run("update-ca-certificates"):
            raise Failed("update-ca-certificates failed", self.log)

    def prepare(self, user: str) -> None:
        """The user, and a clone of HEAD in its home."""
        if user != "root":
            rule = f"{user} ALL=(ALL) NOPASSWD: ALL"
            add = f"useradd -m -s /bin/bash {user} && echo '{rule}' > /etc/sudoers.d/{user}"
            if self.run("bash", "-c", add):
                raise Failed(f"the user {user} could not be made", self.log)
        home = self.folder / ("root" if user == "root" else f"home/{user}")
        clone = home / "foldstream"
        subprocess.run(["git", "clone", "-q", "--no-hardlinks", ROOT, clone], check=True)
        if self.run("chown", "-R", f"{user}:", "/" + str(clone.relative_to(self.folder))):
            raise Failed("the clone could not be handed over", self.log)


def passes(user: str) -> bool:
    """Whether both commands end well for this user, on a machine made for it."""
    DEV.joinpath("log").mkdir(parents=True, exist_ok=True)
    log = DEV / "log" / f"bare-{user}.log"
    log.unlink(missing_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="foldstream-bare-", dir="/var/tmp"))
    folder.chmod(0o755)
    machine = Machine(folder, log)
    try:
        machine.make()
        machine.prepare(user)
        return machine.run("bash", "-c", STEPS, user=user) == 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def bare() -> int:
    if os.geteuid() != 0:
        raise Failed("makes a chroot, and so must run as root")
    started = time.monotonic()
    results = {"root": passes("root"), "sudo": passes("developer")}
    minutes = (time.monotonic() - started) / 60
    said = " ".join(f"{who}={'ok' if fine else 'failed'}" for who, fine in results.items())
    print(f"bare: {said} minutes={minutes:.0f}")
    return 0 if all(results.values()) else 1
