"""The trials of all rungs as a model is shown them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from smac.runhistory import StatusType, TrialKey, TrialValue
from smac.scenario import Scenario

from eahas_plugins.smac._compat import EncoderHook

_ENDED = [StatusType.SUCCESS, StatusType.CRASHED, StatusType.TIMEOUT, StatusType.MEMORYOUT]


class MultiFidelityEncoder(EncoderHook):
    """Shows a model the trials of every rung: log costs as they would be on the highest.

    SMAC's own encoders show the highest rung that has trials, and the first training there hides
    all shorter ones. Here a configuration counts with its highest rung, failed trials too; costs on
    lower rungs are multiplied by the mean ratio that configurations with both have shown, drawn
    towards 1 as one observation would. Where costs are negative, nothing is logarithmic, and a mean
    difference is added.

    Args:
        scenario: SMAC's scenario.
        **kwargs: Other arguments of SMAC's encoder.
    """

    def __init__(self, scenario: Scenario, **kwargs: Any) -> None:
        super().__init__(scenario, **{"lower_budget_states": _ENDED, **kwargs})

    def shown(self, trials: Mapping[TrialKey, TrialValue]) -> Mapping[TrialKey, TrialValue]:
        """The trial of each configuration's highest rung."""
        return at_highest_rung(trials)

    def transform_response_values(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log costs, or costs as they are where some are negative."""
        if np.any(values < 0.0):
            return values
        logs: NDArray[np.float64] = super().transform_response_values(values)
        return logs


def at_highest_rung(trials: Mapping[TrialKey, TrialValue]) -> dict[TrialKey, TrialValue]:
    """The trial of each configuration's highest rung, with the cost expected on the highest."""
    best: dict[tuple[Any, ...], TrialKey] = {}
    for key in trials:
        who = (key.config_id, key.instance, key.seed)
        if who not in best or (key.budget or 0.0) > (best[who].budget or 0.0):
            best[who] = key
    highest = max((key.budget or 0.0 for key in trials), default=0.0)
    signed = has_negative_costs(trials)
    gaps: dict[float | None, list[float]] = {}
    for key, value in trials.items():
        top = best[(key.config_id, key.instance, key.seed)]
        if key != top and top.budget == highest and _comparable(value, trials[top], signed=signed):
            high, low = _cost(trials[top]), _cost(value)
            gaps.setdefault(key.budget, []).append(high - low if signed else math.log(high / low))
    # A mean drawn to "no gap" by one observation of it: few pairs say little.
    means = {rung: sum(found) / (len(found) + 1) for rung, found in gaps.items()}
    shown = {}
    for key in best.values():
        value, gap = trials[key], means.get(key.budget, 0.0)
        if gap != 0.0 and _comparable(value, signed=signed):
            cost = _cost(value)
            value = dataclasses.replace(value, cost=cost + gap if signed else cost * math.exp(gap))
        shown[key] = value
    return shown


def has_negative_costs(trials: Mapping[TrialKey, TrialValue]) -> bool:
    """Whether costs have no logarithm, as those of a metric that is maximised on any scale."""
    return any(
        value.status == StatusType.SUCCESS and not isinstance(value.cost, list) and value.cost < 0.0
        for value in trials.values()
    )


def _cost(value: TrialValue) -> float:
    assert not isinstance(value.cost, list)
    return float(value.cost)


def _comparable(*values: TrialValue, signed: bool) -> bool:
    """Whether all trials are complete trainings with one cost, positive if there are ratios."""
    return all(
        value.status == StatusType.SUCCESS
        and not value.additional_info.get("truncated")
        and not isinstance(value.cost, list)
        and (signed or value.cost > 0.0)
        for value in values
    )
