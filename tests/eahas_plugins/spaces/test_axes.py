from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from ConfigSpace import Configuration, ConfigurationSpace

from eahas_plugins.models.axes import positions_of
from eahas_plugins.spaces.axes import SpaceAxes
from eahas_plugins.spaces.values import native_config
from tests.eahas_plugins.contract.problem import SPACES


@pytest.mark.parametrize("make", SPACES.values(), ids=SPACES)
def test_configurations_come_back_from_their_positions(
    make: Callable[[], ConfigurationSpace],
) -> None:
    space = make()
    space.seed(0)
    searched = SpaceAxes(space)
    for drawn in space.sample_configuration(40):
        config = native_config(drawn)
        row = positions_of([config], searched.axes)[0]
        values = {
            name: axis.value(0.5 if np.isnan(place) else place)
            for (name, axis), place in zip(searched.axes.items(), row, strict=True)
        }
        again = searched.config(values)
        assert again is not None
        assert set(again) == set(config)
        for name, value in config.items():
            assert again[name] == (pytest.approx(value) if isinstance(value, float) else value)
        Configuration(space, values=again).check_valid_configuration()


@pytest.mark.parametrize("make", SPACES.values(), ids=SPACES)
def test_any_position_is_a_legal_configuration_or_forbidden(
    make: Callable[[], ConfigurationSpace],
) -> None:
    space = make()
    searched, rng, n_forbidden = SpaceAxes(space), np.random.default_rng(0), 0
    for row in rng.random((60, len(searched.axes))):
        values = {n: a.value(p) for (n, a), p in zip(searched.axes.items(), row, strict=True)}
        config = searched.config(values)
        if config is None:
            n_forbidden += 1
        else:
            Configuration(space, values=config).check_valid_configuration()
    assert (n_forbidden > 0) == bool(space.forbidden_clauses)
    assert n_forbidden < 60
