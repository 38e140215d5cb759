"""The Python reader's verdicts on frames.json; tests/unit/common/replay holds the C++ one to it."""

import json
from pathlib import Path
from typing import Any

import pytest

import make_frames
from foldstream.validity import STOPS, Validity

FILE = Path(__file__).with_name("frames.json")
LOGS = json.loads(FILE.read_text())["logs"]


def opened(place: dict[str, Any]) -> Validity:
    return Validity(place["offset"], place["epoch"], place["sequence"], int(place["link"]))


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log["name"])
def test_every_record_gets_its_verdict(log: dict[str, Any]) -> None:
    validity = opened(log["start"])
    for record in log["records"]:
        before = (validity.offset, validity.epoch, validity.sequence, validity.link, validity.next)
        verdict = validity.feed(record["offset"], bytes.fromhex(record["hex"]))
        assert verdict == record["verdict"], f"offset {record['offset']}"
        if verdict in STOPS:
            assert log["stops_at"] == record["offset"]
            after = (
                validity.offset,
                validity.epoch,
                validity.sequence,
                validity.link,
                validity.next,
            )
            assert after == before
            return
    assert validity == opened(log["end"])


def test_the_file_is_what_its_script_says() -> None:
    assert FILE.read_text() == make_frames.text()


def test_the_bytes_of_a_frame_never_change() -> None:
    claim, entries = (bytes.fromhex(r["hex"]) for r in LOGS[0]["records"][:2])
    assert claim.hex() == (
        "46530101000000000100000000000000000000000000000000000000000000006145a437ccd79eb7"
        "6e6f6e63652d61"
    )
    assert entries.hex() == (
        "4653010203000000010000000000000001000000000000006145a437ccd79eb7d41048536e3d1db5616263"
    )


def test_all_verdicts_have_a_case() -> None:
    seen = {record["verdict"] for log in LOGS for record in log["records"]}
    ignored = {"foreign", "stale", "repeat", "hole", "fork", "bad_count", "damaged", "impossible"}
    assert seen == {"claim", "entries"} | ignored | set(STOPS)
