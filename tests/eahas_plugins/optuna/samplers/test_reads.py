"""How often a proposal reads the trials, each time a query where they are in a database."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import optuna
import pytest
from optuna.samplers import BaseSampler, TPESampler

from eahas_plugins.optuna import samplers
from tests.eahas_plugins.optuna.samplers.tasks import study_of

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")

SAMPLERS: dict[str, Callable[[], BaseSampler]] = {
    "EnergyTPESampler": lambda: samplers.EnergyTPESampler(multivariate=True, seed=0),
    "ea_bohb": lambda: samplers.ea_bohb(seed=0)[0],
    "BananasSampler": lambda: samplers.BananasSampler(seed=0),
    "LocalSearchSampler": lambda: samplers.LocalSearchSampler(seed=0),
    "RegularizedEvolutionSampler": lambda: samplers.RegularizedEvolutionSampler(seed=0),
    "SchedulePromotionSampler": lambda: samplers.SchedulePromotionSampler(
        TPESampler(seed=0), fidelity_param="max_epoch", seed=0
    ),
}
if importlib.util.find_spec("torch") is not None:
    SAMPLERS["EnergyGPSampler"] = lambda: samplers.EnergyGPSampler(seed=0)


class CountingStorage(optuna.storages.InMemoryStorage):
    n_reads = 0

    def get_all_trials(self, *args: Any, **kwargs: Any) -> Any:
        self.n_reads += 1
        return super().get_all_trials(*args, **kwargs)


def bowl(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", 0.0, 1.0)
    trial.set_user_attr("energy_kwh", (1.0 + x) * trial.suggest_int("max_epoch", 1, 2))
    if trial.number % 5 == 4:
        raise ArithmeticError
    return (x - 0.3) ** 2


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_proposal_reads_the_trials_a_few_times(name: str) -> None:
    storage = CountingStorage()
    study = study_of(SAMPLERS[name](), storage=storage)
    study.optimize(bowl, n_trials=20, catch=ArithmeticError)
    before = storage.n_reads
    study.optimize(bowl, n_trials=4, catch=ArithmeticError)
    assert storage.n_reads - before <= 4 * 10
