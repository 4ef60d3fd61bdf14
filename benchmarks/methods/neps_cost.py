"""NePS's cost-aware Bayesian optimisation, trainings complete: EI over cooled predicted energy.

Expected improvement is divided by the predicted cost to the power of the unspent part of the
budget (``cost_aware=True``); 10 configurations before the model counts, as in the other methods,
otherwise NePS's defaults. Ordered values are integers, the others categories. NePS needs torch and
draws from the global random numbers of torch, numpy and Python, which are seeded here.

References:
    Lee et al. (2020), Cost-aware Bayesian optimization (EI-cool).
"""

from __future__ import annotations

import random
from typing import Any

import neps
import numpy as np
import torch
from neps.space import SearchSpace

from benchmarks.harness import Evaluation, Setting
from benchmarks.harness_peers import spend
from eahas_plugins.spaces import Choices, Fixed, IntegerRange, Parameter, Steps, parameter_of

LABEL = "NePS, cost-aware"
ENERGY_AWARE = True
REQUIRES = ("neural-pipeline-search", "torch")

N_INITIAL = 10


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    space = setting.bench.space
    parameters = {name: parameter_of(space[name]) for name in space}
    fixed = {n: p.value for n, p in parameters.items() if isinstance(p, Fixed)}
    searched = {n: p for n, p in parameters.items() if not isinstance(p, Fixed)}
    random.seed(setting.host_seed)
    np.random.seed(setting.host_seed)  # noqa: NPY002 -- the generator that NePS draws from
    torch.manual_seed(setting.host_seed)
    optimizer = neps.AskAndTell(
        neps.algorithms.bayesian_optimization(
            SearchSpace({name: _domain(parameter) for name, parameter in searched.items()}),
            initial_design_size=N_INITIAL,
            cost_aware=True,
        )
    )
    spent = 0.0
    asked: list[Any] = []

    def ask() -> dict[str, Any]:
        budget = neps.BudgetInfo(worker_cost_to_spend=setting.budget_kwh, used_cost_budget=spent)
        asked.append(optimizer.ask(budget_info=budget))
        values = asked[-1].config
        return fixed | {name: _native(p, values[name]) for name, p in searched.items()}

    def tell(config: dict[str, Any], accuracy: float, kwh: float) -> None:
        nonlocal spent
        spent += kwh
        optimizer.tell(asked[-1], {"objective_to_minimize": 1.0 - accuracy, "cost": kwh})

    return spend(setting, ask=ask, tell=tell)


def _domain(parameter: Parameter) -> Any:
    assert not isinstance(parameter, Fixed)
    if isinstance(parameter, Steps | Choices):
        last = len(parameter.members) - 1
        ordered = all(isinstance(member, int | float) for member in parameter.members)
        return neps.HPOInteger(0, last) if ordered else neps.HPOCategorical([*range(last + 1)])
    if isinstance(parameter, IntegerRange):
        return neps.HPOInteger(parameter.low, parameter.high, log=parameter.log)
    return neps.HPOFloat(parameter.low, parameter.high, log=parameter.log)


def _native(parameter: Parameter, value: Any) -> Any:
    """The value of a position, or of a number in a range."""
    if isinstance(parameter, Steps | Choices):
        return parameter.members[int(value)]
    assert not isinstance(parameter, Fixed)
    return parameter.native(value)
