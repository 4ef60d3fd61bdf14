"""FLAML's BlendSearch with the energy as ``cost_attr``, trainings complete.

FLAML's local search starts at the point that it is told is cheap, moves to dearer ones as far as
they pay, and shares its time with Optuna's TPE by cost. The cheap point here: the smallest network
and the shortest schedule, by name; a space without these names is searched from a random point.
Otherwise FLAML's defaults. It pins an Optuna older than this project's: see the environment
``paper-peers`` in docs/reproducing.md.

References:
    Wang et al. (2021), Economical hyperparameter optimization with blended search strategy.
"""

from __future__ import annotations

from typing import Any

import optuna
from flaml import tune
from flaml.tune.searcher.blendsearch import BlendSearch

from benchmarks.harness.bench import SCHEDULE
from benchmarks.harness.hosts.ask_tell import spend
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.spaces import Choices, Fixed, IntegerRange, Parameter, Steps, parameter_of

LABEL = "BlendSearch"
ENERGY_AWARE = True
REQUIRES = ("flaml", "optuna")
SUITES = ("paper-peers",)
INSTALL = "docs/reproducing.md has the environment of FLAML"

CHEAP = ("depth", "w0", "wa", "wm", SCHEDULE)
"""Hyperparameters whose smallest value costs least energy."""

_PATIENCE = 1000


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget.

    Raises:
        RuntimeError: If BlendSearch has no configuration to offer for long.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = setting.bench.space
    parameters = {name: parameter_of(space[name]) for name in space}
    domains = {n: _domain(p) for n, p in parameters.items() if not isinstance(p, Fixed)}
    fixed = {n: p.value for n, p in parameters.items() if isinstance(p, Fixed)}
    searcher = BlendSearch(
        metric="error",
        mode="min",
        space=domains,
        low_cost_partial_config={
            name: min(parameter.members)
            for name, parameter in parameters.items()
            if name in CHEAP and isinstance(parameter, Steps | Choices)
        },
        cost_attr="energy_kwh",
        cost_budget=setting.budget_kwh,
        seed=setting.host_seed,
    )
    n_asked = 0

    def ask() -> dict[str, Any]:
        nonlocal n_asked
        for _ in range(_PATIENCE):
            n_asked += 1
            found = searcher.suggest(str(n_asked))
            if found is not None:  # None: it has nothing new to offer this time
                return fixed | {name: found[name] for name in domains}
        raise RuntimeError(
            f"BlendSearch must offer a configuration but had none {_PATIENCE} times."
        )

    def tell(config: dict[str, Any], accuracy: float, kwh: float) -> None:
        result = {"error": 1.0 - accuracy, "energy_kwh": kwh, "config": config}
        searcher.on_trial_complete(str(n_asked), result)

    return spend(setting, ask=ask, tell=tell)


def _domain(parameter: Parameter) -> Any:
    """Numbers in steps and choices of numbers are ordered choices; FLAML walks along them."""
    assert not isinstance(parameter, Fixed)
    if isinstance(parameter, Steps | Choices):
        return tune.choice(list(parameter.members))
    if isinstance(parameter, IntegerRange):
        kind = tune.lograndint if parameter.log else tune.randint
        return kind(parameter.low, parameter.high + 1)
    kind = tune.loguniform if parameter.log else tune.uniform
    return kind(parameter.low, parameter.high)
