"""Studies with a past of random trials, for measurements of what the next trial takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.random import Generator

STUDIES: Mapping[str, Mapping[str, int]] = {
    "mixed": {"floats": 5, "integers": 3, "choices": 2},
    "failures": {"floats": 5, "integers": 3, "choices": 2},
    "choices": {"floats": 0, "integers": 0, "choices": 10},
    "floats": {"floats": 50, "integers": 0, "choices": 0},
}
"""Kinds of studies, by the parameters they have; of ``failures`` a fifth of the trials failed."""
_EVERY = 5


def space_of(study: str) -> dict[str, Any]:
    """The parameters of a kind of studies."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    n = STUDIES[study]
    return {
        **{f"f{i}": FloatDistribution(0.0, 1.0) for i in range(n["floats"])},
        **{f"i{i}": IntDistribution(1, 20) for i in range(n["integers"])},
        **{f"c{i}": CategoricalDistribution(["a", "b", "c"]) for i in range(n["choices"])},
    }


def suggest(trial: Any, study: str = "mixed") -> None:
    """Ask for a configuration."""
    for name, distribution in space_of(study).items():
        if name.startswith("f"):
            trial.suggest_float(name, distribution.low, distribution.high)
        elif name.startswith("i"):
            trial.suggest_int(name, distribution.low, distribution.high)
        else:
            trial.suggest_categorical(name, distribution.choices)


def fill(study: Any, n_trials: int, kind: str = "mixed") -> None:
    """Give a study a past of random finished trials, and a budget for the samplers to see."""
    study.set_user_attr("energy_cap_kwh", 2.0 * 0.01 * n_trials)
    study.add_trials(past(n_trials, kind))


def past(n_trials: int, kind: str = "mixed") -> list[Any]:
    """Random finished trials with energies, the same every time."""
    import numpy as np
    import optuna

    rng = np.random.default_rng(0)
    distributions = space_of(kind)
    found = []
    for number in range(n_trials):
        params = {name: _value(name, rng) for name in distributions}
        effect = params["f0"] if "f0" in params else "abc".index(params["c0"]) / 2
        value = float(rng.random())
        failed = kind == "failures" and number % _EVERY == _EVERY - 1
        found.append(
            optuna.create_trial(
                state=optuna.trial.TrialState["FAIL" if failed else "COMPLETE"],
                value=None if failed else value,
                params=params,
                distributions=distributions,
                user_attrs={"energy_kwh": 0.01 * float(np.exp(effect - 0.5))},
                intermediate_values={1: 0.5},
            )
        )
    return found


def _value(name: str, rng: Generator) -> Any:
    if name.startswith("f"):
        return float(rng.random())
    return int(rng.integers(1, 21)) if name.startswith("i") else "abc"[rng.integers(3)]
