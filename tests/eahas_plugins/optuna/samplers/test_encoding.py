import numpy as np
import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from eahas_plugins.models.axes import neighbours, positions_of, stratum
from eahas_plugins.optuna.samplers._encoding import Axis, encode

DISTRIBUTIONS = [
    CategoricalDistribution(["a", "b", "c"]),
    CategoricalDistribution([0.1, 0.001, 1.0, 0.01]),
    CategoricalDistribution([True, False]),
    IntDistribution(3, 11, step=2),
    IntDistribution(1, 1000, log=True),
    FloatDistribution(-1.0, 1.0),
    FloatDistribution(0.0, 1.0, step=0.25),
    FloatDistribution(1e-4, 1.0, log=True),
]


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=repr)
def test_positions_and_values_belong_together(distribution):
    axis = Axis(distribution)
    positions = np.random.default_rng(0).random(200)
    internal = axis.internal(positions)
    assert all(distribution._contains(value) for value in internal)
    again = axis.positions(internal)
    np.testing.assert_allclose(axis.internal(again), internal, rtol=1e-9)
    assert axis.features(positions).shape == (200, axis.n_features)
    if axis.n_values is not None:
        assert len({axis.value(p) for p in positions}) == axis.n_values


def test_numeric_choices_are_ordered():
    axis = Axis(CategoricalDistribution([0.1, 0.001, 1.0, 0.01]))
    assert [axis.value(p) for p in (0.1, 0.4, 0.6, 0.9)] == [0.001, 0.01, 0.1, 1.0]
    assert not Axis(CategoricalDistribution([True, False])).ordered


def test_absent_and_unknown_values_have_no_position():
    axes = {"x": Axis(FloatDistribution(0.0, 1.0)), "c": Axis(CategoricalDistribution(["a", "b"]))}
    found = positions_of([{"x": 0.2}, {"x": 0.3, "c": "new"}], axes)
    np.testing.assert_allclose(found, [[0.2, np.nan], [0.3, np.nan]])


def test_neighbours_change_one_to_three_parameters():
    axes = [Axis(FloatDistribution(0.0, 1.0)) for _ in range(8)]
    parents = np.full((2, 8), 0.5)
    changed = (neighbours(parents, axes, 200, np.random.default_rng(0)) != 0.5).sum(axis=1)
    assert changed.min() >= 1
    assert changed.max() == 3
    parents[:, 2:] = np.nan
    children = neighbours(parents, axes, 50, np.random.default_rng(0))
    assert np.isnan(children[:, 2:]).all()
    assert not np.isnan(children[:, :2]).any()


def test_strata_differ_by_parameter_and_fill_the_range():
    columns = [[stratum(name, i, 6, 1) for i in range(6)] for name in ("a", "b")]
    for column in columns:
        assert sorted(int(6 * p) for p in column) == list(range(6))
    assert columns[0] != columns[1]


def test_encoding_of_mixed_spaces():
    space = {
        "f": FloatDistribution(1e-3, 10.0, log=True),
        "i": IntDistribution(0, 10, step=5),
        "c": CategoricalDistribution(["a", None]),
    }
    configs = [{"f": 0.1, "i": 5, "c": "a"}, {"f": 10.0, "i": 0, "c": None}, {"c": "a"}]
    half = 0.5**0.5
    expected = [[0.5, 0.5, half, 0.0], [1.0, 0.0, 0.0, half], [0.0, 0.0, half, 0.0]]
    np.testing.assert_allclose(encode(configs, space), expected, atol=1e-12)
