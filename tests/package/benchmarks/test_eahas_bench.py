from pathlib import Path
from typing import Any

import optuna
import optunahub
import pytest
from optuna.study import StudyDirection

import surrogate
from surrogate.official import import_official
from tests.surrogate.official.builders import write_checkpoints

PACKAGE = Path(__file__).parents[3] / "package"


@pytest.fixture(scope="module")
def module() -> Any:
    return optunahub.load_local_module("benchmarks/eahas_bench", registry_root=str(PACKAGE))


def optimize(problem: Any, n_trials: int, seed: int = 0) -> optuna.Study:
    sampler = optuna.samplers.RandomSampler(seed=seed)
    study = optuna.create_study(directions=problem.directions, sampler=sampler)
    study.set_metric_names(problem.metric_names)
    study.optimize(problem, n_trials=n_trials)
    return study


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_a_study_sees_what_the_benchmark_says(module: Any) -> None:
    problem = module.Problem()
    bench = surrogate.load("fashion-nano")
    study = optimize(problem, 15)
    assert study.directions == [StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE]
    assert len({tuple(trial.params.values()) for trial in study.trials}) == 15
    for trial in study.trials:
        assert set(trial.params) == set(bench.space)
        run = bench.query(trial.params)
        assert trial.values == [run.val_accuracy[-1], run.energy_kwh[-1]]


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_an_imported_checkpoint_is_a_problem_too(module: Any, tmp_path: Path) -> None:
    write_checkpoints(tmp_path / "in")
    import_official(tmp_path / "in", tmp_path / "out", dataset="cifar10")
    problem = module.Problem(
        str(tmp_path / "out"), ["test_accuracy", "inference_energy_kwh", "runtime_s"], seed=3
    )
    trial = optimize(problem, 1).trials[0]
    run = problem.bench.query(problem._space.to_config(trial.params), seed=3)
    assert trial.values == [run.test_accuracy[-1], run.inference_energy_kwh, run.runtime_s[-1]]
    mean = problem.bench.query(problem._space.to_config(trial.params))
    values = module.Problem(str(tmp_path / "out")).evaluate(trial.params)
    assert values == (mean.test_accuracy[-1], mean.energy_kwh[-1])


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_one_metric_is_a_number_and_the_plain_call_needs_no_study(module: Any) -> None:
    problem = module.Problem(metrics=["val_accuracy"])
    params = optuna.create_study().ask(problem.search_space).params
    value = problem.evaluate(params)
    assert isinstance(value, float)
    assert 0.0 <= value <= 1.0
    assert optimize(problem, 3).direction == StudyDirection.MAXIMIZE


def test_bad_arguments_are_refused(module: Any) -> None:
    with pytest.raises(ValueError, match="Did you mean 'cifar10'"):
        module.Problem("cifar11")
    with pytest.raises(ValueError, match=r"metrics must be .* but got \['speed'\]"):
        module.Problem(metrics=["speed"])
