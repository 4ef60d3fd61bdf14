import dataclasses
import math

import numpy as np
import pytest

from benchmarks.harness.bench import SeededBench, find_reference
from tests.benchmarks.synthetic import SyntheticBench


@pytest.fixture(scope="module")
def configs():
    space = SyntheticBench().space
    space.seed(0)
    return [dict(config) for config in space.sample_configuration(12)]


def test_noise_depends_on_study_seed_configuration_and_schedule(configs):
    raw = configs[0] | {"max_epoch": 10, "lr_policy": "cos"}
    first, again, other = (SeededBench(SyntheticBench(), seed) for seed in (0, 0, 1))
    noise = lambda bench, config: (  # noqa: E731
        bench.query(config).val_accuracy[-1] - bench.truth(config).test_accuracy[-1]
    )
    assert noise(first, raw) == noise(again, raw)
    assert noise(first, raw) != noise(other, raw)
    assert noise(first, raw) != pytest.approx(noise(first, raw | {"max_epoch": 20}), abs=1e-6)
    assert noise(first, raw) != pytest.approx(noise(first, raw | {"lr_policy": "exp"}), abs=1e-6)


def test_hosts_that_spell_a_configuration_otherwise_have_the_same_luck(configs):
    bench = SeededBench(SyntheticBench(), 0)
    spelt = {
        name: np.float64(v) if isinstance(v, float) else np.int64(v) if isinstance(v, int) else v
        for name, v in reversed(configs[0].items())
    }
    assert bench.query(spelt) is bench.query(configs[0])


def test_truth_is_the_noise_free_query(configs):
    bench = SeededBench(SyntheticBench(), 0)
    plain = SyntheticBench().query(configs[0])
    np.testing.assert_array_equal(bench.truth(configs[0]).test_accuracy, plain.test_accuracy)


class Changed(SyntheticBench):
    """A benchmark with one curve changed."""

    def __init__(self, name, change):
        super().__init__()
        self._name, self._change = name, change

    def query(self, config, *, seed=None):
        run = super().query(config, seed=seed)
        return dataclasses.replace(run, **{self._name: self._change(getattr(run, self._name))})


def set_last(value):
    return lambda curve: np.append(curve[:-1], value)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("energy_kwh", lambda curve: None, "energy of a queried configuration is unknown"),
        ("energy_kwh", set_last(math.nan), "never fall"),
        ("energy_kwh", set_last(math.inf), "never fall"),
        ("energy_kwh", set_last(0.0), "never fall"),
        ("energy_kwh", lambda curve: -curve, "never fall"),
        ("energy_kwh", lambda curve: 0.0 * curve, "positive in the end"),
        ("test_accuracy", set_last(math.nan), "test_accuracy of a queried configuration"),
        ("test_accuracy", lambda curve: 100.0 * curve, r"must lie in \[0, 1\]"),
        ("val_accuracy", lambda curve: curve[:-1], "val_accuracy of a queried configuration"),
    ],
)
def test_a_benchmark_whose_numbers_cannot_be_is_refused(configs, name, change, message):
    with pytest.raises(ValueError, match=message):
        SeededBench(Changed(name, change), 0).query(configs[0])


def test_reference_is_found_again_and_near_the_optimum():
    bench, small = SyntheticBench(), {"n_prior": 200, "rounds": 8, "keep": 10, "children": 8}
    before = bench.space.random.get_state()[1].tolist()
    reference = find_reference(bench, **small)
    assert reference == find_reference(SyntheticBench(), **small)
    assert bench.space.random.get_state()[1].tolist() == before
    optimum = 0.9 - 0.4 / 40
    assert optimum - 0.005 < reference.test_metric <= optimum
    energies = [
        bench.query(config).energy_kwh[-1] for config in bench.space.sample_configuration(3000)
    ]
    assert reference.mean_training_kwh == pytest.approx(np.mean(energies), rel=0.15)
    full = [
        bench.query(config).energy_kwh[-1]
        for config in bench.space.sample_configuration(3000)
        if config["max_epoch"] == 40
    ]
    assert reference.mean_full_training_kwh == pytest.approx(np.mean(full), rel=0.25)
    assert reference.mean_full_training_kwh > 1.3 * reference.mean_training_kwh
