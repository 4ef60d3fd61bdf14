"""What the trainings of a run say of the next one: values on all rungs, energies, who waits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from eahas_plugins import policy
from eahas_plugins.models.axes import Axis
from eahas_plugins.models.chance import n_before_mended
from eahas_plugins.models.gaussian_process import ArdProcess
from eahas_plugins.models.kwh import Column, KwhModel, Number
from eahas_plugins.models.length import EnergyOfLength
from eahas_plugins.models.schedule_model import Active, Predictor, ScheduleModel

Floats = NDArray[np.float64]

RUNG = "(rung)"
"""What models call the length of a training, beside the hyperparameters."""
_N_CANDIDATES = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One training, as a host knows it.

    Args:
        key: Which configuration it is; hashable.
        config: The active hyperparameters, in plain Python.
        rung: Its length; None where all are equally long.
        state: ``"cut"`` is one that the budget ended.
        reward: Its value, larger is better; finite where it is complete.
        kwh: Energy of the whole training, kWh; None if unknown.
    """

    key: Any
    config: Mapping[str, Any]
    rung: float | None
    state: Literal["complete", "cut", "failed", "running"]
    reward: float = math.nan
    kwh: float | None = None

    @property
    def params(self) -> dict[str, Any]:
        """The hyperparameters, and the rung if there is one."""
        return dict(self.config) if self.rung is None else {**self.config, RUNG: self.rung}


class RungSearch:
    """A model of a run, for hosts that keep configurations and rungs apart.

    Args:
        axes: The hyperparameters.
        columns: The same for the regression of energies.
        rungs: The lowest and the highest; None where all trainings are equally long.
        active: What a configuration has of values of all hyperparameters, None if it may not be;
            by default everything.
        max_trials: Trainings that it learns from: half of them the best, half the latest.
    """

    def __init__(
        self,
        axes: Mapping[str, Axis],
        columns: Mapping[str, Column],
        *,
        rungs: tuple[float, float] | None,
        active: Active | None = None,
        max_trials: int = 200,
    ) -> None:
        self._axes, self._columns = dict(axes), dict(columns)
        self._rungs, self._active = rungs, active
        if rungs is not None:
            self._axes[RUNG] = Axis(low=rungs[0], high=rungs[1], log=True)
            self._columns[RUNG] = Number(low=rungs[0], high=rungs[1], log=True)
        self._max_trials = max_trials
        self._process: ArdProcess | None = None
        self.energy_of_length = EnergyOfLength()
        self.log_kwh: Predictor | None = None
        """Predicts the log of energies from columns of internal values; None while unknown."""

    def learn(self, trainings: Sequence[Training]) -> ScheduleModel:
        """A model of these trainings, one of them complete at least."""
        complete = [t for t in trainings if t.state == "complete"]
        self.energy_of_length = EnergyOfLength()
        for t in complete:
            self.energy_of_length.add(t.key, t.rung, kwh=t.kwh)
        self._learn_energies(complete)
        # What was cut counts as the worst of the others; what has failed has no value.
        lowest = min(t.reward for t in complete)
        known = [
            (t.params, t.reward if t.state == "complete" else lowest)
            for t in trainings
            if t.state in ("complete", "cut")
        ]
        kept = policy.best_and_latest([reward for _, reward in known], n=self._max_trials)
        model = ScheduleModel(
            self._axes,
            RUNG,
            self._rungs,
            longest_factor=self.longest_factor(None),
            active=self._active,
        )
        ended = [t.state == "failed" for t in trainings if t.state != "running"]
        failed = [t.params for t in trainings if t.state == "failed"][n_before_mended(ended) :]
        self._process = model.fit(
            [known[i] for i in kept],
            running=[t.params for t in trainings if t.state == "running"],
            failed=failed,
            past=[params for params, _ in known] if len(known) > self._max_trials else [],
            process=self._process,
        )
        return model

    def longest_factor(self, rung: float | None) -> float:
        """How many times the energy of a rung, by default the lowest, the highest needs."""
        if self._rungs is None:
            return 1.0
        lowest, highest = self._rungs
        return self.energy_of_length.factor(highest, lowest if rung is None else rung)

    def kwh_to_longest(self, waiting: Sequence[Training]) -> Floats:
        """Energy until each has been trained on the highest rung, kWh; the median if unknown."""
        energies = np.array([(t.kwh or 0.0) * self.longest_factor(t.rung) for t in waiting])
        known = energies[energies > 0.0]
        return np.where(energies > 0.0, energies, np.median(known) if len(known) else 0.0)

    def expected_per_kwh(self, trainings: Sequence[Training]) -> float | None:
        """What a kWh is expected to bring at best; None while too little is known.

        Args:
            trainings: All of the run, in the order in which they began.
        """
        complete = [t for t in trainings if t.state == "complete"]
        if not complete or not self._axes:
            return None
        model = self.learn(trainings)
        if self.log_kwh is None:
            return None
        rng = np.random.default_rng(len(complete))  # the same in every process
        return model.gain_per_kwh(self.log_kwh, n=_N_CANDIDATES, rng=rng)

    def _learn_energies(self, complete: Sequence[Training]) -> None:
        energies = KwhModel(self._columns) if self._columns else None
        if energies is not None:
            energies.add_many([(t.params, t.kwh) for t in complete if t.kwh is not None])
        ready = energies is not None and energies.ready
        self.log_kwh = energies.predictor() if ready and energies is not None else None


def waiting(trainings: Sequence[Training], *, highest: float) -> list[Training]:
    """The complete trainings whose configuration has not been tried on the highest rung."""
    tried = {t.key for t in trainings if t.rung == highest}
    return [t for t in trainings if t.state == "complete" and t.key not in tried]


def longest_in_vain(trainings: Sequence[Training], *, highest: float) -> bool:
    """Whether trainings on the highest rung have failed, and none has not."""
    states = {t.state for t in trainings if t.rung == highest} - {"running"}
    return states == {"failed"}
