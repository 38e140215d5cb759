"""One bug switched on, and the tests that must notice it: what is not listed is not built in
(common/core/test_hooks.cpp), what is listed fails here when nobody notices it any more."""

import os
import re
import subprocess
from dataclasses import dataclass

import pytest

from conftest import BUILD
from paths import ROOT

SECONDS = 200


@dataclass(frozen=True)
class Catcher:
    """A program of tests, and the ones of it that the mutant breaks."""

    program: str
    tests: str


OWNERS = Catcher("unit_common_processing", "Owners.*")
RESTORES = Catcher("unit_common_processing", "Restores.*")
FRAMES = Catcher("unit_common_replay", "Validity.agrees_with_every_log_of_frames_json")


def step(tests: str) -> Catcher:
    return Catcher("unit_common_processing", tests)


def writer(tests: str) -> Catcher:
    return Catcher("contract_projector", tests)


CAUGHT = {
    "answer-before-readback": OWNERS,
    "validity-without-epoch": FRAMES,
    "validity-without-sequence": FRAMES,
    "validity-without-link": OWNERS,
    "claim-at-or-above": FRAMES,
    "claim-without-nonce": step("Owner.takes_somebody_elses_claim_of_the_same_epoch_for_no_own"),
    "own-by-epoch-and-sequence": OWNERS,
    "keep-speculation": OWNERS,
    "decide-before-claim": step("Owner.decides_nothing_before_its_own_claim_is_read"),
    "store-before-readback": OWNERS,
    "next-from-group-offset": OWNERS,
    "delivered-whatever-the-offset": step("Owner.takes_a_report_without_an_offset_for_no_delivery"),
    "snapshot-key-without-cut": RESTORES,
    "marker-before-delivery": RESTORES,
    "snapshots-after-a-failed-one": step(
        "SnapshotRound.ends_the_epoch_when_a_snapshot_fails_because_it_may_land_late"
    ),
    "restore-to-captured-end": Catcher(
        "integration_common_processing",
        "SnapshotsInKafka.are_restored_to_the_end_that_there_is_when_the_restore_gets_there",
    ),
    "dirty-by-owner-only": step("SnapshotRound.writes_what_others_changed_since_the_last_marker"),
    "snapshot-by-version-alone": RESTORES,
    "position-past-ignored": FRAMES,
    "checkpoint-outside-transaction": writer("FeedAndApplier.*:Writer.*"),
    "apply-twice": writer("Writer.applies_nothing_twice_even_for_the_rightful_owner"),
    "hold-whatever-the-place": writer("FeedAndApplier.*:Held.*"),
    "digests-without-retract": writer("FeedAndApplier.*:Held.*"),
    "off-by-one-version": OWNERS,
    "no-deduplication": step("Owner.writes_one_entry_for_every_command*"),
}


def test_every_mutant_that_is_built_in_has_somebody_who_catches_it() -> None:
    source = (ROOT / "common/core/test_hooks.cpp").read_text()
    table = re.search(r"mutants = \{(.*?)\};", source, re.DOTALL)
    assert table is not None
    assert set(re.findall(r'"([a-z-]+)"', table[1])) - {"none"} == set(CAUGHT)


@pytest.mark.parametrize("mutant", CAUGHT)
def test_a_mutant_is_caught(mutant: str) -> None:
    catcher = CAUGHT[mutant]
    command = [str(BUILD / "tests" / catcher.program), f"--gtest_filter={catcher.tests}"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "FOLDSTREAM_MUTANT": mutant},
        check=False,
        timeout=SECONDS,
    )
    failed = re.findall(r"^\[  FAILED  \] (\S+) \(", done.stdout, re.MULTILINE)
    assert done.returncode != 0 and (failed or done.returncode < 0), "nobody noticed"
    print(f"{mutant}: {', '.join(failed) or 'an assertion'}")
