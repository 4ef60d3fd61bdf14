"""What a proposal knows of a study with several objectives: one process for each of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eahas_plugins import policy
from eahas_plugins.models.axes import Axis, filled, positions_of
from eahas_plugins.models.chance import log_chance
from eahas_plugins.models.climbing import climb
from eahas_plugins.models.gaussian_process import ArdProcess, log_normal_probability
from eahas_plugins.models.hypervolume import (
    Front,
    behind_most,
    contributions,
    n_dominating,
    non_dominated,
    reference_point,
)
from eahas_plugins.models.length import level_of
from eahas_plugins.models.schedule_model import Predictor, ScheduleModel
from eahas_plugins.models.values import Scale
from eahas_plugins.optuna.samplers._front_trials import Floats, Known, Observed, known_value

_N_PARENTS = 16
_LEAST_SPREAD = 0.02
"""Of the log of an energy that is predicted: it is never known better than to 2 %."""


class FrontModel(ScheduleModel):
    """Predicts the objectives of a configuration with a schedule, and what they add to the front.

    Each objective that is learnt has a Gaussian process over configurations and schedules; the
    energy of the training itself comes from the model of kWh, and what is a function of the
    configuration from that. A constraint has a process, too, and counts by the probability that it
    is met.

    Args:
        axes: All parameters.
        fidelity_param: The one that is the schedule, if there is one.
        schedules: Its values, shortest first, if the trials have it.
        known: Functions of the configuration that are objectives, by position.
        constants: Parameters that have one value.
        signs: 1 for objectives that are maximised, -1 for the others, shape (m,).
    """

    def __init__(
        self,
        axes: Mapping[str, Axis],
        fidelity_param: str | None,
        schedules: Sequence[Any] | None,
        *,
        known: Known,
        constants: Mapping[str, Any],
        signs: Floats,
    ) -> None:
        super().__init__(axes, fidelity_param, schedules)
        self._known = {d: function for d, function in known.items() if d < len(signs)}
        self._constants = constants
        levels = [level_of(schedule, self.schedules) for schedule in self.schedules]
        self._all_levels = np.array(levels or [0.0])
        self._signs = signs

    def learn(
        self,
        observed: Observed,
        *,
        first: Observed,
        running: Sequence[Mapping[str, Any]],
        failed: Sequence[Mapping[str, Any]],
        past: Sequence[Mapping[str, Any]] = (),
        processes: dict[str, ArdProcess],
        log_kwh: Predictor | None,
    ) -> None:
        """Learn from trials.

        Args:
            observed: The trials.
            first: The first ones of the study, from which the volume is measured.
            running: Parameters of running trials, which count as what is predicted for them.
            failed: Parameters of failed ones.
            past: Parameters of trials that are not to be repeated, learnt or not.
            processes: Those of the proposal before, by name, to go on from; they are updated.
            log_kwh: Predicts the log of the energy from columns of Optuna's internal values; None
                while that is not known.
        """
        configs = [trial.params for trial in observed.trials]
        self._log_kwh, self._processes = log_kwh, processes
        self._positions, self._levels = positions_of(configs, self.axes), self.levels_of(configs)
        there, levels = positions_of(running, self.axes), self.levels_of(running)
        x, pending = self.features(self._positions, self._levels), self.features(there, levels)
        self._scales = [
            Scale(column, limited=not (d in observed.energies or d in self._known))
            for d, column in enumerate(observed.rewards.T)
        ]
        self._values_seen = np.stack(
            [scale(column) for scale, column in zip(self._scales, observed.rewards.T, strict=True)],
            axis=1,
        )
        scaled = zip(self._scales, first.rewards.T, strict=True)
        self._first = np.stack([scale(column) for scale, column in scaled], axis=1)
        self._feasible = observed.feasible
        self._spreads: dict[int, float] = {}
        if log_kwh is not None and observed.energies:
            predicted = log_kwh(self._columns_at(self._positions, self._levels))
            for d in observed.energies:
                off = predicted + self._values_seen[:, d]
                self._spreads[d] = max(_LEAST_SPREAD, float(np.sqrt(np.mean(off**2))))
        for d, column in enumerate(self._values_seen.T):
            if d not in self._known and d not in self._spreads:
                self._fit(f"objective {d}", x, column, pending)
        self._n_constraints = observed.constraints.shape[1]
        if self._n_constraints:
            ended = [trial.params for trial in observed.ended]
            early = self.features(positions_of(ended, self.axes), self.levels_of(ended))
            for c, column in enumerate(observed.constraints.T):
                self._fit(f"constraint {c}", np.concatenate([x, early]), column, pending)
        self._log_chance: Callable[[Floats], Floats] | None = None
        if failed:
            success = self._process_of("success", x.shape[1])
            self._log_chance = log_chance(success, x, self.failed_features(failed))
        others = [*failed, *running, *(past if self.is_finite else ())]
        self._others, self._levels_others = positions_of(others, self.axes), self.levels_of(others)
        self._expected = self._predict(there, levels)[0] if len(running) else self._values_seen[:0]
        self._levels_running = levels

    def explore(
        self,
        log_kwh: Predictor | None,
        *,
        longest_kwh: float,
        alpha: float,
        n: int,
        rng: np.random.Generator,
    ) -> tuple[dict[str, Any], float]:
        """What to train next, and with which schedule.

        A new configuration with the shortest schedule, which shall add to the front of those with
        that schedule; or, where energy for more is given, a new one with any schedule or one that
        has been tried with a longer one, which shall add to the front of all.

        Args:
            log_kwh: Not used: `learn` was given one.
            longest_kwh: The most that a training may take, kWh; 0 for the shortest schedule.
            alpha: Weight of the predicted energy.
            n: Candidates to choose from.
            rng: Where they are drawn.
        """
        any_schedule = self.multi_fidelity and longest_kwh > 0.0
        parents = self._positions[best_first(self._values_seen, self._feasible)[:_N_PARENTS]]
        positions = self.starts(parents, n, rng)
        if any_schedule:
            positions = np.concatenate([positions, filled(self._positions)])
        front = self._front(0.0 if self.multi_fidelity and not any_schedule else 1.0)
        levels = self._all_levels if any_schedule else self._all_levels[:1]
        tried = {level: self.tried(self._trained_to(level)) for level in levels}

        def score_at(level: float, places: Floats) -> Floats:
            there = np.full(len(places), level)
            score = self._score(front, places, there, alpha=alpha)
            if any_schedule and self._log_kwh is not None:
                kwh = self._log_kwh(self._columns_at(places, there))
                score = np.where(kwh <= math.log(longest_kwh), score, -np.inf)
            return np.where(tried[level](places), -np.inf, score)

        level = max(levels, key=lambda level: float(score_at(level, positions).max()))
        axes = list(self.axes.values())
        chosen = climb(lambda places: score_at(level, places), positions, axes, rng)
        return self.params_at(chosen, self._nearest(level)), float(score_at(level, chosen[None])[0])

    def _trained_to(self, level: float) -> Floats:
        """What has been tried, or is being, with this schedule or a longer one."""
        seen = self._positions[self._levels >= level]
        return np.concatenate([seen, self._others[self._levels_others >= level]])

    def _front(self, up_to: float) -> Front:
        """What a new point shall add to: the trials with schedules up to this level."""
        seen = self._feasible & (self._levels <= up_to)
        pending = self._expected[self._levels_running <= up_to]
        points = np.concatenate([self._values_seen[seen], pending])
        behind = reference_point(points if len(points) else self._values_seen)
        return Front(points, behind_most(behind, self._first))

    def _score(self, front: Front, positions: Floats, levels: Floats, *, alpha: float) -> Floats:
        """Log expected improvement of the front, times the chance to be feasible, per kWh."""
        mean, deviation, chance = self._predict(positions, levels)
        score = front.log_improvement(mean, deviation) + chance
        if self._log_kwh is None or not alpha > 0.0:
            return score
        kwh = self._log_kwh(self._columns_at(positions, levels))
        return policy.cooled(score, kwh, alpha=alpha)

    def _predict(self, positions: Floats, levels: Floats) -> tuple[Floats, Floats, Floats]:
        """Means and deviations, each of shape (n, m), and the log of the chance to be feasible."""
        features = self.features(positions, levels)
        mean = np.empty((len(positions), len(self._signs)))
        deviation = np.zeros_like(mean)
        for d, sign in enumerate(self._signs):
            if d in self._known:
                mean[:, d] = self._scales[d](sign * self._known_values(d, positions, levels))
            elif d in self._spreads:
                assert self._log_kwh is not None  # it was not when the trials were learnt
                kwh = self._log_kwh(self._columns_at(positions, levels))
                mean[:, d], deviation[:, d] = -kwh, self._spreads[d]
            else:
                process = self._processes[f"objective {d}"]
                mean[:, d], deviation[:, d] = process.predict(features)
        chance = np.zeros(len(positions))
        if self._log_chance is not None:
            chance += self._log_chance(features)
        for c in range(self._n_constraints):
            off, spread = self._processes[f"constraint {c}"].predict(features)
            chance += log_normal_probability(-off / spread)
        return mean, deviation, chance

    def _known_values(self, d: int, positions: Floats, levels: Floats) -> Floats:
        found = []
        for row, level in zip(filled(positions), levels, strict=True):
            params = {**self.params_at(row, self._nearest(level)), **self._constants}
            found.append(known_value(d, self._known[d], params))
        return np.array(found, dtype=np.float64)

    def _columns_at(self, positions: Floats, levels: Floats) -> dict[str, Floats]:
        """Optuna's internal values of all parameters, each of shape (n,)."""
        internal = self.values_at(positions)
        columns = {name: internal[:, i] for i, name in enumerate(self.axes)}
        if self.multi_fidelity:
            internals = np.array([self.length.internal_of(s) for s in self.schedules])
            columns[self.fidelity] = internals[self._nearest(levels)]
        return columns

    def _nearest(self, level: ArrayLike) -> Any:
        """The position of the schedule, or of each, that lies nearest to a level."""
        off = np.abs(np.asarray(level)[..., None] - self._all_levels)
        return np.argmin(off, axis=-1)

    def _fit(self, name: str, x: Floats, y: Floats, pending: Floats) -> None:
        process = self._process_of(name, x.shape[1])
        process.fit(x, y)
        if len(pending):
            process.fantasise(pending)

    def _process_of(self, name: str, n_features: int) -> ArdProcess:
        process = self._processes.get(name)
        if process is None or process.n_features != n_features:
            process = self._processes[name] = ArdProcess(n_features)
        return process


def best_first(values: Floats, feasible: NDArray[np.bool_]) -> list[int]:
    """Positions of points: those of the front by what they add to it, then by who dominates them.

    Args:
        values: Array of shape (n, m), larger is better.
        feasible: What may be on the front, shape (n,); the others come last.
    """
    order = np.lexsort((np.arange(len(values)), n_dominating(values), ~feasible))
    may = np.flatnonzero(feasible)
    if not len(may):
        return [int(i) for i in order]
    front = may[non_dominated(values[may])]
    added = contributions(values[front], reference_point(values[may]))
    first = front[np.argsort(-added, kind="stable")]
    among = set(first.tolist())
    rest = [int(i) for i in order if i not in among]
    return [*(int(i) for i in first), *rest]
