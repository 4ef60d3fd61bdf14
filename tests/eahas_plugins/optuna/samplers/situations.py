"""Objectives with which plain TPE goes on, however odd they are."""

import math

import numpy as np
import optuna

from tests.eahas_plugins.optuna.samplers.tasks import train


def spend(trial, kwh):
    trial.set_user_attr("energy_kwh", kwh)


def lists(trial):
    widths = trial.suggest_categorical("widths", [[64], [64, 32], [128, 64]])
    epochs = trial.suggest_categorical("max_epoch", [5, 20])
    spend(trial, 1e-3 * epochs * len(widths))
    return -len(widths) + 0.01 * epochs


def dicts_and_nothing(trial):
    extra = trial.suggest_categorical("extra", [{"a": 1}, None, True, 0.5, {"a": 2}])
    spend(trial, 1e-3 * trial.suggest_int("max_epoch", 1, 8))
    return float(extra == {"a": 2})


def equal_choices(trial):
    """Optuna takes 1.0 and True for 1."""
    epochs = trial.suggest_categorical("max_epoch", [5, 20, 5, 20.0])
    kind = trial.suggest_categorical("kind", [True, 1, 1.0, "1", None])
    spend(trial, 1e-3 * epochs)
    return trial.suggest_float("x", 0.0, 1.0) + 0.01 * epochs + (kind is None)


def huge(trial):
    seed = trial.suggest_int("seed", 0, 2**63 - 1)
    other = trial.suggest_int("other", -(2**62), 2**70, step=3)
    fine = trial.suggest_float("fine", 0.0, 1.0, step=1e-20)
    spend(trial, 1e-3)
    assert 0 <= seed < 2**63
    return (seed % 1000) / 1000 + (other % 7) + fine


def log_integers(trial):
    width = trial.suggest_int("width", 1, 2**40, log=True)
    spend(trial, 1e-3 * trial.suggest_int("max_epoch", 1, 100, log=True))
    return 1.0 / width


def nothing(trial):
    spend(trial, 1e-3)
    return 1.0


def one_value(trial):
    spend(trial, 1e-3 * trial.suggest_categorical("max_epoch", [5]))
    return float(trial.suggest_int("x", 3, 3))


def schedule_only(trial):
    epochs = trial.suggest_int("max_epoch", 1, 50)
    spend(trial, 1e-3 * epochs)
    return epochs * (50 - epochs) / 625


def other_parameters(trial):
    """No trial has the parameters of the one before."""
    spend(trial, 1e-3 * trial.suggest_categorical("max_epoch", [5, 20]))
    return trial.suggest_float(f"x{trial.number % 3}", 0.0, 1.0)


def moving_ranges(trial):
    high = 10 + trial.number
    epochs = trial.suggest_int("max_epoch", 5, high)
    spend(trial, 1e-3 * epochs)
    return trial.suggest_float("x", -1.0, 1.0 / high) + trial.suggest_int("n", 1, high, step=1)


def infinite(trial):
    x = trial.suggest_float("x", 0.0, 1.0)
    spend(trial, 1e-3 * trial.suggest_categorical("max_epoch", [5, 20]))
    return (x, math.inf, -math.inf)[trial.number % 3]


def extreme(trial):
    x = trial.suggest_float("x", -1e300, 1e300)
    spend(
        trial, (1e-320, 1e300)[trial.number % 2] * trial.suggest_categorical("max_epoch", [5, 20])
    )
    return (1e308, -1e308, 1e-320, x)[trial.number % 4]


def odd_energies(trial):
    x = trial.suggest_float("x", 0.0, 1.0)
    epochs = trial.suggest_categorical("max_epoch", [5, 20])
    odd = ["a", math.nan, -1.0, None, [1.0], math.inf, True, np.float32(0.5), np.int64(2), 0.1]
    trial.set_user_attr("energy_kwh", odd[trial.number % len(odd)])
    trial.set_user_attr("energy_reserved_kwh", odd[(trial.number + 3) % len(odd)])
    return x + epochs


def reports_nothing_finite(trial):
    x = trial.suggest_float("x", 0.0, 1.0)
    epochs = trial.suggest_categorical("max_epoch", [5, 20])
    for step in range(3):
        spend(trial, 1e-3 * epochs * (step + 1))
        trial.report((math.nan, math.inf, x)[(trial.number + step) % 3], step)
    if trial.number % 4 == 3:
        raise optuna.TrialPruned
    return x


OBJECTIVES = [
    lists,
    dicts_and_nothing,
    equal_choices,
    huge,
    log_integers,
    nothing,
    one_value,
    schedule_only,
    other_parameters,
    moving_ranges,
    infinite,
    extreme,
    odd_energies,
    reports_nothing_finite,
    train,
]
