"""Optuna's Gaussian-process sampler, weighing what a configuration will cost."""

from __future__ import annotations

import importlib
import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import GPSampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from eahas_plugins.arguments import check_seed
from eahas_plugins.optuna._compat import base_acquisition, require
from eahas_plugins.optuna._local_state import LocalState
from eahas_plugins.optuna.samplers._energy import energies_of_studies

Floats = NDArray[np.float64]
LogKwh = Callable[[Floats], Floats]


class EnergyGPSampler(LocalState, GPSampler):
    """Gaussian process whose log expected improvement is reduced by alpha times log kWh.

    Alpha starts at ``cooling`` and falls to 0 as the budget is used up (cooling). The
    energy of a configuration is predicted by a small regression that learns from the
    ``energy_kwh`` of finished, pruned and running trials; until it has seen ten, and in studies
    without energy, this is the plain sampler. Needs torch and scipy, as ``GPSampler`` does.

    With ``cooling=0`` it suggests what ``GPSampler`` suggests, trial by trial.

    Example:
        >>> import optuna
        >>> sampler = EnergyGPSampler(cooling=1.0, budget_kwh=2.0, seed=0)
        >>> study = optuna.create_study(sampler=sampler)  # doctest: +SKIP

    Args:
        cooling: Alpha while nothing is spent. Not negative.
        budget_kwh: Energy of the whole study, kWh. By default what ``EnergyBudget`` tells the
            study; without any budget alpha stays ``cooling``.
        fidelity_param: Parameter that holds the planned number of steps (epochs), by which the
            energy of pruned and running trials is extrapolated. By default the number of steps
            of recent complete trials.
        **gp: Arguments of ``optuna.samplers.GPSampler``: ``seed``, ``n_startup_trials``, ...

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
        **gp: Any,
    ) -> None:
        energies = energies_of_studies(
            "EnergyGPSampler", cooling=cooling, budget_kwh=budget_kwh, fidelity_param=fidelity_param
        )
        require("EnergyGPSampler")
        check_seed(gp.get("seed"))
        super().__init__(**gp)
        self._cooling = cooling
        self._energies = energies
        self._make_local()

    def _make_local(self) -> None:
        self._local = threading.local()

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As ``GPSampler``, with the cooled acquisition."""
        self._local.context = (study, search_space)
        try:
            return super().sample_relative(study, trial, search_space)
        finally:
            self._local.context = None

    def _optimize_acqf(self, acqf: Any, best_params: NDArray[Any] | None) -> NDArray[Any]:
        if self._cooling > 0.0:
            study, space = self._local.context
            energy = self._energies.of(study)
            log_kwh = energy.predictor(study, space)
            if log_kwh is not None:
                alpha = self._cooling * energy.alpha(study)
                acqf = _cooled(acqf, lambda x: log_kwh(_internal(x, space)), alpha, space)
        return super()._optimize_acqf(acqf, best_params)


def _internal(points: Floats, space: dict[str, BaseDistribution]) -> dict[str, Floats]:
    """Optuna's internal values of points that are normalised as its Gaussian process does it.

    Args:
        points: Array of shape (n, n_parameters): positions of choices, numbers in [0, 1].
        space: The distributions, in the order of the columns.
    """
    columns = {}
    for column, (name, distribution) in zip(points.T, space.items(), strict=True):
        if isinstance(distribution, CategoricalDistribution):
            columns[name] = column
            continue
        margin = 0.5 * (distribution.step or 0.0)  # type: ignore[attr-defined]
        low, high = distribution.low - margin, distribution.high + margin  # type: ignore[attr-defined]
        if distribution.log:  # type: ignore[attr-defined]
            columns[name] = np.exp(math.log(low) + column * (math.log(high) - math.log(low)))
        else:
            columns[name] = low + column * (high - low)
    return columns


def _cooled(acqf: Any, log_kwh: LogKwh, alpha: float, space: dict[str, BaseDistribution]) -> Any:
    """The acquisition minus alpha times log kWh, for Optuna's optimiser of acquisitions.

    The optimiser wants an object of Optuna's own kind and torch's gradients; those of log kWh,
    which is smooth, are central differences.
    """
    torch = importlib.import_module("torch")
    kind = base_acquisition()
    smooth = [i for i, d in enumerate(space.values()) if not isinstance(d, CategoricalDistribution)]
    step = 1e-4

    class LogEnergy(torch.autograd.Function):  # type: ignore[name-defined]
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            points = x.detach().numpy()
            return torch.from_numpy(log_kwh(points.reshape(-1, len(space))).reshape(x.shape[:-1]))

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            (x,) = ctx.saved_tensors
            points = x.detach().numpy().reshape(-1, len(space))
            slopes = np.zeros_like(points)
            for i in smooth:
                shift = np.zeros(len(space))
                shift[i] = step
                slopes[:, i] = (log_kwh(points + shift) - log_kwh(points - shift)) / (2.0 * step)
            return torch.from_numpy(slopes.reshape(x.shape)) * grads[0][..., None]

    class Cooled(kind):  # type: ignore[misc,valid-type]
        def eval_acqf(self, x: Any) -> Any:
            return acqf.eval_acqf(x) - alpha * LogEnergy.apply(x)

    return Cooled(acqf.length_scales, acqf.search_space)
