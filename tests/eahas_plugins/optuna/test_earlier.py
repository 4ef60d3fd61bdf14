"""Optuna's studies as earlier ones, and their files."""

import math

import optuna
import pytest
from typer.testing import CliRunner

from eahas_plugins.models.kwh import Choice, Number
from eahas_plugins.optuna import export_study
from eahas_plugins.optuna.earlier import earlier_study, key_of
from eahas_plugins.transfer import read_study
from surrogate.cli import app
from tests.eahas_plugins.optuna.samplers.tasks import constrain, study_of, train


def odd(trial):
    x = trial.suggest_float("x", 0.0, 1.0 + trial.number)
    if trial.number == 1:
        raise optuna.TrialPruned
    if trial.number == 2:
        raise RuntimeError
    if trial.number == 3:
        return math.inf
    constrain(trial, 1.0 if trial.number == 4 else -1.0)
    if trial.number == 5:
        trial.set_user_attr("energy_kwh", 0.5)
        trial.suggest_categorical("kind", ["a", None])
    return x


def test_complete_feasible_trials_with_finite_values_are_taken():
    study = study_of(optuna.samplers.RandomSampler(seed=0), direction="minimize")
    study.optimize(odd, n_trials=7, catch=RuntimeError)
    found = earlier_study(study)
    assert [t.value for t in found.trials] == [study.trials[i].value for i in (0, 5, 6)]
    assert [t.energy_kwh for t in found.trials] == [None, 0.5, None]
    assert not found.maximize
    assert found.parameters == {"x": Number(low=0.0, high=7.0), "kind": Choice(values=("a", None))}


def test_energy_of_all_rungs_of_a_training_counts():
    study = optuna.create_study()
    study.add_trial(
        optuna.trial.create_trial(
            value=1.0, user_attrs={"energy_kwh": 1.0, "training_energy_kwh": 3.0}
        )
    )
    assert earlier_study(study).trials[0].energy_kwh == 3.0


def test_several_objectives_are_refused(tmp_path):
    study = optuna.create_study(study_name="both", directions=["minimize", "maximize"])
    for use in (earlier_study, lambda s: export_study(s, tmp_path / "s.jsonl")):
        with pytest.raises(ValueError, match="must have one objective but 'both' has 2"):
            use(study)
    assert list(tmp_path.iterdir()) == []


def test_a_study_has_the_same_key_wherever_it_is_opened(tmp_path):
    url = f"sqlite:///{tmp_path}/study.db"
    study = optuna.create_study(storage=url, study_name="s")
    assert key_of(study) == ""
    study.enqueue_trial({})
    study.optimize(lambda trial: 1.0, n_trials=1)
    again = optuna.load_study(storage=url, study_name="s")
    other = optuna.create_study(study_name="s")
    other.optimize(lambda trial: 1.0, n_trials=1)
    assert key_of(study) == key_of(again) == earlier_study(again).key != key_of(other)


def test_the_program_exports_what_the_function_does(tmp_path):
    url = f"sqlite:///{tmp_path}/study.db"
    for name in ("first", "second"):
        study = study_of(
            optuna.samplers.RandomSampler(seed=0),
            direction="maximize",
            storage=url,
            study_name=name,
        )
        study.optimize(train, n_trials=5)
    out = tmp_path / "out.jsonl"
    made = CliRunner().invoke(app, ["export-study", url, "--study", "second", "--out", str(out)])
    assert made.exit_code == 0, made.output
    assert made.output == f"{out}: 5 trainings of 'second'\n"
    export_study(study, tmp_path / "by_function.jsonl")
    assert out.read_bytes() == (tmp_path / "by_function.jsonl").read_bytes()
    assert read_study(out) == earlier_study(study) == read_study(url, study="second")
    two = CliRunner().invoke(app, ["export-study", url, "--out", str(out)])
    assert (two.exit_code, "holds the studies 'first', 'second'" in two.stderr) == (2, True)


def test_a_study_that_says_nothing_is_not_exported(tmp_path):
    url = f"sqlite:///{tmp_path}/study.db"
    study = optuna.create_study(storage=url, study_name="s")
    words = ["export-study", url, "--out", str(tmp_path / "out.jsonl")]
    empty = CliRunner().invoke(app, words)
    assert (empty.exit_code, "nothing was written" in empty.stderr) == (2, True)
    assert not (tmp_path / "out.jsonl").exists()
    study.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=1)
    made = CliRunner().invoke(app, words)
    assert (made.exit_code, "no training of 's' has an energy" in made.stderr) == (0, True)
