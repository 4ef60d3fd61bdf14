"""Small studies with energy, for tests."""

from __future__ import annotations

import math

import optuna

SCHEDULES = (5, 10, 20)

NAMES_CONSTRAINTS = hasattr(optuna.trial.FrozenTrial, "set_constraint")
"""Since Optuna 5, which also asks samplers late enough for their errors to leave FAIL."""


def train(trial: optuna.Trial) -> float:
    """A training whose energy rises with width and epochs and whose value prefers width 32."""
    width = trial.suggest_int("width", 1, 64, log=True)
    lr = trial.suggest_float("lr", 1e-3, 1.0, log=True)
    optimizer = trial.suggest_categorical("optimizer", ["sgd", "adam"])
    if optimizer == "sgd":
        trial.suggest_float("momentum", 0.0, 0.9)
    max_epoch = trial.suggest_categorical("max_epoch", list(SCHEDULES))
    best = 1.0 - 0.1 * abs(math.log(width / 32)) - 0.1 * abs(math.log10(lr) + 1.0)
    value = 0.0
    for epoch in range(1, max_epoch + 1):
        trial.set_user_attr("energy_kwh", 1e-3 * width * epoch)
        value = best * (1.0 - 0.5 / epoch)
        trial.report(value, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return value


def conditional(trial: optuna.Trial) -> float:
    """A study with a tree-shaped space and no schedules; minimised."""
    kind = trial.suggest_categorical("kind", ["line", "bowl"])
    x = trial.suggest_float("x", -2.0, 2.0)
    trial.set_user_attr("energy_kwh", 0.1 + abs(x))
    if kind == "line":
        return abs(x) + trial.suggest_int("offset", 0, 10, step=5)
    return x * x + trial.suggest_float("slope", 0.1, 10.0, log=True)


def constrain(trial: optuna.Trial, value: float) -> None:
    """A constraint, met where it is at most 0, in the form of this Optuna."""
    if NAMES_CONSTRAINTS:
        trial.set_constraint("memory", value)
    else:
        trial.storage.set_trial_system_attr(trial._trial_id, "constraints", [value])


def study_of(sampler: optuna.samplers.BaseSampler, **how: object) -> optuna.Study:
    """A quiet study in memory."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(sampler=sampler, **how)  # type: ignore[arg-type]


def history(study: optuna.Study) -> list[tuple[dict[str, object], optuna.trial.TrialState]]:
    """What was tried."""
    return [(trial.params, trial.state) for trial in study.trials]
