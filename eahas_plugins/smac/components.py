"""SMAC's components for a search over complete schedules."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from smac.scenario import Scenario

from eahas_plugins.arguments import check_counts, check_not_negative, given
from eahas_plugins.smac.design import StartupDesign
from eahas_plugins.smac.schedule_intensifier import N_STARTUP_TRIALS, ScheduleIntensifier

_IDLE = (
    "model",
    "acquisition_function",
    "acquisition_maximizer",
    "random_design",
    "runhistory_encoder",
    "config_selector",
)


def check_startup_trials(n_startup_trials: object) -> None:
    """Refuse what is no number of configurations to start with.

    Raises:
        ValueError: If it is neither None nor a whole number of at least 1.
    """
    check_counts(1, **given(n_startup_trials=n_startup_trials))


def schedule_components(
    scenario: Scenario,
    *,
    cooling: float = 1.0,
    n_startup_trials: int | None = None,
    given: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """SMAC's components for a search over complete schedules.

    Args:
        scenario: SMAC's scenario.
        cooling: Weight of predicted energy while nothing is spent.
        n_startup_trials: Configurations of the Latin hypercube that the search starts with; None
            for ten, or as many as a given ``initial_design`` has.
        given: Components that take the place of those here.

    Raises:
        ValueError: If an argument is out of range, or a component is given that would have nothing
            to do: `ScheduleIntensifier` chooses by a model of its own.
    """
    check_not_negative(cooling=cooling)
    check_startup_trials(n_startup_trials)
    found = dict(given)
    if "intensifier" not in found and (idle := [name for name in _IDLE if name in found]):
        raise ValueError(
            f"{' and '.join(idle)} must be None where rungs are complete schedules, since "
            "ScheduleIntensifier chooses by a model of its own: leave it out, or give intensifier= "
            "too (EnergyHyperband, or one of SMAC's), which asks SMAC's components."
        )
    if n_startup_trials is None and "initial_design" in found:
        told = found["initial_design"].meta
        n_startup_trials = told["n_configs"] + len(told["additional_configs"])
    n_configs = N_STARTUP_TRIALS if n_startup_trials is None else n_startup_trials
    if "initial_design" not in found:
        found["initial_design"] = StartupDesign(scenario, n_configs=n_configs, max_ratio=1.0)
    if "intensifier" not in found:
        found["intensifier"] = ScheduleIntensifier(
            scenario, cooling=cooling, n_startup_trials=n_configs
        )
    return found
