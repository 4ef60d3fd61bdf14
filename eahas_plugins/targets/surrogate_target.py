"""A benchmark as target function of SMAC or HpBandSter; budgets in epochs, schedules or kWh."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import CodeType
from typing import Any, Literal

import numpy as np
from ConfigSpace import ConfigurationSpace

from eahas_plugins.benchmark import (
    ACCURACIES,
    Accuracy,
    Benchmark,
    Curve,
    accuracy_curve,
    check_benchmark,
)
from eahas_plugins.budget.attributes import ENERGY_ATTR, LIMITED_ATTR, TRAINING_ATTR, kwh_argument
from eahas_plugins.budget.balance import ROUNDING
from eahas_plugins.budget.entries import EnergyExhaustedError
from eahas_plugins.budget.journal import Attempt
from eahas_plugins.files import LineFile
from eahas_plugins.spaces import native_config
from eahas_plugins.targets.estimate import EnergyEstimate
from eahas_plugins.targets.objectives import (
    ERROR,
    INFERENCE,
    Objectives,
    check_objectives,
    cost_of,
)
from eahas_plugins.targets.schedules import schedules_of, without

Fidelity = Literal["cut", "schedule", "kwh"]
_TAKING = "taking"
"""File in a run's folder that is held while a trial takes energy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Training:
    """A planned training: it goes on after epoch ``first`` and ends after epoch ``last``."""

    accuracy: Curve
    accuracy_name: str
    energy_kwh: Curve
    runtime_s: Curve | None
    test_accuracy: Curve | None
    energy_kind: str | None
    inference_kwh: float | None
    first: int
    last: int

    def energy_to(self, epoch: int) -> float:
        """Energy of this trial up to an epoch, kWh."""
        return _at(self.energy_kwh, epoch) - _at(self.energy_kwh, self.first)


