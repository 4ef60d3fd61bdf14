from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace
from smac import Scenario
from smac.runhistory import StatusType, TrialKey, TrialValue

from eahas_plugins.smac import MultiFidelityEncoder
from eahas_plugins.smac.encoder import at_highest_rung


def trial(config_id: int, budget: float, cost: Any) -> tuple[TrialKey, TrialValue]:
    return TrialKey(config_id, None, 0, budget), TrialValue(cost, status=StatusType.SUCCESS)


def test_costs_of_lower_rungs_are_brought_to_the_highest() -> None:
    low = [trial(1, 5.0, 0.4), trial(2, 5.0, 0.2), trial(3, 5.0, 0.3)]
    shown = at_highest_rung(dict([*low, trial(1, 20.0, 0.1), trial(2, 20.0, 0.05)]))
    costs = {(key.config_id, key.budget): value.cost for key, value in shown.items()}
    # Twice a ratio of a quarter, and once of one: 0.3 * (1/4) ** (2/3).
    expected = {(1, 20.0): 0.1, (2, 20.0): 0.05, (3, 5.0): pytest.approx(0.3 * 0.25 ** (2 / 3))}
    assert costs == expected


def test_failed_trials_say_nothing_of_the_ratio_and_keep_their_cost() -> None:
    crash = TrialValue(1000.0, status=StatusType.CRASHED)
    short = dict([trial(1, 5.0, 0.4), trial(2, 5.0, 0.2), trial(3, 5.0, 0.3), trial(1, 20.0, 0.2)])
    short[TrialKey(2, None, 0, 20.0)] = crash
    short[TrialKey(4, None, 0, 5.0)] = crash
    shown = {key.config_id: value.cost for key, value in at_highest_rung(short).items()}
    assert shown == {1: 0.2, 2: 1000.0, 3: pytest.approx(0.3 * 0.5**0.5), 4: 1000.0}


def test_without_pairs_costs_stay() -> None:
    only = dict([trial(1, 5.0, 0.4), trial(2, 20.0, 0.2), trial(3, 5.0, [0.3, 1.0])])
    assert at_highest_rung(only) == only
    assert at_highest_rung({}) == {}


def test_negative_costs_are_brought_up_by_a_difference() -> None:
    """Scores that are maximised: 10 more on the highest rung, drawn to 0 by one observation."""
    low = [trial(1, 5.0, -40.0), trial(2, 5.0, -50.0), trial(3, 5.0, 2.0)]
    shown = at_highest_rung(dict([*low, trial(1, 20.0, -50.0), trial(2, 20.0, -60.0)]))
    costs = {(key.config_id, key.budget): value.cost for key, value in shown.items()}
    assert costs == {(1, 20.0): -50.0, (2, 20.0): -60.0, (3, 5.0): pytest.approx(2.0 - 20.0 / 3.0)}


def test_costs_are_logarithmic_unless_some_are_negative(tmp_path: Any) -> None:
    space = ConfigurationSpace({"x": (0.0, 1.0)})
    encoder = MultiFidelityEncoder(Scenario(space, output_directory=tmp_path))
    positive, signed = np.array([[0.5], [2.0]]), np.array([[-3.0], [2.0]])
    np.testing.assert_allclose(encoder.transform_response_values(positive.copy()), np.log(positive))
    assert np.array_equal(encoder.transform_response_values(signed.copy()), signed)
