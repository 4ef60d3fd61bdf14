"""TPE that weighs what a configuration will cost."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins.arguments import check_seed
from eahas_plugins.models.chance import n_before_mended
from eahas_plugins.optuna._compat import require
from eahas_plugins.optuna._local_state import LocalState
from eahas_plugins.optuna.samplers._chance import log_chance_of
from eahas_plugins.optuna.samplers._energy import energies_of_studies


class EnergyTPESampler(LocalState, TPESampler):
    """TPE whose acquisition, log l(x) / g(x), is reduced by alpha times log predicted kWh.

    Alpha starts at ``cooling`` and falls to 0 as the budget is used up (cooling): cheap
    configurations first, the best ones last. The energy of a configuration is predicted by a
    small regression that learns from the ``energy_kwh`` of finished, pruned and running trials;
    until it has seen ten, and in studies without energy, this is plain TPE.

    With ``cooling=0`` it suggests what ``TPESampler`` suggests, trial by trial. As there, one
    object is for one study of a storage: multivariate TPE refuses a second.

    Example:
        >>> import optuna
        >>> sampler = EnergyTPESampler(cooling=1.0, budget_kwh=2.0, seed=0)
        >>> study = optuna.create_study(sampler=sampler)  # doctest: +SKIP

    Args:
        cooling: Alpha while nothing is spent. Not negative.
        budget_kwh: Energy of the whole study, kWh. By default what ``EnergyBudget`` tells the
            study; without any budget alpha stays ``cooling``.
        fidelity_param: Parameter that holds the planned number of steps (epochs), by which the
            energy of pruned and running trials is extrapolated. By default the number of steps
            of recent complete trials.
        **tpe: Arguments of ``optuna.samplers.TPESampler``: ``seed``, ``multivariate``,
            ``group``, ``constant_liar``, ``n_startup_trials``, ...

    Raises:
        ValueError: If an argument is out of range (NaN included).
        ImportError: If this Optuna lacks a private name that the sampler needs.

    References:
        Lee et al. (2020), Cost-aware Bayesian optimization (EI-cool).
    """

    def __init__(
        self,
        *,
        cooling: float = 1.0,
        budget_kwh: float | None = None,
        fidelity_param: str | None = None,
        **tpe: Any,
    ) -> None:
        energies = energies_of_studies(
            "EnergyTPESampler",
            cooling=cooling,
            budget_kwh=budget_kwh,
            fidelity_param=fidelity_param,
        )
        require("EnergyTPESampler")
        check_seed(tpe.get("seed"))
        super().__init__(**tpe)
        self._cooling = cooling
        self._energies = energies
        self._make_local()

    def _make_local(self) -> None:
        self._local = threading.local()

    def _sample(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        self._local.context = (study, trial, search_space)
        try:
            return super()._sample(study, trial, search_space)
        finally:
            self._local.context = None

    def _compute_acquisition_func(
        self, samples: dict[str, NDArray[Any]], mpe_below: Any, mpe_above: Any
    ) -> NDArray[np.float64]:
        log_ratio = super()._compute_acquisition_func(samples, mpe_below, mpe_above)
        if self._cooling == 0.0:
            return log_ratio
        study, trial, space = self._local.context
        log_ratio = log_ratio + _log_chance(study, space, samples)
        return self._energies.of(study).cooled(
            log_ratio, study, space, samples, trial.params, cooling=self._cooling
        )


def _log_chance(
    study: Study, space: Mapping[str, BaseDistribution], samples: Mapping[str, NDArray[Any]]
) -> NDArray[np.float64]:
    """Log of the chance that a training does not fail: what has failed Optuna's TPE never sees."""
    trials = study.get_trials(deepcopy=False)
    if TrialState.FAIL not in {t.state for t in trials}:
        return np.zeros(len(next(iter(samples.values()))))
    trials = [t for t in trials if t.state.is_finished() and space.keys() <= t.params.keys()]
    failed = [t.state is TrialState.FAIL for t in trials]
    trials = trials[n_before_mended(failed) :]
    columns = [[d.to_external_repr(v) for v in samples[n].tolist()] for n, d in space.items()]
    return log_chance_of(
        [dict(zip(space, values, strict=True)) for values in zip(*columns, strict=True)],
        space,
        known=[t.params for t in trials if t.state is not TrialState.FAIL],
        failed=[t.params for t in trials if t.state is TrialState.FAIL],
    )
