"""Benchmarks that know the test accuracy alone: the official checkpoints."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

import surrogate
from eahas_plugins.benchmark import accuracy_curve
from eahas_plugins.optuna import EnergyBudget, SurrogateObjective, ea_bohb
from eahas_plugins.targets import SurrogateTarget
from surrogate.official import import_official
from tests.surrogate.official.builders import write_checkpoints


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("official")
    write_checkpoints(folder / "in")
    import_official(folder / "in", folder / "imported", dataset="cifar10")
    return surrogate.load(folder / "imported")


def run_of(**curves: Any) -> Any:
    return SimpleNamespace(**{"val_accuracy": None, "test_accuracy": None, **curves})


def test_validation_comes_before_test() -> None:
    val, test = np.array([0.5]), np.array([0.4])
    both = run_of(val_accuracy=val, test_accuracy=test)
    assert accuracy_curve(both) == ("val_accuracy", val)
    assert accuracy_curve(both, "test_accuracy") == ("test_accuracy", test)
    assert accuracy_curve(run_of(test_accuracy=test)) == ("test_accuracy", test)
    with pytest.raises(ValueError, match="must know val_accuracy to optimise it: 'auto' takes"):
        accuracy_curve(run_of(test_accuracy=test), "val_accuracy")
    with pytest.raises(ValueError, match="must know val_accuracy or test_accuracy to optimise it"):
        accuracy_curve(run_of())
    with pytest.raises(ValueError, match="accuracy must be one of auto, val_accuracy"):
        accuracy_curve(both, "accuracy")  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_an_optuna_study_of_an_imported_benchmark(imported: Any) -> None:
    sampler, pruner = ea_bohb(seed=0)
    study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)
    some = imported.space.sample_configuration(20)
    cap = 6.0 * float(np.mean([imported.query(config).energy_kwh[-1] for config in some]))
    budget = EnergyBudget(kwh=cap)
    study.optimize(budget.guard(SurrogateObjective(imported)), callbacks=[budget])
    assert 0.0 < budget.spent_kwh(study) <= cap * (1.0 + 1e-9)
    complete = [t for t in study.trials if t.state is TrialState.COMPLETE]
    assert complete
    for trial in study.trials:
        attrs = trial.user_attrs
        curve = imported.query(trial.params).test_accuracy
        assert list(trial.intermediate_values.values()) == curve[: attrs["epochs"]].tolist()
        assert attrs["accuracy_curve"] == "test_accuracy"
        assert attrs["provenance"] == "imported"
        assert "val_accuracy" not in attrs
    assert all(t.value == t.user_attrs["test_accuracy"] for t in complete)


def test_several_objectives_name_the_curve_too(imported: Any) -> None:
    objective = SurrogateObjective(imported, objectives=("accuracy", "energy_kwh"))
    assert objective.directions == ["maximize", "minimize"]
    config = dict(imported.space.get_default_configuration())
    run = imported.query(config)
    trial = optuna.trial.FixedTrial(config)
    assert objective(trial) == (run.test_accuracy[-1], run.energy_kwh[-1])
    assert trial.user_attrs["accuracy_curve"] == "test_accuracy"
    with pytest.raises(ValueError, match="must know val_accuracy to optimise it"):
        SurrogateObjective(imported, objectives=("val_accuracy",))(optuna.trial.FixedTrial(config))


@pytest.mark.parametrize("fidelity", ["cut", "schedule", "kwh"])
def test_a_target_of_an_imported_benchmark(imported: Any, fidelity: Any) -> None:
    target = SurrogateTarget(imported, fidelity=fidelity)
    config = dict(imported.space.get_default_configuration())
    longest = imported.query({**config, "max_epoch": 200})
    budgets = {"cut": 200.0, "schedule": 200.0, "kwh": longest.energy_kwh[-1]}
    cost, info = target({**config, "max_epoch": 200}, budget=budgets[fidelity])
    assert cost == 1.0 - longest.test_accuracy[-1]
    assert info["accuracy_curve"] == "test_accuracy"
    assert info["accuracy"] == info["test_accuracy"] == longest.test_accuracy[-1]
    with pytest.raises(ValueError, match="must know val_accuracy to optimise it"):
        SurrogateTarget(imported, fidelity=fidelity, accuracy="val_accuracy")(config, budget=200.0)
    with pytest.raises(ValueError, match="accuracy must be one of auto"):
        SurrogateTarget(imported, accuracy="accuracy")  # type: ignore[arg-type]


@pytest.mark.parametrize("adapter", [SurrogateObjective, SurrogateTarget])
@pytest.mark.parametrize("bench", ["fashion-nano", None, SimpleNamespace(space={}, query=print)])
def test_what_is_no_benchmark_is_refused(adapter: Any, bench: object) -> None:
    with pytest.raises(TypeError, match=r"as surrogate\.load\('fashion-nano'\) makes one") as error:
        adapter(bench)
    assert repr(bench) in str(error.value)
    assert "By the way" not in str(error.value)


def test_another_package_in_the_place_of_the_benchmark_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "surrogate", ModuleType("surrogate"))
    with pytest.raises(TypeError, match="By the way, the package `surrogate` must be"):
        SurrogateObjective(object())
