"""The trials of all rungs as a model is shown them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from smac.runhistory import StatusType, TrialKey, TrialValue
from smac.scenario import Scenario

from eahas_plugins.smac._compat import EncoderHook

_ENDED = [StatusType.SUCCESS, StatusType.CRASHED, StatusType.TIMEOUT, StatusType.MEMORYOUT]


class MultiFidelityEncoder(EncoderHook):
    """Shows a model the trials of every rung: log costs as they would be on the highest.

    SMAC's own encoders show the highest rung that has trials, and the first training there hides
    all shorter ones. Here a configuration counts with its highest rung, failed trials too; costs on
    lower rungs are multiplied by the mean ratio that configurations with both have shown, drawn
    towards 1 as one observation would.

    Args:
        scenario: SMAC's scenario.
        **kwargs: Other arguments of SMAC's encoder.
    """

    def __init__(self, scenario: Scenario, **kwargs: Any) -> None:
        super().__init__(scenario, **{"lower_budget_states": _ENDED, **kwargs})

    def shown(self, trials: Mapping[TrialKey, TrialValue]) -> Mapping[TrialKey, TrialValue]:
        """The trial of each configuration's highest rung."""
        return at_highest_rung(trials)


def at_highest_rung(trials: Mapping[TrialKey, TrialValue]) -> dict[TrialKey, TrialValue]:
    """The trial of each configuration's highest rung, with the cost expected on the highest."""
    best: dict[tuple[Any, ...], TrialKey] = {}
    for key in trials:
        who = (key.config_id, key.instance, key.seed)
        if who not in best or (key.budget or 0.0) > (best[who].budget or 0.0):
            best[who] = key
    highest = max((key.budget or 0.0 for key in trials), default=0.0)
    ratios: dict[float | None, list[float]] = {}
    for key, value in trials.items():
        top = best[(key.config_id, key.instance, key.seed)]
        if key != top and top.budget == highest and _comparable(value, trials[top]):
            ratios.setdefault(key.budget, []).append(math.log(_cost(trials[top]) / _cost(value)))
    factors = {rung: math.exp(sum(logs) / (len(logs) + 1)) for rung, logs in ratios.items()}
    found = {}
    for key in best.values():
        value, factor = trials[key], factors.get(key.budget, 1.0)
        if factor != 1.0 and _comparable(value):
            value = dataclasses.replace(value, cost=_cost(value) * factor)
        found[key] = value
    return found


def _cost(value: TrialValue) -> float:
    assert not isinstance(value.cost, list)
    return float(value.cost)


def _comparable(*values: TrialValue) -> bool:
    """Whether all trials are complete trainings with one positive cost."""
    return all(
        value.status == StatusType.SUCCESS
        and not value.additional_info.get("truncated")
        and not isinstance(value.cost, list)
        and value.cost > 0.0
        for value in values
    )
