"""Search over complete schedules in SMAC: short ones first, the longest for the best."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from ConfigSpace import Configuration
from smac.intensifier.successive_halving import SuccessiveHalving
from smac.runhistory import TrialInfo
from smac.scenario import Scenario

from eahas_plugins.arguments import check_counts, check_not_negative, check_shares
from eahas_plugins.models.rung_search import RUNG, Training, longest_in_vain, waiting
from eahas_plugins.models.schedule_model import ScheduleModel
from eahas_plugins.policy import SHORT_UNTIL, early_promotion_due, short_phase_ended, which_goes_on
from eahas_plugins.smac.admission import AdmittedTrials, BudgetedIntensifier
from eahas_plugins.smac.intensifier import check_rungs
from eahas_plugins.smac.trainings import trainings_of
from eahas_plugins.spaces.axes import SpaceAxes, rung_search

_N_CANDIDATES = 600
N_STARTUP_TRIALS = 10


class ScheduleIntensifier(BudgetedIntensifier, SuccessiveHalving):
    """EA-BOHB: tries configurations on the lowest rung, trains the best on the highest.

    Rungs are complete schedules, of which none goes on where another stopped. A Gaussian process
    over configurations and rungs learns from every trial. At every step two things compete by the
    expected improvement of the cost on the *highest* rung per kWh that is still to be spent until
    it is known, log EI - alpha log kWh, alpha = ``cooling`` x what is left of the budget: the best
    new configuration, which is tried on the lowest rung first, and the tried ones, which would be
    trained on the highest. Once ``short_until`` of the budget is spent, or where trainings on the
    lowest rung cost more than half of what they tell, new configurations go to the highest at once,
    as far as that can be paid.

    The first ``n_startup_trials`` configurations are SMAC's initial design; after every four of
    them the best so far is trained on the highest rung. The state is in SMAC's run history alone;
    running trials count as what is predicted for them, and where trials fail, the chance to succeed
    counts. It is the same search as
    :class:`~eahas_plugins.optuna.samplers.ScheduleGPSampler`.

    Args:
        scenario: The scenario, with ``min_budget`` below ``max_budget``, one objective and no
            instances.
        promotes: Whether tried configurations are ever trained on the highest rung.
        short_until: Part of the budget, in [0, 1], after which new configurations are tried on the
            highest rung; 1 never does.
        cooling: Alpha while nothing is spent. Not negative; 0 ignores predicted energy.
        n_startup_trials: Configurations before predictions count. At least 1.
        **kwargs: SMAC's arguments of ``SuccessiveHalving``.

    Raises:
        ValueError: If an argument is out of range (NaN included), or the scenario is another.

    References:
        Lee et al. (2020), Cost-aware Bayesian optimization (cooling).
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        promotes: bool = True,
        short_until: float = SHORT_UNTIL,
        cooling: float = 1.0,
        n_startup_trials: int = N_STARTUP_TRIALS,
        **kwargs: Any,
    ) -> None:
        check_shares(short_until=short_until)
        check_not_negative(cooling=cooling)
        check_counts(1, n_startup_trials=n_startup_trials)
        check_rungs(scenario)
        if not has_schedules(scenario):
            raise ValueError(
                "the scenario must have min_budget below max_budget, one objective and no "
                f"instances but has {scenario.min_budget}, {scenario.max_budget}, "
                f"{scenario.objectives} and {scenario.instances}."
            )
        self.promotes = bool(promotes)
        self.short_until = float(short_until)
        self.cooling = float(cooling)
        self.n_startup_trials = n_startup_trials
        space, lowest, highest = scenario.configspace, scenario.min_budget, scenario.max_budget
        self._space = SpaceAxes(space)
        self._search = rung_search(space, lowest=lowest, highest=highest)
        self._highest = float(highest or 0.0)
        super().__init__(scenario, **kwargs)

    @property
    def meta(self) -> dict[str, Any]:
        """SMAC's metadata."""
        return {
            **super().meta,
            "promotes": self.promotes,
            "short_until": self.short_until,
            "cooling": self.cooling,
            "n_startup_trials": self.n_startup_trials,
        }

    def __iter__(self) -> Iterator[TrialInfo]:
        """The trials that the budget admits."""
        return AdmittedTrials(self._trials, self)

    def _trials(self) -> Iterator[TrialInfo]:
        self.__post_init__()
        tried = {key.config_id for key in self.runhistory}
        for config in self.runhistory.get_configs():  # lost when a run was killed: run them again
            if self.runhistory.get_config_id(config) not in tried:
                yield self._trial(config, high=False)
        while (trial := self._next()) is not None:
            yield trial

    def _next(self) -> TrialInfo | None:
        """What to train now; None if nothing is left."""
        trainings = trainings_of(self.runhistory)
        waits = waiting(trainings, highest=self._highest)
        n_complete = sum(t.state == "complete" for t in trainings)
        if len(self.runhistory.config_ids) < self.n_startup_trials or not n_complete:
            return self._early(trainings, waits) or self._from_smac(waits)
        if not self._space.axes:
            return self._from_smac(waits)
        return self._best(trainings, waits)

    def _best(self, trainings: Sequence[Training], waits: Sequence[Training]) -> TrialInfo | None:
        """The new configuration or the tried one that is expected to gain most per kWh."""
        left, left_kwh = 1.0, math.inf
        if self.account is not None:
            left, left_kwh = self.account.alpha(), self.account.left_kwh()
        model = self._search.learn(trainings)
        long_at_once = short_phase_ended(left, short_until=self.short_until)
        log_kwh = self._search.log_kwh
        alpha = 0.0 if log_kwh is None else self.cooling * left
        in_vain = longest_in_vain(trainings, highest=self._highest)
        goes_long = (long_at_once or not model.tries_short) and not in_vain
        params, gain = model.explore(
            log_kwh,
            longest_kwh=left_kwh if goes_long else 0.0,
            alpha=alpha,
            n=_N_CANDIDATES,
            rng=np.random.default_rng([self.scenario.seed, len(trainings)]),
        )
        if in_vain:  # nothing is known of what the highest rung gains: it is as at the start
            promoted = self._early(trainings, waits)
        else:
            promoted = self._promotion(model, waits, alpha=alpha, left_kwh=left_kwh, new_gain=gain)
        if promoted is not None:
            return promoted
        values = self._space.config(params)
        if values is None or gain == -math.inf:  # nothing that the climb has found is new
            return self._from_smac(waits)
        space = self.scenario.configspace
        # By its vector, so that values have the space's own types: SMAC tells 3 from NumPy's 3.
        config = Configuration(space, vector=Configuration(space, values=values).get_array())
        config.origin = "EA-BOHB: expected gain per kWh"
        trial = self._trial(config, high=params[RUNG] == self._highest)
        return trial if self._pays_for(trial) else self._trial(config, high=False)

    def _promotion(
        self,
        model: ScheduleModel,
        waits: Sequence[Training],
        *,
        alpha: float,
        left_kwh: float,
        new_gain: float,
    ) -> TrialInfo | None:
        """The tried configuration that gains most on the highest rung, if more than a new one."""
        energies = self._search.kwh_to_longest(waits)
        payable = [int(i) for i in np.flatnonzero(energies <= left_kwh)]
        if not payable or not self.promotes:
            return None
        log_kwh = np.log(np.where(energies[payable] > 0.0, energies[payable], 1.0))
        gains = model.gains([waits[i].params for i in payable], log_kwh, alpha=alpha)
        while (best := which_goes_on(gains, new_gain)) is not None:
            trial = self._longest(waits[payable[best]])
            if self._pays_for(trial):
                return trial
            gains[best] = -math.inf
        return None

    def _early(self, trainings: Sequence[Training], waits: Sequence[Training]) -> TrialInfo | None:
        """The best configuration so far, after every few trainings of the start."""
        n_long = len({t.key for t in trainings if t.rung == self._highest})
        n_short = sum(t.state == "complete" and t.rung != self._highest for t in trainings)
        if not waits or not early_promotion_due(
            n_short, n_long, promotion_share=float(self.promotes)
        ):
            return None
        trial = self._longest(max(waits, key=lambda t: t.reward))
        return trial if self._pays_for(trial) else None

    def _from_smac(self, waits: Sequence[Training]) -> TrialInfo | None:
        """SMAC's next configuration; what waits, best first, when there is none."""
        try:
            return self._trial(next(self.config_generator), high=False)
        except StopIteration:
            trials = map(self._longest, sorted(waits, key=lambda t: -t.reward))
            return next(filter(self._pays_for, trials), None)

    def _longest(self, training: Training) -> TrialInfo:
        return self._trial(self.runhistory.get_config(int(training.key)), high=True)

    def _trial(self, config: Configuration, *, high: bool) -> TrialInfo:
        seed = self.get_instance_seed_keys_of_interest()[0].seed
        budget = self.scenario.max_budget if high else self.scenario.min_budget
        return TrialInfo(config=config, seed=seed, budget=budget)

    def _pays_for(self, trial: TrialInfo) -> bool:
        return self.account is None or self.account.pays_for(trial)


def has_schedules(scenario: Scenario) -> bool:
    """Whether a scenario is one for :class:`ScheduleIntensifier`."""
    low, high = scenario.min_budget, scenario.max_budget
    rungs = low is not None and high is not None and low < high
    return rungs and scenario.count_objectives() == 1 and scenario.instances is None
