"""Histories that once ended badly end well."""

from __future__ import annotations

import pytest

from tests.simulation.campaign import OPERATIONS, played
from tests.simulation.swarm import drawn

SEEDS = [
    *(2100951, 2116203, 2117606, 2129744, 1041, 25447, 29899, 45772, 102671, 202449, 204214, 205344, 210023),
    *(222981, 243676, 244506, 300761, 301013, 301324, 317656, 317681, 430149, 430749, 801838, 1011218, 1012066),
    *(1201746, 1305208, 1512814, 20158, 1719042, 1730174, 1803268, 2523380, 2534778, 2507149, 2507581, 2610533),
    *(2623217, 2642512, 2541932, 3010017, 3013912, 3016934, 2050262, 2050448, 2704524, 2713856, 2714813, 2715142),
    *(2731696, 2734466, 2734891, 2726489, 2733781, 2751451, 2752729, 3023946, 3027045, 3027945, 3038075),
    *(3100119, 3119395, 2780130, 2792183, 2792070, 3327068),
]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_history_that_once_ended_badly_ends_well(seed: int) -> None:
    assert played(drawn(seed, OPERATIONS))[1] == []
