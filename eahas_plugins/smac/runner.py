"""A runner that gives every trial its energy account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from inspect import signature
from types import CodeType
from typing import Any

from smac.intensifier.abstract_intensifier import AbstractIntensifier
from smac.runhistory import TrialInfo
from smac.runner.target_function_runner import TargetFunctionRunner
from smac.scenario import Scenario

from eahas_plugins.budget.attributes import ENERGY_ATTR, known_kwh
from eahas_plugins.budget.entries import Grant
from eahas_plugins.budget.journal import Attempt, EnergyJournal
from eahas_plugins.smac.answers import ATTEMPT, finite_cost, parts_of, takes_attempt
from eahas_plugins.smac.budget import EnergyBudgetCallback
from eahas_plugins.targets.energy_target import EnergyTarget
from eahas_plugins.targets.surrogate_target import SurrogateTarget

_GRANT = "grant"
_OURS = ("seed", "instance", "budget", ATTEMPT)


class EnergyRunner(TargetFunctionRunner):
    """Runs a target function and writes what it burns, whatever becomes of it.

    A target function with an argument ``attempt`` gets the trial's account and reports to it
    while it runs; any other one is charged the ``energy_kwh`` that it returns.

    Args:
        scenario: The scenario.
        target_function: The target function.
        required_arguments: What the intensifier passes to it.
        account: The budget, in the main process.

    Raises:
        ValueError: If the scenario has instances and the target is a benchmark, or it does not fit
            one of our targets: other objectives, or the length of its schedule in the space.
    """

    def __init__(
        self,
        scenario: Scenario,
        target_function: Callable[..., Any],
        required_arguments: list[str],
        account: EnergyBudgetCallback,
    ) -> None:
        self.scenario, self.target_function = scenario, target_function
        self._wants_attempt = takes_attempt(target_function)
        self._attempt: Attempt | None = None
        self._account: EnergyBudgetCallback | None = account
        self.journal: EnergyJournal | None = None
        extra = [ATTEMPT] if self._wants_attempt else []
        if isinstance(target_function, EnergyTarget | SurrogateTarget):
            extra = [name for name in _OURS if name in signature(target_function).parameters]
        required = list(dict.fromkeys(required_arguments + extra))
        missing = [name for name in required if name not in signature(target_function).parameters]
        if missing and isinstance(target_function, SurrogateTarget):
            raise ValueError(
                f"a benchmark has no {missing[0]} but the scenario has: leave it out there."
            )
        if isinstance(target_function, EnergyTarget | SurrogateTarget):
            _check_fits(target_function, scenario)
        super().__init__(scenario, target_function, required)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_account": None}  # the account stays in the main process

    @property
    def meta(self) -> dict[str, Any]:
        """What makes a resumed run the same run; for our targets not their code."""
        target, name = self.target_function, type(self).__name__
        while isinstance(target, partial):  # what SMAC says of one is another in each process
            target = target.func
        if isinstance(own := getattr(target, "meta", None), dict):
            return {"name": name, "target": own}
        if isinstance(code := getattr(target, "__code__", None), CodeType):
            return {"name": name, "code": str(code.co_code)}
        return {"name": name, "target": type(target).__qualname__}

    def granted(self, info: TrialInfo) -> TrialInfo:
        """The trial with its grant, on its way to a worker.

        Raises:
            RuntimeError: If this is not the main process, where the account is.
        """
        if self._account is None:
            raise RuntimeError("trials must be submitted in the main process.")
        grant = self._account.grant(info)
        return replace(info, additional_info={**info.additional_info, _GRANT: grant})

    def submit_trial(self, trial_info: TrialInfo) -> None:
        """Run a trial here and now."""
        super().submit_trial(self.granted(trial_info))

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Run a trial; see SMAC. Returns status, cost, time, CPU time and additional info."""
        additional = kwargs.get("additional_info") or {}
        grant: Grant | None = additional.get(_GRANT)
        if grant is None or self.journal is None:
            self._attempt = None  # of the trial before
            return super().run(*args, **kwargs)
        self._attempt = self.journal.open(grant)
        try:
            status, cost, runtime, cpu_time, info = super().run(*args, **kwargs)
            told = info.get(ENERGY_ATTR)
            reported = known_kwh(told)
            if reported is not None:
                self._attempt.report(reported)
        finally:
            self._attempt.close()
        # Who failed before telling anybody what it burnt leaves that unknown; what is no energy is
        # left for the account to refuse.
        if (told is None or reported is not None) and self._attempt.energy_kwh is not None:
            info = {**info, ENERGY_ATTR: self._attempt.energy_kwh}
        return status, cost, runtime, cpu_time, info

    def __call__(self, config: Any, algorithm: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
        """Call the target function; the energy that it tells counts, whatever the rest is.

        Raises:
            ValueError: If what it returns is no answer.
            RuntimeError: If it has left by ``sys.exit``.
        """
        if self._wants_attempt:
            kwargs = {**kwargs, ATTEMPT: self._attempt}
        try:
            returned = algorithm(config, **kwargs)
        except SystemExit as error:  # it would end the run, or Dask's worker, without a word
            raise RuntimeError(f"the training has ended with {error!r}.") from error
        cost, info = parts_of(returned)
        told_kwh = known_kwh(info.get(ENERGY_ATTR))
        if self._attempt is not None and told_kwh is not None:
            self._attempt.report(told_kwh)
        if info.get(ENERGY_ATTR) is None or told_kwh is not None:
            cost = finite_cost(cost)  # else the account refuses the energy, which ends the run
        return cost, info


def _check_fits(target: EnergyTarget | SurrogateTarget, scenario: Scenario) -> None:
    """Say before the first training what every one would fail of.

    Raises:
        ValueError: If the scenario has other objectives, or the length of the schedule is searched.
    """
    n_objectives = scenario.count_objectives()
    if len(target.objectives) != n_objectives or (
        n_objectives > 1 and set(scenario.objectives) != set(target.objectives)
    ):
        raise ValueError(
            f"the scenario must have the target's objectives {target.objectives} but has "
            f"{scenario.objectives}: give Scenario(objectives={list(target.objectives)})."
        )
    name = target.fidelity_param
    if isinstance(target, EnergyTarget) and name is not None and name in scenario.configspace:
        raise ValueError(f"{name!r} must not be in the space, since the rungs are its values.")


def arguments_of(intensifier: AbstractIntensifier) -> list[str]:
    """What an intensifier passes to a target function."""
    used = {
        "seed": intensifier.uses_seeds,
        "budget": intensifier.uses_budgets,
        "instance": intensifier.uses_instances,
        "cutoff": intensifier.uses_cutoffs,
    }
    return [name for name, is_used in used.items() if is_used]
