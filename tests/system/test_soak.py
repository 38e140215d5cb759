"""The soak in small: every class of strike once, on a cluster of its own."""

import pytest
from soak.exactly_once import Options, Soak

from conftest import BUILD

# More of each than it takes, for a machine that does other things, too.
SECONDS, OVERTIME, CALM = 45, 240, 120


@pytest.mark.parametrize("seed", [1])
def test_a_short_soak_ends_without_a_violation(seed: int) -> None:
    options = Options(seed, SECONDS, BUILD, BUILD / "soak" / "exactly-once")
    options.overtime, options.calm_seconds = OVERTIME, CALM
    soak = Soak(options)
    assert soak.run() == 0, soak.violations
