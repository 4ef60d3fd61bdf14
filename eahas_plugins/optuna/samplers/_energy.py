"""What a sampler knows about the energy of a study: its trials', its budget's, and a prediction."""

from __future__ import annotations

import functools
import logging
import math
import statistics
import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins import policy
from eahas_plugins.arguments import check_not_negative
from eahas_plugins.budget.attributes import CAP_ATTR, LEFT_OUT_ATTR, known_kwh, kwh_argument
from eahas_plugins.budget.balance import covers, payable
from eahas_plugins.models.kwh import Column, KwhModel
from eahas_plugins.models.length import is_number
from eahas_plugins.optuna._compat import study_behind
from eahas_plugins.optuna._per_study import PerStudy
from eahas_plugins.optuna._trials import (
    TrialLog,
    column_of,
    ended_at,
    energy_of,
    last_step,
    spent_kwh,
    training_kwh,
)
from eahas_plugins.optuna.samplers._schedules import FidelityName
from eahas_plugins.transfer.earlier import EarlierStudies
from eahas_plugins.transfer.energy import EarlierKwhModel

Floats = NDArray[np.float64]

_log = logging.getLogger(__name__)


class StudyEnergy:
    """Energy of one study, kept up to date at the cost of its new trials only.

    Args:
        budget_kwh: Energy the study may spend, kWh; None reads what ``EnergyBudget`` has written
            to the study.
        fidelity_param: Parameter that holds the planned number of steps, if there is one.
        owner: Who asks, for messages.
        earlier: Studies that say which configurations are dear before this one can.
    """

    def __init__(
        self,
        *,
        budget_kwh: float | None = None,
        fidelity_param: str | None = None,
        owner: str = "StudyEnergy",
        earlier: EarlierStudies | None = None,
    ) -> None:
        self._budget_kwh = None if budget_kwh is None else kwh_argument("budget_kwh", budget_kwh)
        self.fidelity = FidelityName(fidelity_param, owner=owner)
        self._owner = owner
        self._earlier = earlier
        self._lock = threading.Lock()
        self._log = TrialLog()
        self._columns: dict[str, Column] = {}
        self._model: KwhModel | None = None
        self._learnt: list[tuple[dict[str, Any], float]] = []
        self._steps: list[int] = []  # of complete trials
        self._finished_kwh = 0.0
        self._silence_said = False

    def says_something(self, study: Study) -> bool:
        """Whether any trial has reported energy; if none has, that is said once."""
        study = study_behind(study)
        with self._lock:
            self._update(study)
            silent = not self._finished_kwh and not any(map(energy_of, self._log.running))
            if silent and not self._silence_said:
                self._silence_said = True
                _log.warning(
                    "%s: no trial has reported its energy, by which longer schedules get their "
                    'part: trial.set_user_attr("energy_kwh", …) or EnergyTracker; until then no '
                    "trial gets one.",
                    self._owner,
                )
            return not silent

    def alpha(self, study: Study) -> float:
        """The weight of energy now: 1 with nothing spent (or no budget), 0 with everything."""
        study = study_behind(study)
        with self._lock:
            self._update(study)
            return self._cooling(study)

    def budget_kwh(self, study: Study) -> float | None:
        """The budget of the study, kWh; None if nobody has told.

        Under an ``EnergyBudget`` that is used up, as the trials last read say, no trial starts: who
        asks goes on without it.
        """
        return self._cap_kwh(study_behind(study).user_attrs)

    def left_kwh(self, study: Study, *, committed_kwh: float) -> float:
        """What a study that has spent or promised so much has left, kWh; infinite if unlimited."""
        said = study_behind(study).user_attrs
        budget_kwh = self._cap_kwh(said)
        if budget_kwh is None:
            return math.inf
        left_kwh = budget_kwh - (committed_kwh - _left_out_kwh(said))
        return payable(left_kwh, limit_kwh=budget_kwh)

    def predictor(
        self, study: Study, space: Mapping[str, BaseDistribution]
    ) -> Callable[[Mapping[str, ArrayLike]], Floats] | None:
        """Log of the predicted energy up to a common constant, shape (n,); None while unknown.

        The trials are read now, once for all calls: of columns in Optuna's internal representation,
        each of shape (n,).
        """
        with self._lock:
            self._update(study_behind(study))
            self._add_columns(space)
            if self._model is None or not self._model.ready:
                return None
            return self._model.predictor(running=self._running())

    def cooled(
        self,
        log_acquisition: Floats,
        study: Study,
        space: Mapping[str, BaseDistribution],
        candidates: Mapping[str, ArrayLike],
        known: Mapping[str, Any],
        *,
        cooling: float,
    ) -> Floats:
        """Log acquisition minus ``cooling`` times `alpha` times log kWh, as far as that is known.

        The trials are read once for both.

        Args:
            log_acquisition: Of the candidates, shape (n,).
            study: The study.
            space: Distributions of the candidates' parameters.
            candidates: Columns in Optuna's internal representation, each of shape (n,).
            known: Parameters that all candidates share, in external representation.
            cooling: Weight of predicted energy while nothing is spent.
        """
        study = study_behind(study)
        with self._lock:
            self._update(study)
            log_kwh = self._predict(space, candidates, known)
            if log_kwh is None:
                return log_acquisition
            return policy.cooled(log_acquisition, log_kwh, alpha=cooling * self._cooling(study))

    def _cooling(self, study: Study) -> float:
        said = study_behind(study).user_attrs
        return policy.cooling(self._spent_kwh(said), self._cap_kwh(said))

    def _cap_kwh(self, said: Mapping[str, Any]) -> float | None:
        if self._budget_kwh is not None:
            return self._budget_kwh
        cap_kwh = known_kwh(said.get(CAP_ATTR))
        if not cap_kwh or not covers(cap_kwh - self._spent_kwh(said), None, limit_kwh=cap_kwh):
            return None
        return cap_kwh

    def _spent_kwh(self, said: Mapping[str, Any]) -> float:
        total_kwh = self._finished_kwh + sum(spent_kwh(t) for t in self._log.running)
        return total_kwh - _left_out_kwh(said)

    def _predict(
        self,
        space: Mapping[str, BaseDistribution],
        candidates: Mapping[str, ArrayLike],
        known: Mapping[str, Any],
    ) -> Floats | None:
        self._add_columns(space)
        if self._model is None or not self._model.ready:
            return None
        columns: dict[str, ArrayLike] = {**self._model.encode([known]), **candidates}
        return self._model.predict_encoded(columns, running=self._running())

    def _running(self) -> list[tuple[Mapping[str, Any], float]]:
        """Running trials with what they are expected to need."""
        return [
            (trial.params, kwh)
            for trial in self._log.running
            if (kwh := self._whole_energy(trial)) is not None
        ]

    def _update(self, study: Study) -> None:
        new: list[tuple[dict[str, Any], float]] = []
        finished = self._log.update(study)
        # In the order in which they ended, so that who reads them all at once learns the same.
        for trial in sorted(finished, key=ended_at):
            self._finished_kwh += spent_kwh(trial)
            self.fidelity.see(trial.distributions)
            if trial.state is TrialState.COMPLETE and (step := last_step(trial)):
                self._steps.append(step)
            if (kwh := self._whole_energy(trial)) is not None:
                new.append((trial.params, kwh))
        if not new:
            return
        for distributions in {tuple(t.distributions): t.distributions for t in finished}.values():
            self._add_columns(distributions)
        self._learnt += new
        if self._model is not None:
            self._model.add_many(new)

    def _add_columns(self, distributions: Mapping[str, BaseDistribution]) -> None:
        """Start the model anew when there are parameters it does not know."""
        new = {n: column_of(d) for n, d in distributions.items() if n not in self._columns}
        if not new:
            return
        self._columns.update(new)
        if self._earlier:
            prior = self._earlier.energy_prior(self._columns)
            self._model = EarlierKwhModel(self._columns, prior)
        else:
            self._model = KwhModel(self._columns)
        self._model.add_many(self._learnt)

    def _whole_energy(self, trial: FrozenTrial) -> float | None:
        """Energy of the trial's whole training, kWh: extrapolated if it has not ended (yet)."""
        energy = training_kwh(trial)
        if energy is None or trial.state is TrialState.FAIL:
            return None
        if trial.state is TrialState.COMPLETE:
            return energy
        reached = last_step(trial)
        name = self.fidelity.name
        planned = trial.params.get(name) if name else None
        if not is_number(planned):
            planned = statistics.median(self._steps[-25:]) if self._steps else None
        if not reached or not planned:
            return None
        return float(energy * max(1.0, planned / reached))


def energies_of_studies(
    owner: str, *, cooling: float, budget_kwh: float | None, fidelity_param: str | None
) -> PerStudy[StudyEnergy]:
    """The energies of the studies that a sampler serves; what is wrong is said at once.

    Args:
        owner: The sampler's class, for messages.
        cooling: Weight of predicted energy while nothing is spent.
        budget_kwh: As of `StudyEnergy`.
        fidelity_param: As of `StudyEnergy`.

    Raises:
        ValueError: If an argument is out of range (NaN included).
    """
    new = functools.partial(
        StudyEnergy, budget_kwh=budget_kwh, fidelity_param=fidelity_param, owner=owner
    )
    new()  # not when a study starts
    check_not_negative(cooling=cooling)
    return PerStudy(new)


def _left_out_kwh(said: Mapping[str, Any]) -> float:
    """Energy of trials that the budget does not count, as it has said in the study, kWh."""
    return known_kwh(said.get(LEFT_OUT_ATTR)) or 0.0
