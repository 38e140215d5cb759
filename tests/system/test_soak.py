"""The soak in small: every class of strike once, on a cluster of its own."""

import pytest
from soak.exactly_once import Options, Soak

from conftest import BUILD

SECONDS = 45


@pytest.mark.parametrize("seed", [1])
def test_a_short_soak_ends_without_a_violation(seed: int) -> None:
    soak = Soak(Options(seed, SECONDS, BUILD, BUILD / "soak" / "exactly-once"))
    assert soak.run() == 0, soak.violations
