"""Known objectives that a study does not have, and functions that do not answer with a number."""

import math

import pytest

from tests.eahas_plugins.optuna.samplers.test_fronts import run


@pytest.mark.parametrize("answer", [math.nan, None, "large"])
def test_a_known_objective_that_is_no_number_is_refused(answer):
    with pytest.raises(ValueError, match=r"known_objectives\[1\] must return a number .*width"):
        run(n_trials=14, known_objectives={1: lambda _: answer})


def test_an_infinite_one_is_very_bad():
    def size(params):
        return math.inf if params["width"] > 32 else float(params["width"])

    study = run(n_trials=16, known_objectives={1: size}, n_candidates=60)
    assert all(trial.params["width"] <= 32 for trial in study.trials[12:])


def accuracy(trial):
    return trial.suggest_float("lr", 0.0, 1.0)


@pytest.mark.parametrize(("position", "n"), [(0, 1), (2, 2)])
def test_those_that_a_study_does_not_have_are_refused(position, n):
    with pytest.raises(ValueError, match=rf"names \[{position}\] .* the study has {n}:"):
        run(
            lambda trial: [accuracy(trial)] * n,
            directions=["minimize"] * n,
            n_trials=2,
            known_objectives={position: len},
        )
