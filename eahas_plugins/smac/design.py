"""The configurations that a search over complete schedules starts with."""

from __future__ import annotations

import copy
from typing import Any

from ConfigSpace import Configuration
from smac.initial_design.latin_hypercube_design import LatinHypercubeInitialDesign
from smac.scenario import Scenario

_TRIES = 10


class StartupDesign(LatinHypercubeInitialDesign):
    """A Latin hypercube; random configurations take the place of those that it has to leave out.

    SMAC leaves out what the space forbids, and what is there twice, and has fewer configurations
    then than it was asked for. Its model would choose the others.

    Args:
        scenario: SMAC's scenario.
        **kwargs: SMAC's arguments of an initial design.
    """

    def __init__(self, scenario: Scenario, **kwargs: Any) -> None:
        super().__init__(scenario, **kwargs)
        self.space = scenario.configspace

    @property
    def meta(self) -> dict[str, Any]:
        """What a run is told apart by, with the name of SMAC's own, which earlier runs have."""
        return {**super().meta, "name": LatinHypercubeInitialDesign.__name__}

    def select_configurations(self) -> list[Configuration]:
        """As many different configurations as were asked for, if the space has so many."""
        found = dict.fromkeys(super().select_configurations())
        told = self.meta
        wanted = told["n_configs"] + len(told["additional_configs"])
        if len(found) < wanted:
            others = copy.deepcopy(self.space)
            others.seed(told["seed"])
            for _ in range(_TRIES):
                for drawn in others.sample_configuration(_TRIES * wanted):
                    if len(found) < wanted:
                        config = Configuration(self.space, vector=drawn.get_array())
                        config.origin = "Initial Design: random"
                        found.setdefault(config)
        return list(found)
