"""A study of Optuna with many workers, simulated: replayed trainings take the time they took.

One loop stands for all workers. It asks for a configuration whenever one of them is free, lets
every epoch end at its time, and tells a result when its training is over; so the same seed gives
the same study, which real workers, of which none waits for another, never do.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.study import Study
from optuna.trial import Trial, TrialState

from benchmarks.harness.bench import SeededBench
from benchmarks.harness.study import Evaluation
from eahas_plugins.budget.attributes import RESERVED_ATTR
from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
from eahas_plugins.spaces import Config, ForbiddenConfigurationError, OptunaSpace
from surrogate.record_fields import Curve


@dataclass(slots=True, kw_only=True)
class _Training:
    """A training that one of the workers replays."""

    trial: Trial
    config: Config
    energy_kwh: Curve
    accuracy: Curve
    time_s: Curve
    epochs: int = 0

    @property
    def step_s(self) -> float:
        """Time of the next epoch."""
        return float(
            self.time_s[self.epochs] - (self.time_s[self.epochs - 1] if self.epochs else 0)
        )

    @property
    def spent_kwh(self) -> float:
        """Energy so far, kWh."""
        return float(self.energy_kwh[self.epochs - 1]) if self.epochs else 0.0

    def goes_on(self, budget: EnergyBudget) -> bool:
        """Announce the next epoch; whether it can be paid."""
        return budget.announce(self.trial, float(self.energy_kwh[self.epochs]) - self.spent_kwh)

    def end_epoch(self, budget: EnergyBudget) -> bool:
        """An epoch is over; whether another one follows."""
        self.epochs += 1
        budget.record(self.trial, self.spent_kwh)
        self.trial.report(float(self.accuracy[self.epochs - 1]), step=self.epochs)
        if self.is_complete or budget.must_stop(self.trial) or self.trial.should_prune():
            return False
        return self.goes_on(budget)

    @property
    def is_complete(self) -> bool:
        """Whether all its epochs are over."""
        return self.epochs == len(self.energy_kwh)


class SimulatedBudget(EnergyBudget):
    """A budget of workers that one loop stands for: none of them dies, and to wait helps nobody.

    Args:
        kwh: The cap, kWh.
    """

    def __init__(self, kwh: float) -> None:
        super().__init__(kwh=kwh)
        self._rules.clock = lambda: 0.0  # so that a promise is believed however slow the loop is
        self._rules.sleep = lambda seconds: None


def simulate(
    study: Study, bench: SeededBench, budget: EnergyBudget, *, workers: int
) -> list[Evaluation]:
    """Run the study until its energy is spent.

    Args:
        study: A new study that maximises an accuracy.
        bench: What is trained.
        budget: The energy that all workers may spend together.
        workers: Trainings that run at once.

    Returns:
        The trainings in the order in which they ended.

    Raises:
        ValueError: If the benchmark does not know how long a training takes.
    """
    space = OptunaSpace(bench.space)
    agenda: list[tuple[float, int, _Training]] = []  # when an epoch ends, the trial's number
    found: list[Evaluation] = []
    now_s = 0.0

    def end(training: _Training) -> None:
        trial = training.trial
        budget.finish(trial)
        if training.is_complete:
            study.tell(trial, float(training.accuracy[-1]))
        else:
            study.tell(trial, state=TrialState.PRUNED)
        if training.epochs:
            found.append(
                Evaluation(
                    config=training.config,
                    energy_kwh=training.spent_kwh,
                    epochs=training.epochs,
                    study_kwh=budget.spent_kwh(study),
                    study_s=now_s,
                )
            )

    def begin() -> None:
        trial = study.ask()
        try:
            started = budget.start(trial)
            config = space.suggest(trial) if started else None
        except ForbiddenConfigurationError:
            config = None
        if config is None:
            budget.finish(trial)
            study.tell(trial, state=TrialState.PRUNED)
            return
        training = _training(trial, config, bench)
        trial.set_user_attr(RESERVED_ATTR, float(training.energy_kwh[-1]))
        if training.goes_on(budget):
            heapq.heappush(agenda, (now_s + training.step_s, trial.number, training))
        else:
            end(training)

    while True:
        while len(agenda) < workers and budget.may_start(study):
            begin()
        if not agenda:
            return found
        now_s, number, training = heapq.heappop(agenda)
        if training.end_epoch(budget):
            heapq.heappush(agenda, (now_s + training.step_s, number, training))
        else:
            end(training)


def _training(trial: Trial, config: Config, bench: SeededBench) -> _Training:
    run: Any = bench.query(config)
    if run.runtime_s is None:
        raise ValueError(
            "workers must be 1 for a benchmark that does not know how long a training takes: "
            "runtime_s of a queried configuration is None."
        )
    energy, accuracy, time_s = map(np.asarray, (run.energy_kwh, run.val_accuracy, run.runtime_s))
    return _Training(
        trial=trial, config=config, energy_kwh=energy, accuracy=accuracy, time_s=time_s
    )
