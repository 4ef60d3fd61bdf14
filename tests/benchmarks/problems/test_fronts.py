"""Tasks whose studies search accuracy and an energy."""

import numpy as np
import pytest

from benchmarks.harness.bench import SeededBench
from benchmarks.problems import get_problem
from benchmarks.problems._fronts import INFERENCE, FrontTask, energy_of
from tests.benchmarks.synthetic import SyntheticBench


@pytest.mark.parametrize("energy", ["inference_energy_kwh", "energy_kwh"])
def test_the_ends_of_the_front_are_those_of_the_prior(energy):
    task = FrontTask("made-up", SyntheticBench(), energy)
    front = task.provenance["front"]
    space = task.space
    space.seed(3)
    runs = task.query_many([dict(c) for c in space.sample_configuration(400)])
    energies = np.array([energy_of(run, energy) for run in runs])
    assert 0.0 < front["least_kwh"] <= energies.min() * 1.2
    assert energies.max() * 0.8 <= front["most_kwh"]
    below = np.mean([run.test_accuracy[-1] < front["least_accuracy"] for run in runs])
    assert 0.15 < below < 0.35
    assert task.provenance["problem"] == "made-up"
    assert task.provenance["kind"] == "simulated"
    assert FrontTask("made-up", SyntheticBench(), energy).provenance == task.provenance


def test_the_same_trainings_as_the_benchmark_alone():
    task, alone = get_problem("fashion-nano-inference").load(), get_problem("fashion-nano").load()
    config = dict(alone.space.get_default_configuration())
    np.testing.assert_array_equal(
        task.query(config, seed=1).val_accuracy, alone.query(config, seed=1).val_accuracy
    )
    assert SeededBench(task, 0).objectives == ("accuracy", "inference_energy_kwh")
    assert SeededBench(alone, 0).objectives == ("accuracy",)


def test_an_energy_that_nobody_knows_is_refused():
    run = SyntheticBench().query(dict(SyntheticBench().space.get_default_configuration()))
    with pytest.raises(ValueError, match="knows inference_energy_kwh"):
        energy_of(run.__class__(**{**fields(run), "inference_energy_kwh": None}), INFERENCE)


def fields(run):
    return {name: getattr(run, name) for name in run.__dataclass_fields__}
