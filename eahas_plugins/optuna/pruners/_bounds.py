"""The lowest and the highest rung: given, or from the first trainings that are complete."""

from __future__ import annotations

import logging
import math
from statistics import median

from optuna.study import Study
from optuna.trial import TrialState

from eahas_plugins.arguments import check_numbers, check_whole_numbers
from eahas_plugins.budget.attributes import kwh_argument
from eahas_plugins.optuna._per_study import PerStudy
from eahas_plugins.optuna._trials import ended_at, training_kwh
from eahas_plugins.units import energy_text

_PROMOTIONS = 3
"""From the lowest rung to the highest, where only the highest is known."""

_log = logging.getLogger(__name__)


class _OfStudy:
    """What is known of one study."""

    def __init__(self) -> None:
        self.bounds_kwh: tuple[float, float] | None = None
        self.told = False


class RungBounds:
    """Between which energies the rungs of a pruner lie.

    Where ``max_kwh`` is not given it is the median energy of the first complete trials of a study,
    by when they ended: later ones do not move it, so rungs stay where they are, and all workers
    agree.

    Args:
        owner: Name of the pruner.
        min_kwh: Energy of the lowest rung, kWh; None for three promotions below the highest.
        max_kwh: Energy of the highest, kWh; None to wait for complete trials.
        reduction_factor: One in this many trials is promoted from each rung.
        n_startup_trials: Complete trials to wait for.

    Raises:
        ValueError: If an argument is out of range (NaN included).
    """

    def __init__(
        self,
        owner: str,
        *,
        min_kwh: float | None,
        max_kwh: float | None,
        reduction_factor: float,
        n_startup_trials: int,
    ) -> None:
        check_numbers(reduction_factor=reduction_factor)
        check_whole_numbers(n_startup_trials=n_startup_trials)
        if not 2 <= reduction_factor < math.inf:
            raise ValueError(f"`reduction_factor` must be at least 2 but got {reduction_factor}.")
        if not n_startup_trials >= 1:
            raise ValueError(f"`n_startup_trials` must be at least 1 but got {n_startup_trials}.")
        if min_kwh is not None:
            kwh_argument("min_kwh", min_kwh)
            if max_kwh is None:
                raise ValueError(f"`max_kwh` must be given with `min_kwh`={min_kwh}, or neither.")
        self._owner = owner
        self._spread = reduction_factor**_PROMOTIONS
        self._n_startup_trials = n_startup_trials
        self._studies: PerStudy[_OfStudy] = PerStudy(_OfStudy)
        self.given_kwh: tuple[float, float] | None = None
        """The bounds, kWh, if they do not depend on a study."""
        if max_kwh is not None:
            highest_kwh = kwh_argument("max_kwh", max_kwh)
            lowest_kwh = highest_kwh / self._spread if min_kwh is None else float(min_kwh)
            if not highest_kwh > lowest_kwh:
                raise ValueError(
                    f"`max_kwh` must be larger than `min_kwh`={min_kwh} but got {max_kwh}."
                )
            self.given_kwh = lowest_kwh, highest_kwh

    @property
    def shape(self) -> tuple[float, float]:
        """Bounds in any unit, from which the number of rungs follows in every study."""
        return self.given_kwh or (1.0, self._spread)

    def of(self, study: Study) -> tuple[float, float] | None:
        """The bounds in a study, kWh; None as long as too few of its trials are complete."""
        if self.given_kwh is not None:
            return self.given_kwh
        known = self._studies.of(study)
        if known.bounds_kwh is None:
            complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
            ended = sorted((t for t in complete if training_kwh(t) is not None), key=ended_at)
            energies = [kwh for t in ended if (kwh := training_kwh(t)) is not None]
            first = energies[: self._n_startup_trials]
            if len(first) == self._n_startup_trials:
                known.bounds_kwh = median(first) / self._spread, median(first)
                _log.info(
                    "%s: rungs lie between %s and %s, the median of the first %d complete trials.",
                    *(self._owner, *map(energy_text, known.bounds_kwh), len(first)),
                )
            elif not known.told:
                known.told = True
                _log.info(
                    "%s prunes nothing until %d trials are complete and have told their energy.",
                    *(self._owner, self._n_startup_trials),
                )
        return known.bounds_kwh
