"""What a proposal of EA-BOHB knows: a process fitted to the trials of all lengths."""

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
from eahas_plugins.models.gain import expected_gain
from eahas_plugins.models.gaussian_process import ArdProcess, log_expected_improvement
from eahas_plugins.models.schedule_space import ScheduleSpace
from eahas_plugins.models.values import transformed

Floats = NDArray[np.float64]
LogKwh = Callable[[dict[str, Floats]], Floats | None]
Predictor = Callable[[Mapping[str, ArrayLike]], Floats]
Active = Callable[[Mapping[str, Any]], Mapping[str, Any] | None]

_N_PARENTS = 8
_MOST_FAILED = 50
_DOUBT = 0.5
"""Of few trials the lengths of highest probability are too long as often as not: what is expected
is the mean over them and lengths of this part."""


class ScheduleModel(ScheduleSpace):
    """Predicts the value of a configuration with a schedule.

    Args:
        axes: All parameters.
        fidelity_param: The one that is the schedule, if there is one.
        schedules: Its values, shortest first, if the trials have it.
        longest_factor: How many times the shortest one's energy the longest one needs.
        goes_on: Whether what the shortest one has taken is part of that.
        active: What a configuration has of values of all parameters, None if it may not be; by
            default everything.
    """

    def __init__(
        self,
        axes: Mapping[str, Axis],
        fidelity_param: str | None,
        schedules: Sequence[Any] | None,
        *,
        longest_factor: float = 1.0,
        goes_on: bool = False,
        active: Active | None = None,
    ) -> None:
        super().__init__(axes, fidelity_param, schedules)
        self._active = active
        self._longest_factor = longest_factor
        self._goes_on = goes_on
        self._whole_factor = longest_factor if goes_on else 1.0 + longest_factor

    def fit(
        self,
        known: Sequence[tuple[Mapping[str, Any], float]],
        *,
        running: Sequence[Mapping[str, Any]],
        failed: Sequence[Mapping[str, Any]],
        past: Sequence[Mapping[str, Any]] = (),
        process: ArdProcess | None,
    ) -> ArdProcess:
        """Learn from trials and their rewards.

        Args:
            known: Parameters and finite rewards, larger is better.
            running: Parameters of running trials, which count as what is predicted for them.
            failed: Parameters of all failed ones: it may have been the configuration, or a machine
                that was switched off.
            past: Parameters of trials that are not to be repeated, learnt or not.
            process: The one of the proposal before, to go on from.
        """
        configs = [config for config, _ in known]
        rewards = self._raw = np.array([reward for _, reward in known])
        self._positions, self._levels = positions_of(configs, self.axes), self.levels_of(configs)
        self._rewards = transformed(rewards)
        if self.prior is not None:
            self.prior.learn(self._positions, self._levels, self._rewards)
        x = self.features(self._positions, self._levels)
        kind = ArdProcess if self.prior is None else self.prior.process
        shape = (kind, x.shape[1], self.multi_fidelity)
        if process is None or (type(process), process.n_features, process.levels) != shape:
            process = kind(x.shape[1], levels=self.multi_fidelity)
        self._process = process
        self._process.fit(x, self._rewards)
        others = [*failed, *running, *(past if self.is_finite else ())]
        self._others = positions_of(others, self.axes)
        if running:
            there = positions_of(running, self.axes)
            self._process.fantasise(self.features(there, self.levels_of(running)))
        self._opinions = [
            (process, self._best_of(process))
            for process in (self._process, self._process.with_lengths(_DOUBT))
        ]
        self._log_chance: Callable[[Floats], Floats] | None = None
        if failed:
            if process.success is None:
                process.success = ArdProcess(x.shape[1])
            self._log_chance = log_chance(process.success, x, self.failed_features(failed))
        return self._process

    def failed_features(self, failed: Sequence[Mapping[str, Any]]) -> Floats:
        """Where the latest have failed; what fails when it is short would fail when it is long."""
        failed = failed[-_MOST_FAILED:]
        there, levels = positions_of(failed, self.axes), self.levels_of(failed)
        if self.multi_fidelity:
            short = levels < 1.0
            there = np.concatenate([there, there[short]])
            levels = np.concatenate([levels, np.ones(short.sum())])
        return self.features(there, levels)

    @property
    def tries_short(self) -> bool:
        """Whether new configurations should have the shortest schedule first."""
        if not self.multi_fidelity or self._goes_on:
            return self.multi_fidelity
        cost, agreement = 1.0 / self._longest_factor, self._process.agreement
        return policy.short_is_worth_it(cost=cost, agreement=agreement)

    def gains(
        self, configs: Sequence[Mapping[str, Any]], log_kwh: Floats, *, alpha: float
    ) -> Floats:
        """Log expected improvement of the final value per kWh ** alpha, of tried configurations.

        Args:
            configs: Their parameters.
            log_kwh: Log energies until they have been trained with the longest schedule.
            alpha: Weight of the energy.
        """
        positions = positions_of(configs, self.axes)
        improvement = self._if_it_succeeds(self._log_improvement(positions), positions)
        return policy.cooled(improvement, log_kwh, alpha=alpha)

    def gain_per_kwh(self, log_kwh: Predictor, *, n: int, rng: np.random.Generator) -> float:
        """The most that a training with the longest schedule is expected to bring for its energy.

        Args:
            log_kwh: Predicts the log of the energy from columns of internal values.
            n: Where the climb to the best begins, besides what has been tried.
            rng: Where they are drawn.

        Returns:
            Improvement of the best value, in units of the objective, per kWh.
        """
        axes = list(self.axes.values())
        tried = filled(self._positions)
        longest = self._levels == 1.0 if self.multi_fidelity else np.full(len(tried), True)
        if not longest.any():
            longest[:] = True
        there = self.features(tried[longest], np.ones(longest.sum()))
        said = [(p, float(p.predict(there)[0].max())) for p, _ in self._opinions]

        def score(places: Floats) -> Floats:
            places = self._settled(places)
            features = self.features(places, np.full(len(places), float(self.multi_fidelity)))
            gains = [
                expected_gain(*p.predict(features), best, rewards=self._raw) for p, best in said
            ]
            gain = np.mean(gains, axis=0)
            if self._log_chance is not None:
                gain = gain * np.exp(self._log_chance(features))
            kwh = np.exp(log_kwh(self.shortest_columns(places))) * self._longest_factor
            return np.where(np.isnan(places).all(axis=1), 0.0, gain / kwh)

        positions = np.concatenate([rng.random((n, len(axes))), tried])
        return float(score(climb(score, positions, axes, rng)[None])[0])

    def explore(
        self,
        log_kwh: Predictor | None,
        *,
        longest_kwh: float,
        alpha: float,
        n: int,
        rng: np.random.Generator,
    ) -> tuple[dict[str, Any], float]:
        """A new configuration, and its log expected improvement per kWh ** alpha.

        The improvement is that of the value with the longest schedule over the best predicted one
        so far; the energy, all that must be spent until that value is known.

        Args:
            log_kwh: Predicts the log of the energy from columns of internal values.
            longest_kwh: The most that a training with the longest schedule may take, kWh, if it
                shall have that at once, as far as any can be paid; 0 to try the shortest one first.
            alpha: Weight of the predicted energy.
            n: Where the climb to the best begins: at random, and near the best so far.
            rng: Where they are drawn.
        """
        order = np.argsort(-self._rewards, kind="stable")[:_N_PARENTS]
        positions = self.starts(self._positions[order], n, rng)
        tried = self.tried(np.concatenate([self._positions, self._others]))
        longest = longest_kwh > 0.0 and bool(
            self._affordable(log_kwh, longest_kwh, self._settled(positions)).any()
        )
        log_factor = math.log(self._longest_factor if longest else self._whole_factor)

        def score(places: Floats) -> Floats:
            places = self._settled(places)
            scores = self._if_it_succeeds(self._log_improvement(places), places)
            if log_kwh is not None and alpha > 0.0:
                kwh = log_kwh(self.shortest_columns(places)) + log_factor
                scores = policy.cooled(scores, kwh, alpha=alpha)
            if longest:
                affordable = self._affordable(log_kwh, longest_kwh, places)
                scores = np.where(affordable, scores, -np.inf)
            may_not = tried(places) | np.isnan(places).all(axis=1)
            return np.where(may_not, -np.inf, scores)

        chosen = climb(score, positions, list(self.axes.values()), rng)
        values = self.params_at(chosen, -1 if longest else 0)
        return values, float(score(chosen[None])[0])

    def _settled(self, positions: Floats) -> Floats:
        """NaN for what a configuration does not have, and all of one that may not be."""
        if self._active is None:
            return positions
        active = [self._active(self.params_at(position, 0)) or {} for position in positions]
        return positions_of(active, self.axes)

    def _log_improvement(self, positions: Floats) -> Floats:
        """Log of the expected improvement of the values with the longest schedule, shape (n,)."""
        there = self.features(positions, np.ones(len(positions)))
        said = [
            log_expected_improvement(*process.predict(there), best)
            for process, best in self._opinions
        ]
        return np.asarray(np.logaddexp.reduce(said, axis=0) - math.log(len(said)))

    def _if_it_succeeds(self, improvement: Floats, positions: Floats) -> Floats:
        """Log expected improvement of trainings with the longest schedule, which may fail."""
        if self._log_chance is None:
            return improvement
        return improvement + self._log_chance(self.features(positions, np.ones(len(positions))))

    def _best_of(self, process: ArdProcess) -> float:
        """The best value so far; the best that the process predicts where schedules differ."""
        if not self.multi_fidelity:
            return float(self._rewards.max())
        longest = self.features(self._positions, np.ones(len(self._positions)))
        return float(process.predict(longest)[0].max())

    def _affordable(
        self, log_kwh: Predictor | None, most_kwh: float, positions: Floats
    ) -> NDArray[np.bool_]:
        """Which positions may have the longest schedule, by their energy with the shortest."""
        if not (self.multi_fidelity and most_kwh > 0.0):
            return np.zeros(len(positions), dtype=bool)
        if log_kwh is None:
            return np.ones(len(positions), dtype=bool)
        return np.asarray(
            log_kwh(self.shortest_columns(positions)) <= math.log(most_kwh / self._longest_factor)
        )
