"""What `ScheduleGPSampler` knows of one study: its trials by their schedules, and its proposals."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins import policy
from eahas_plugins.models.gaussian_process import ArdProcess
from eahas_plugins.models.length import EnergyOfLength
from eahas_plugins.optuna._trials import planned_kwh, promotion_kwh, spent_kwh, training_kwh
from eahas_plugins.optuna.samplers._base import Scored, rewards_to_learn
from eahas_plugins.optuna.samplers._earlier import EarlierOfStudy
from eahas_plugins.optuna.samplers._energy import StudyEnergy
from eahas_plugins.optuna.samplers._running import RunningState
from eahas_plugins.optuna.samplers._schedules import schedules_of
from eahas_plugins.transfer.earlier import EarlierStudies

Floats = NDArray[np.float64]

_MOST_WAITING = 2000


@dataclass(slots=True)
class Kept:
    """What a pickled sampler takes along, as it is not in the trials."""

    process: ArdProcess | None = None
    processes: dict[str, ArdProcess] = field(default_factory=dict)
    """Those of several objectives and their constraints, by name."""
    attempted: set[Hashable] = field(default_factory=set)
    """Promoted configurations whose trial ran, whatever schedule it ran with in the end."""


class ScheduleState(RunningState):
    """One study.

    Args:
        fidelity_param: Parameter that holds the schedule, ``"auto"`` or None.
        schedules: Its values, shortest first, if the user has said so.
        budget_kwh: Energy of the study, kWh, if the user has said so.
        owner: Who asks, for messages.
        earlier: Studies to learn from.
    """

    def __init__(
        self,
        *,
        fidelity_param: str | None,
        schedules: Sequence[Any] | None,
        budget_kwh: float | None,
        owner: str,
        earlier: EarlierStudies,
    ) -> None:
        self.energy = StudyEnergy(
            budget_kwh=budget_kwh, fidelity_param=fidelity_param, owner=owner, earlier=earlier
        )
        super().__init__(self.energy.fidelity)
        self.kept = Kept()
        self._earlier: EarlierStudies | EarlierOfStudy = earlier
        self.pruned: list[FrozenTrial] = []
        self.energy_of_length = EnergyOfLength()
        self.goes_on = False
        """Whether the latest training has left a checkpoint to go on from."""
        self.places: dict[int, int] = {}  # in the hypercube, by trial
        self.finished_kwh = 0.0
        self._given = schedules
        self._trained: list[FrozenTrial] = []  # finished trials that have a schedule
        self._count()

    def learn(self, finished: Sequence[FrozenTrial]) -> None:
        """Learn trials that have finished."""
        for trial in finished:
            self.finished_kwh += spent_kwh(trial)
            if trial.state is TrialState.PRUNED:
                self.pruned.append(trial)
            self.fidelity.see(trial.distributions)
            name = self.fidelity.name
            if name is not None and name in trial.distributions:
                self.follow(name, trial.distributions[name])
                self._trained.append(trial)
                self._count_one(trial)
                if trial.state is TrialState.COMPLETE:
                    self.sources[trial.number] = trial
                    key, length = self.key_of(trial), trial.params[name]
                    self.energy_of_length.add(key, length, kwh=training_kwh(trial))
                    self.goes_on = promotion_kwh(trial, 1.0) < (training_kwh(trial) or 0.0)

    def earlier_of(self, study: Study) -> EarlierOfStudy:
        """What earlier studies say to this one.

        Raises:
            ValueError: If there are some and this one has several objectives.
        """
        if isinstance(self._earlier, EarlierStudies):
            if len(study.directions) > 1 and len(self._earlier):
                raise ValueError(
                    "earlier must be empty for a study of several objectives but holds "
                    f"{len(self._earlier)}: what they say is of one."
                )
            self._earlier = EarlierOfStudy(self._earlier, study)
        return self._earlier

    def follow(self, name: str, distribution: BaseDistribution) -> tuple[Any, ...]:
        """Take the schedules from the distribution of the trial at hand, and return them."""
        schedules = schedules_of(distribution, self._given, name=name)
        if schedules != self.schedules:
            self.schedules = schedules
            self._count()
        return schedules

    def _count(self) -> None:
        self.longest = set()
        self.longest_numbers: list[int] = []  # trials with it, failed ones too
        self.n_learnt_longest = 0  # those that have not failed
        self.longer_kwh = 0.0
        for trial in self._trained:
            self._count_one(trial)

    def _count_one(self, trial: FrozenTrial) -> None:
        assert self.schedules is not None
        assert self.fidelity.name is not None
        name = self.fidelity.name
        schedule = trial.params[name]
        # what was short in the range of its time was no promotion
        shortest = (self._given or schedules_of(trial.distributions[name]))[0]
        self.longer_kwh += spent_kwh(trial) if schedule != shortest else 0.0
        if schedule == self.schedules[-1] and len(self.schedules) > 1:
            self.longest_numbers.append(trial.number)
            self.longest.add(self.key_of(trial))
            self.n_learnt_longest += trial.state is not TrialState.FAIL

    def known(self, n: int) -> list[tuple[Mapping[str, Any], float]]:
        """Parameters and finite rewards of the best and the latest trials, at most ``n``.

        Pruned ones count as the worst of the others.
        """
        rewards = rewards_to_learn(self.complete)
        scored = [(one.trial, float(r)) for one, r in zip(self.complete, rewards, strict=True)]
        lowest = min(reward for _, reward in scored)
        scored += [(trial, lowest) for trial in self.pruned]
        if len(scored) > n:
            scored.sort(key=lambda pair: pair[0].number)
            kept = policy.best_and_latest([reward for _, reward in scored], n=n)
            scored = [scored[i] for i in kept]
        return [(trial.params, reward) for trial, reward in scored]

    def past(self, n: int) -> list[Mapping[str, Any]]:
        """Parameters of all trials, where they are more than the ``n`` that are learnt."""
        trials = [*(one.trial for one in self.complete), *self.pruned]
        return [trial.params for trial in trials] if len(trials) > n else []

    @property
    def n_short(self) -> int:
        """Trials with shorter schedules, or of all where there is one, that have not failed."""
        return len(self.complete) + len(self.pruned) - self.n_learnt_longest

    @property
    def longest_in_vain(self) -> bool:
        """Whether trainings with the longest schedule have failed, and none has not."""
        return bool(self.longest_numbers) and not self.n_learnt_longest

    def place_of(self, number: int, n: int) -> int | None:
        """The place of a trial among the ``n`` of the hypercube; None once they are taken.

        Trainings with the longest schedule do not count. Which those are may come to light after
        a later trial has been given its place: no place is given twice.
        """
        if number not in self.places:
            longest = {m for m in (*self.longest_numbers, *self.in_training()) if m < number}
            place, taken = number - len(longest), set(self.places.values())
            if place in taken:
                place = next((p for p in range(n) if p not in taken), n)
            self.places[number] = place
        place = self.places[number]
        return place if place < n else None

    def waiting(self, left_kwh: float) -> list[Scored]:
        """Feasible configurations that have not had the longest schedule and can be paid.

        They are some of the latest trials, so that a long study does not take ever more time.
        """
        name = self.fidelity.name or ""
        taken = self.longest.union(self.in_training().values(), self.kept.attempted)
        latest = [
            one
            for one in self.complete[-_MOST_WAITING:]
            if name in one.trial.params
            and one.violation == 0.0
            and self.key_of(one.trial) not in taken
        ]
        paid = self._kwh_to_longest(latest) <= left_kwh
        return [one for one, can in zip(latest, paid, strict=True) if can]

    def log_kwh_to_longest(self, waiting: Sequence[Scored]) -> Floats:
        """Log of the energy until each has had the longest schedule; the median if unknown."""
        energies = self._kwh_to_longest(waiting)
        known = energies[energies > 0.0]
        usual = float(np.median(known)) if len(known) else 1.0
        return np.log(np.where(energies > 0.0, energies, usual))

    def _kwh_to_longest(self, waiting: Sequence[Scored]) -> Floats:
        assert self.schedules is not None
        name, (shortest, *_, longest) = self.fidelity.name or "", self.schedules
        usual = self.longest_factor()
        energies = []
        for one in waiting:
            schedule = one.trial.params[name]
            same = schedule == shortest
            factor = usual if same else self.energy_of_length.factor(longest, schedule)
            energies.append(promotion_kwh(one.trial, factor))
        return np.array(energies, dtype=np.float64)

    def longest_factor(self) -> float:
        """How many times the shortest schedule's energy the longest one needs."""
        if self.schedules is None:
            return 1.0
        return self.energy_of_length.factor(self.schedules[-1], self.schedules[0])

    def forget(self, trial: FrozenTrial, state: TrialState) -> None:
        """The trial ends: its promotion has been tried if it ran at all."""
        proposal = self.proposals.pop(trial.number, None)
        ran = state is TrialState.COMPLETE or self.fidelity.name in trial.params
        if proposal is not None and proposal.promoted and ran:
            self.kept.attempted.add(proposal.key)

    def left_kwh(self, study: Study) -> float:
        """What is neither spent nor promised to a running trial, kWh."""
        return self.energy.left_kwh(study, committed_kwh=self.committed_kwh())

    def committed_kwh(self) -> float:
        """What is spent or promised to a running trial, kWh."""
        return self.finished_kwh + sum(map(_promised_kwh, self.log.running))

    def longer_committed_kwh(self) -> float:
        """The part of that which is for schedules other than the shortest, kWh."""
        assert self.schedules is not None
        name, first = self.fidelity.name or "", self.schedules[0]
        running = self.running()
        return self.longer_kwh + sum(
            _promised_kwh(t)
            for t in self.log.running
            if running[t.number].get(name, first) != first
        )


def _promised_kwh(trial: FrozenTrial) -> float:
    return max(spent_kwh(trial), planned_kwh(trial) or 0.0)
