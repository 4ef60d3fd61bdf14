import dataclasses
import subprocess
import sys

import numpy as np
import pytest

import surrogate
from surrogate.fitting import network, selection
from surrogate.fitting.build import build
from surrogate.fitting.dataset import from_records
from surrogate.fitting.fit import NETWORK, TREES, Settings, Shape, fit
from surrogate.fitting.selection import choose_model, curve_error, split
from surrogate.models.curve_network import CurveNetworks
from tests.surrogate import made_up

QUICK = Settings(n_members=2, curve_rounds=12, cost_rounds=4, curve_depth=4, max_bin=32)


@pytest.fixture(scope="module", autouse=True)
def many():
    """As if there were too many trainings for a Gaussian process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "MOST_FOR_KERNEL", 10)
        patch.setattr(network, "LEAST_STEPS", 500)
        yield


@pytest.mark.parametrize("power", [None, 2.0])
def test_networks_learn_curves(power):
    data, shape = from_records(made_up.records(), made_up.TASK), Shape(degree=4, power=power)
    learn, held = split(data, share=0.25, seed=0)
    fitted = fit(learn, shape, dataclasses.replace(QUICK, curve_model=NETWORK))
    assert isinstance(fitted.curve_model, CurveNetworks)
    assert fitted.forest.n_outputs == len(data.cost_names)  # the costs are left to the trees
    outputs = fitted.outputs(held.X)
    n_points = outputs.shape[1] - len(data.cost_names)
    every = np.tile(fitted.outputs(learn.X)[:, :n_points].mean(axis=0), (len(held), 1))
    error = curve_error(outputs[:, :n_points], shape, held)
    assert error < 0.7 * curve_error(every, shape, held)


def test_what_predicts_held_out_trainings_better_is_chosen():
    data, shape = from_records(made_up.records(), made_up.TASK), Shape(degree=3, power=2.0)
    errors = {}
    for curve_model in (NETWORK, TREES):
        learn, held = split(data, share=0.25, seed=9)
        outputs = fit(learn, shape, dataclasses.replace(QUICK, curve_model=curve_model))
        errors[curve_model] = curve_error(outputs.outputs(held.X)[:, :12], shape, held)
    chosen = choose_model(data, shape, QUICK)
    assert chosen.curve_model == min(errors, key=errors.__getitem__)


def test_a_folder_with_networks_is_queried_without_torch(tmp_path, monkeypatch):
    def networks(data, shape, settings):
        return dataclasses.replace(settings, curve_model=NETWORK)

    monkeypatch.setattr("surrogate.fitting.build.choose_model", networks)
    shapes = [Shape(degree=3, power=2.0)]
    for name in ("once", "again"):
        build(made_up.records(), made_up.TASK, tmp_path / name, settings=QUICK, shapes=shapes)
    once = (tmp_path / "once" / "model.npz").read_bytes()
    assert (tmp_path / "again" / "model.npz").read_bytes() == once

    bench = surrogate.load(tmp_path / "once")
    assert bench.provenance["curve_model"] == NETWORK
    configs = made_up.configurations(20, seed=5)
    many = bench.query_many(configs)
    for config, run in zip(configs, many, strict=True):
        alone = bench.query(config).val_accuracy
        np.testing.assert_allclose(alone, run.val_accuracy, rtol=1e-12)
    script = (
        "import sys, surrogate\n"
        f"bench = surrogate.load({str(tmp_path / 'once')!r})\n"
        "print(bench.query(bench.space.get_default_configuration()).val_accuracy[-1])\n"
        "assert not {'torch', 'xgboost'} & sys.modules.keys()\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    default = bench.query(bench.space.get_default_configuration())
    assert float(shown.stdout) == pytest.approx(default.val_accuracy[-1], rel=1e-12)
