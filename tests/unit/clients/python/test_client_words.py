"""The Python client speaks the API's JSON, tries again with patience, and can be installed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from foldstream import Position
from foldstream.orders.v1.order_pb2 import ORDER_STATUS_CANCELLED, OrderItem
from foldstream.orders.v1.rows_pb2 import OrderRow
from foldstream.patience import FIRST_SECONDS, LONGEST_SECONDS, Patience
from foldstream.v1.log_pb2 import LogPlace
from foldstream.words import from_words, to_words
from paths import ROOT


def test_numbers_are_numbers_and_enums_are_short_all_the_way_down() -> None:
    row = OrderRow(order_id="o-1", status=ORDER_STATUS_CANCELLED, total_minor=2**40)
    row.items.append(OrderItem(item_id="i", price_minor=2**40, quantity=3))
    said = to_words(row)
    assert (said["status"], said["totalMinor"]) == ("cancelled", 2**40)
    assert said["items"][0]["priceMinor"] == 2**40
    assert (said["trackingNumber"], said["itemCount"]) == ("", 0)
    assert from_words(OrderRow, said) == row
    assert from_words(OrderRow, {"status": "ORDER_STATUS_CANCELLED"}).status == row.status
    assert to_words(LogPlace(link=2**64 - 1))["link"] == 2**64 - 1


def test_a_time_is_read_as_it_is_written() -> None:
    row = from_words(OrderRow, {"createdAt": "2026-01-21T10:30:00.007Z"})
    assert row.created_at.ToMilliseconds() % 1000 == 7
    assert to_words(row)["createdAt"] == "2026-01-21T10:30:00.007Z"


def test_a_position_is_a_text_and_back() -> None:
    position = Position.parse("orders:3:1042")
    assert (position.domain, position.partition, position.sequence) == ("orders", 3, 1042)
    assert str(position) == "orders:3:1042"
    with pytest.raises(ValueError, match="unpack"):
        Position.parse("orders:3")


class Clock:
    """Goes on when somebody pauses, and at no other time."""

    def __init__(self, draw: float = 1.0) -> None:
        self.at = 100.0
        self.pauses: list[float] = []
        self.drawn = draw

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.at += seconds

    def patience(self, seconds: float) -> Patience:
        return Patience(seconds, lambda: self.drawn, self.pause, lambda: self.at)


def test_pauses_double_to_a_bound_and_end_before_the_deadline() -> None:
    clock = Clock()
    patience = clock.patience(10)
    while patience.again():
        pass
    assert clock.pauses[:3] == [FIRST_SECONDS, 2 * FIRST_SECONDS, 4 * FIRST_SECONDS]
    assert max(clock.pauses) == LONGEST_SECONDS
    assert clock.at < patience.deadline


def test_pauses_are_drawn_and_last_at_least_as_long_as_the_server_asks_for() -> None:
    clock = Clock(draw=0.0)
    patience = clock.patience(10)
    assert patience.again()
    assert patience.again(at_least=3)
    assert clock.pauses == [0, 3]
    assert not patience.again(at_least=7)


IMPORTS = """
from foldstream import HttpClient, TopicClient
from foldstream.orders.v1.commands_pb2 import CreateOrder
from foldstream.v1 import log_pb2
print(CreateOrder.__module__, log_pb2.__file__)
"""


def test_the_package_is_built_with_its_messages_and_their_stubs(tmp_path: Path) -> None:
    for name in ("clients", "proto"):
        shutil.copytree(ROOT / name, tmp_path / name)
    built = tmp_path / "built"
    build = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(built)]
    subprocess.run(build, cwd=tmp_path / "clients" / "python", check=True, capture_output=True)
    alone = [sys.executable, "-c", IMPORTS]
    path = {"PYTHONPATH": str(built)}
    said = subprocess.run(alone, env=path, check=True, capture_output=True, text=True).stdout
    file = built / "foldstream" / "v1" / "log_pb2.py"
    assert said.split() == ["foldstream.orders.v1.commands_pb2", str(file)]
    assert file.with_suffix(".pyi").exists()
    assert (built / "foldstream" / "py.typed").exists()
