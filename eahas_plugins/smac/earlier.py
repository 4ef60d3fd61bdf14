"""SMAC's initial design from earlier studies."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ConfigSpace import Configuration
from smac.scenario import Scenario

from eahas_plugins.arguments import check_counts, check_seed
from eahas_plugins.smac.design import StartupDesign
from eahas_plugins.smac.schedule_intensifier import N_STARTUP_TRIALS
from eahas_plugins.spaces.values import native_config
from eahas_plugins.transfer.configurations import first_configurations
from eahas_plugins.transfer.study import EarlierStudy


class EarlierInitialDesign(StartupDesign):
    """Configurations that were good for earlier studies, then a Latin hypercube.

    Example:
        >>> from eahas_plugins.smac import EarlierInitialDesign, EnergyMultiFidelityFacade
        >>> design = EarlierInitialDesign(scenario, ["old.jsonl"])  # doctest: +SKIP
        >>> facade = EnergyMultiFidelityFacade(
        ...     scenario, target, budget_kwh=0.5, initial_design=design
        ... )  # doctest: +SKIP

    Args:
        scenario: SMAC's scenario.
        earlier: Output folders of SMAC, folders of HpBandSter, storages of Optuna, or files that
            ``eahas export-study`` wrote.
        n_configs: How many configurations in all. At least 1.
        fidelity_param: The parameter of Optuna's studies that is the length of a training.
        seed: Seed of the hypercube; the scenario's by default.

    Raises:
        FileNotFoundError: If an earlier study is not there.
        ValueError: If an argument is out of range, or an earlier study cannot be read.
        TypeError: If an earlier study is something else, or there is no list of them.
    """

    def __init__(
        self,
        scenario: Scenario,
        earlier: Iterable[EarlierStudy | str | Path],
        *,
        n_configs: int = N_STARTUP_TRIALS,
        fidelity_param: str | None = None,
        seed: int | None = None,
    ) -> None:
        check_counts(1, n_configs=n_configs)
        check_seed(seed)
        found = first_configurations(earlier, scenario.configspace, fidelity_param=fidelity_param)
        self.first = found[:n_configs]
        """The configurations from earlier studies."""
        self._n_in_all = n_configs
        super().__init__(scenario, n_configs=n_configs, max_ratio=1.0, seed=seed)

    @property
    def meta(self) -> dict[str, Any]:
        """What a run is told apart by."""
        first = [native_config(config) for config in self.first]
        return {**super().meta, "name": type(self).__name__, "first": first}

    def select_configurations(self) -> list[Configuration]:
        """The configurations, those from earlier studies first."""
        for config in self.first:
            config.origin = "Initial Design: earlier studies"
        return list(dict.fromkeys([*self.first, *super().select_configurations()]))[
            : self._n_in_all
        ]
