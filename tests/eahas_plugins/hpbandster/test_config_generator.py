from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, Constant, Float, Integer
from hpbandster.core.dispatcher import Job

from eahas_plugins.hpbandster.config_generator import EnergyGenerator, _decoder
from tests.eahas_plugins.smac.bench import PowerLawBench

pytestmark = pytest.mark.filterwarnings("default")


def test_choices_turn_to_cheaper_networks_while_little_is_spent() -> None:
    bench = PowerLawBench(seed=0)
    known = bench.space.sample_configuration(60)

    def energies(alpha: float) -> list[float]:
        generator = EnergyGenerator(
            configspace=bench.space,
            alpha=lambda: alpha,
            cooling=1.0,
            budgets=None,
            seed=0,
            num_samples=32,
            random_fraction=0.0,
        )
        for i, config in enumerate(known):
            job = Job((0, 0, i), config=dict(config), budget=1.0)
            run = bench.query(config)
            job.result = {
                "loss": 1.0 - float(run.val_accuracy[-1]),
                "info": {"energy_kwh": float(run.energy_kwh[-1])},
            }
            generator.new_result(job)
        chosen = [generator.get_config(1.0)[0] for _ in range(30)]
        return [float(bench.query(config).energy_kwh[-1]) for config in chosen]

    assert np.median(energies(1.0)) < 0.7 * np.median(energies(0.0))


@pytest.mark.parametrize(
    ("hyperparameter", "coordinates"),
    [
        (Float("x", (4.0, 256.0), log=True), (0.0, 0.3, 1.0)),
        (Float("x", (-3.0, 2.0)), (0.0, 0.3, 1.0)),
        (Integer("x", (1, 900), log=True), (0.0, 0.3, 1.0)),
        (Categorical("x", ["a", "b"]), (0.0, 1.0)),
    ],
    ids=["log", "linear", "integer", "choice"],
)
def test_coordinates_mean_what_config_space_says(
    hyperparameter: Any, coordinates: tuple[float, ...]
) -> None:
    for unit in coordinates:
        expected = hyperparameter.to_value(unit)
        if not isinstance(expected, str):
            expected = pytest.approx(expected, rel=1e-12)
        assert _decoder(hyperparameter)(unit) == expected


def test_a_space_of_constants_alone_has_no_dearer_choice() -> None:
    space = ConfigurationSpace({"x": Constant("x", 3)})
    generator = EnergyGenerator(
        configspace=space, alpha=lambda: 1.0, cooling=1.0, budgets=None, seed=0
    )
    for i in range(12):
        job = Job((0, 0, i), config={"x": 3}, budget=1.0)
        job.result = {"loss": 0.5, "info": {"energy_kwh": 0.1}}
        generator.new_result(job)
    assert generator.get_config(1.0)[0] == {"x": 3}


@pytest.mark.parametrize("n_succeeded", [1, 2, 4, 9])
def test_what_has_failed_is_no_good_configuration(n_succeeded: int) -> None:
    """However few have succeeded, of many: HpBandSter would take the better part of all."""
    generator = EnergyGenerator(
        configspace=ConfigurationSpace({"x": (0.0, 1.0)}),
        alpha=lambda: 1.0,
        cooling=1.0,
        budgets=None,
        seed=0,
    )
    n = 100
    for i in range(n):
        x = (i * 37 % n) / n  # all places in turn
        job = Job((0, 0, i), config={"x": x}, budget=1.0)
        if x < n_succeeded / n:
            job.result = {"loss": x, "info": {"energy_kwh": 0.1}}
        generator.new_result(job)
    models = generator.kde_models
    assert bool(models) is (n_succeeded >= generator.min_points_in_model)
    if models:
        assert models[1.0]["good"].data.max() < n_succeeded / n
        assert len(models[1.0]["bad"].data) + len(models[1.0]["good"].data) == n
    assert generator.top_n_percent == 15
