"""The command-service decides what was preloaded: watched until all of it is decided."""

from measure.bed import Bed, metric
from paths import Failed
from processes import wait_for
from progress import Progress
from services import Service

EVENTS = ("orders.events", "orders.snapshots")
STALL_SECONDS = 60


def preload(bed: Bed, orders: int, each: int, open_at_once: int) -> None:
    arguments = ("--brokers", bed.brokers, "--orders", str(orders), "--each", str(each))
    bed.tool.run("preloading", orders * each, "preload", *arguments, "--open", str(open_at_once))


def wait_until_decided(service: Service, total: int) -> None:
    seen = -1
    with Progress("the command-service decides", total) as progress:
        while seen < total:
            before = seen

            def moved(before: int = before) -> bool:
                nonlocal seen
                if service.process.pid() is None:
                    raise Failed("the command-service ended", service.process.log)
                seen = metric(service, "foldstream_commands_total")
                progress.at(seen)
                return seen > before

            if not wait_for(moved, STALL_SECONDS):
                raise Failed(f"it stands still at {seen} commands", service.process.log)
            wait_for(lambda: service.process.pid() is None, 0.5)


def read_log(bed: Bed, total: int) -> dict[str, int]:
    """What a reader with validity finds, where every command is accepted."""
    found = bed.tool.run("reading the log", total, "log", "--brokers", bed.brokers)
    if found["accepted"] != total:
        raise Failed(f"{found['accepted']} of {total} commands are accepted")
    return found
