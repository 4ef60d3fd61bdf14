import subprocess
import sys

import numpy as np
import pytest

import surrogate
from surrogate.records import Run
from surrogate.space.regnet import complexity
from surrogate.space.tasks import get_task
from tests.surrogate import made_up

CURVES = ("train_accuracy", "val_accuracy", "test_accuracy")
COSTS = ("energy_kwh", "runtime_s")


@pytest.fixture(scope="module")
def bench(fitted_folder):
    return surrogate.load(fitted_folder)


@pytest.fixture(scope="module")
def unseen():
    return made_up.configurations(60, seed=99)


def assert_same(one, other):
    for name in (*CURVES, *COSTS):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9)
    assert one.inference_energy_kwh == pytest.approx(other.inference_energy_kwh, rel=1e-9)
    assert one.complexity == other.complexity


@pytest.mark.parametrize("seed", [None, 0, 7])
def test_a_run_is_whole(bench, unseen, seed):
    for config in unseen:
        run = bench.query(config, seed=seed)
        assert isinstance(run, Run)
        for name in CURVES:
            curve = getattr(run, name)
            assert curve.shape == (config["max_epoch"],)
            assert (curve >= 0.0).all()
            assert (curve <= 1.0).all()
        for name in COSTS:
            cost = getattr(run, name)
            assert cost.shape == (config["max_epoch"],)
            assert cost[0] > 0.0
            assert (np.diff(cost) > 0.0).all()
        assert run.inference_energy_kwh > 0.0
        assert run.complexity == complexity(config, get_task(made_up.TASK).trunk)


def test_predicts_unseen_configurations(bench, unseen):
    truth = [made_up.record(config, run=i, noise=0.0).row() for i, config in enumerate(unseen)]
    found = [bench.query(config) for config in unseen]
    pairs = list(zip(truth, found, strict=True))
    final = np.array([[t.val_accuracy[-1], f.val_accuracy[-1]] for t, f in pairs])
    assert np.corrcoef(final.T)[0, 1] > 0.9
    energy = np.log([[t.energy_kwh[-1], f.energy_kwh[-1]] for t, f in pairs])
    assert np.abs(energy[:, 0] - energy[:, 1]).mean() < 0.1


def test_first_epoch_overhead_is_kept(bench, unseen):
    run = bench.query(unseen[0])
    assert run.runtime_s[0] / np.diff(run.runtime_s).mean() == pytest.approx(1.5, rel=0.05)


@pytest.mark.parametrize("seed", [None, 3])
def test_many_are_the_same_as_one_by_one(bench, unseen, seed):
    many = bench.query_many(unseen, seed=seed)
    assert len(many) == len(unseen)
    for config, run in zip(unseen, many, strict=True):
        assert_same(run, bench.query(config, seed=seed))
    assert bench.query_many([]) == []


def test_accepts_configspace_configurations_and_rounding(bench):
    config = bench.space.sample_configuration()
    assert_same(bench.query(config), bench.query(dict(config)))
    sloppy = {**config, "wa": float(config["wa"]) * (1 + 1e-12)}
    assert_same(bench.query(config), bench.query_many([sloppy])[0])


def test_seeds_draw_different_runs_around_the_mean(bench, unseen):
    config = unseen[0]
    mean = bench.query(config)
    draws = [bench.query(config, seed=seed) for seed in range(60)]
    assert_same(draws[5], bench.query(config, seed=5))
    finals = np.array([run.val_accuracy[-1] for run in draws])
    # Repeats of made-up trainings differ by 0.01.
    assert 0.003 < finals.std() < 0.04
    assert abs(finals.mean() - mean.val_accuracy[-1]) < 4 * finals.std() / np.sqrt(60)
    assert len({run.energy_kwh[-1] for run in draws}) == 60


def test_one_seed_draws_differently_for_each_configuration(bench, unseen):
    shifts = [
        bench.query(c, seed=1).val_accuracy[-1] - bench.query(c).val_accuracy[-1] for c in unseen
    ]
    assert min(shifts) < 0.0 < max(shifts)


@pytest.mark.parametrize("ask", ["query", "query_many"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depth": 99}, "depth must be one of"),
        ({"base_lr": float("nan")}, "base_lr must be one of"),
        ({"group_width": True}, "group_width must be one of"),
        ({"colour": 1}, "unknown hyperparameter 'colour'"),
        ({"depth": None}, "depth must be one of"),
        ({"depth": [4]}, "depth must be one of"),
    ],
)
def test_refuses_bad_configurations(bench, unseen, ask, change, message):
    bad = {**unseen[0], **change}
    with pytest.raises(ValueError, match=message):
        bench.query(bad) if ask == "query" else bench.query_many([unseen[1], bad])


def test_missing_hyperparameter_and_its_place(bench, unseen):
    bad = {name: value for name, value in unseen[0].items() if name != "wa"}
    with pytest.raises(ValueError, match=r"lacks wa"):
        bench.query(bad)
    with pytest.raises(ValueError, match=r"configs\[1\]: .*lacks wa"):
        bench.query_many([unseen[1], bad])


def test_refuses_negative_seeds(bench, unseen):
    with pytest.raises(ValueError, match="seed must not be negative"):
        bench.query(unseen[0], seed=-1)


def test_querying_needs_only_numpy_and_configspace(fitted_folder):
    code = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(name, path=None, target=None):\n"
        "        if name in ('xgboost', 'torch', 'sklearn', 'lightgbm', 'optuna'):\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Refuse)\n"
        "import surrogate\n"
        f"bench = surrogate.load({str(fitted_folder)!r})\n"
        "print(len(bench.query(bench.space.get_default_configuration(), seed=1).val_accuracy))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "20\n"
