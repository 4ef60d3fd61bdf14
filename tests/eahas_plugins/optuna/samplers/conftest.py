"""Every sampler of ours, with few trials before its model counts."""

import pytest
from optuna.samplers import TPESampler

from eahas_plugins.optuna import (
    BananasSampler,
    EnergyTPESampler,
    LocalSearchSampler,
    RegularizedEvolutionSampler,
    SchedulePromotionSampler,
    ea_bohb,
)
from tests.eahas_plugins.transfer.studies import made_up

MAKERS = {
    "tpe": lambda: EnergyTPESampler(seed=0, n_startup_trials=4),
    "local-search": lambda: LocalSearchSampler(seed=0, n_startup_trials=4),
    "evolution": lambda: RegularizedEvolutionSampler(seed=0, population_size=6, sample_size=3),
    "bananas": lambda: BananasSampler(seed=0, n_startup_trials=4, n_candidates=10),
    "promotion": lambda: SchedulePromotionSampler(
        TPESampler(seed=0, n_startup_trials=4),
        fidelity_param="max_epoch",
        n_startup_trials=4,
        seed=0,
    ),
    "ea-bohb": lambda: ea_bohb(seed=0, n_startup_trials=5, n_candidates=50)[0],
    "ea-bohb-earlier": lambda: ea_bohb(
        seed=0, n_startup_trials=5, n_candidates=50, earlier=[made_up(20)]
    )[0],
}


@pytest.fixture(params=MAKERS)
def make(request):
    return MAKERS[request.param]