class SurrogateTarget:
    """Trainings of a benchmark as a target function: the cost is ``1 - accuracy``.

    What goes with it (SMAC's ``additional_info``, HpBandSter's ``info``) holds ``energy_kwh``
    (what this trial burnt), ``training_energy_kwh`` (with what earlier rungs of the same training
    paid), ``accuracy``, ``accuracy_curve`` (which curve that is), ``epochs``, ``truncated``
    (whether the budget ended it early), ``limited`` (whether only the trial's own limit did), and
    ``energy_kind``, the provenance of the energy, where the benchmark says it.

    Args:
        bench: Anything with ``.space`` and ``.query(config)``.
        fidelity: What the host's budget means. ``"cut"``: stop the planned training after so many
            epochs. ``"schedule"``: run a complete schedule of so many epochs; the budget replaces
            ``fidelity_param``, which leaves the space. ``"kwh"``: train until so much energy is
            spent, at least one epoch. Without a budget the training is complete.
        objectives: ``"error"``, or ``("error", "energy_kwh")`` for both, where the energy is
            that of the whole training, or ``("error", "inference_energy_kwh")``.
        fidelity_param: The hyperparameter that holds the length of the schedule.
        resume: Whether a promoted training goes on where it stopped, so that energy already
            paid is not paid again (``"cut"`` and ``"kwh"``; another schedule always starts anew).
        accuracy: Which curve of the benchmark is the accuracy; ``"auto"`` is validation where it
            is known, else test, as with imported official checkpoints.

    Raises:
        TypeError: If ``bench`` is no benchmark.
        ValueError: If an argument is out of range, or ``fidelity_param`` is needed and is not an
            ordinal or categorical hyperparameter of the space.
    """

    def __init__(
        self,
        bench: Benchmark,
        *,
        fidelity: Fidelity = "cut",
        objectives: Objectives = ERROR,
        fidelity_param: str = "max_epoch",
        resume: bool = True,
        accuracy: Accuracy = "auto",
    ) -> None:
        check_benchmark(bench)
        if fidelity not in ("cut", "schedule", "kwh"):
            raise ValueError(f"fidelity must be 'cut', 'schedule' or 'kwh' but got {fidelity!r}.")
        if accuracy not in ACCURACIES:
            raise ValueError(
                f"accuracy must be one of {', '.join(ACCURACIES)} but got {accuracy!r}."
            )
        self.objectives = check_objectives(objectives, energies=(ENERGY_ATTR, INFERENCE))
        self.bench = bench
        self.fidelity = fidelity
        self.resume = resume and fidelity != "schedule"
        self._accuracy = accuracy
        self.fidelity_param = fidelity_param
        self.schedules = schedules_of(bench.space, fidelity_param, fidelity == "schedule")
        self._last: tuple[dict[str, Any], Any] | None = None

    @cached_property
    def space(self) -> ConfigurationSpace:
        """What the host searches, without the length of the schedule where that is the budget."""
        if self.fidelity == "schedule":
            return without(self.bench.space, self.fidelity_param)
        return self.bench.space

    worst_cost = 1.0
    """The largest cost there is."""

    @property
    def eta(self) -> float | None:
        """Ratio of one schedule to the next, for Hyperband's rungs; None if it is free."""
        if self.fidelity != "schedule" or len(self.schedules) < 2:
            return None
        return float(self.schedules[1] / self.schedules[0])

    @property
    def meta(self) -> dict[str, Any]:
        """What makes a resumed run the same run."""
        return {
            "name": type(self).__name__,
            "fidelity": self.fidelity,
            "objectives": list(self.objectives),
            "resume": self.resume,
            "accuracy": self._accuracy,
            "space": self.bench.space.name,
        }

    @property
    def __code__(self) -> CodeType:
        """SMAC's own facades read the code of a target function for their metadata."""
        return type(self).__call__.__code__

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_last": None}

    def estimate(
        self, config: Mapping[str, Any], *, seed: int | None, budget: float | None, paid_kwh: float
    ) -> EnergyEstimate:
        """The energy of a trial, known exactly; its first epoch is where it can be cut first."""
        training = self._training(config, budget, paid_kwh)
        first = min(training.first + 1, training.last)
        return EnergyEstimate(
            total_kwh=training.energy_to(training.last), first_kwh=training.energy_to(first)
        )

    def __call__(
        self,
        config: Mapping[str, Any],
        seed: int = 0,
        budget: float | None = None,
        attempt: Attempt | None = None,
    ) -> tuple[float | dict[str, float], dict[str, Any]]:
        """Train: SMAC's cost and additional info, HpBandSter's loss and info.

        Args:
            config: A configuration of ``space``.
            seed: Not used: the benchmark is what it is.
            budget: Epochs, schedule length or kWh; None for a complete training.
            attempt: The trial's energy account, from an energy-aware facade or worker.

        Raises:
            EnergyExhaustedError: If the account does not pay for one epoch.
            ValueError: If the energy of inference is an objective and not known.
        """
        training = self._training(config, budget, attempt.grant.paid_kwh if attempt else 0.0)
        last, at_own_limit = training.last, False
        if attempt is not None:
            # Of two that read the same balance at once each would take all that is left.
            with LineFile(attempt.folder / _TAKING, wait=True):
                try:
                    at_own_limit = attempt.at_own_limit
                    last = self._affordable(training, attempt.allowance_kwh())
                except EnergyExhaustedError:
                    attempt.finish(0.0)  # known, not unknown
                    raise
                attempt.finish(training.energy_to(last))
        accuracy = _at(training.accuracy, last)
        total_kwh = _at(training.energy_kwh, last)
        info: dict[str, Any] = {
            ENERGY_ATTR: training.energy_to(last),
            TRAINING_ATTR: total_kwh,
            "accuracy": accuracy,
            "accuracy_curve": training.accuracy_name,
            "epochs": last,
            "truncated": last < training.last,
            LIMITED_ATTR: last < training.last and at_own_limit,
        }
        if training.energy_kind is not None:
            info["energy_kind"] = training.energy_kind
        if training.test_accuracy is not None:
            info["test_accuracy"] = _at(training.test_accuracy, last)
        if training.runtime_s is not None:
            info["runtime_s"] = _at(training.runtime_s, last) - _at(
                training.runtime_s, training.first
            )
        other_kwh = training.inference_kwh if INFERENCE in self.objectives else total_kwh
        if other_kwh is None:
            raise ValueError(f"the benchmark must know {INFERENCE} to minimise it.")
        return cost_of(1.0 - accuracy, other_kwh, self.objectives), info

    def _training(
        self, config: Mapping[str, Any], budget: float | None, paid_kwh: float
    ) -> _Training:
        planned = native_config(config)
        if self.fidelity == "schedule":
            longest = self.schedules[-1]
            planned[self.fidelity_param] = (
                longest if budget is None else self._nearest_schedule(budget)
            )
        run = self._query(planned)
        accuracy_name, accuracy = accuracy_curve(run, self._accuracy)
        energy_kwh = run.energy_kwh
        if energy_kwh is None:
            raise ValueError(
                f"the benchmark must know energy_kwh of every training but has none for {planned}."
            )
        n_epochs = len(energy_kwh)
        last = n_epochs
        if budget is not None and self.fidelity == "cut":
            last = min(n_epochs, max(1, round(budget)))
        elif budget is not None and self.fidelity == "kwh":
            last = max(1, _epochs_within(energy_kwh, kwh_argument("budget", budget)))
        first = min(last, _epochs_within(energy_kwh, paid_kwh)) if self.resume else 0
        kinds = getattr(run, "provenance", None)
        return _Training(
            accuracy=accuracy,
            accuracy_name=accuracy_name,
            energy_kwh=energy_kwh,
            runtime_s=run.runtime_s,
            test_accuracy=run.test_accuracy,
            energy_kind=str(kinds[ENERGY_ATTR]) if kinds and ENERGY_ATTR in kinds else None,
            inference_kwh=run.inference_energy_kwh,
            first=first,
            last=last,
        )

    def _query(self, planned: dict[str, Any]) -> Any:
        """The benchmark's run; the last one is kept: an estimate comes before the training."""
        last = self._last  # workers in threads may share a target
        if last is None or last[0] != planned:
            last = self._last = (planned, self.bench.query(planned))
        return last[1]

    def _affordable(self, training: _Training, allowance_kwh: float) -> int:
        """The last epoch that the account pays for."""
        start_kwh = _at(training.energy_kwh, training.first)
        last = min(training.last, _epochs_within(training.energy_kwh, start_kwh + allowance_kwh))
        if last < max(1, training.first):
            raise EnergyExhaustedError(
                f"one epoch needs {training.energy_to(training.first + 1):.3g} kWh but only "
                f"{allowance_kwh:.3g} kWh are left: raise budget_kwh to go on."
            )
        return last

    def _nearest_schedule(self, budget: float) -> Any:
        nearest = min(self.schedules, key=lambda s: abs(math.log(s / budget)))
        if not abs(nearest - budget) <= 1e-6 * nearest:
            raise ValueError(
                f"a budget must be one of the schedules {list(self.schedules)} but got {budget}: "
                "choose eta and max_budget so that all rungs are schedules (energy_scenario does)."
            )
        return nearest


def _at(curve: Curve, epoch: int) -> float:
    """A curve's value after an epoch; 0 before the first."""
    return float(curve[epoch - 1]) if epoch else 0.0


def _epochs_within(energy_kwh: Curve, limit_kwh: float) -> int:
    """How many epochs this much energy pays for."""
    return int(np.searchsorted(energy_kwh, limit_kwh * (1.0 + ROUNDING), side="right"))
