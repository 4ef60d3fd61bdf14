"""Optuna's own contract suites, over every sampler."""

from collections.abc import Callable

import pytest
from optuna.samplers import BaseSampler
from optuna.testing.pytest_samplers import (
    BasicSamplerTestCase,
    MultiObjectiveSamplerTestCase,
    RelativeSamplerTestCase,
    SingleOnlySamplerTestCase,
)

from eahas_plugins.optuna.samplers import (
    BananasSampler,
    EnergyTPESampler,
    LocalSearchSampler,
    RegularizedEvolutionSampler,
    SchedulePromotionSampler,
    ea_bohb,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
    # the suite itself creates categorical choices and studies in ways Optuna warns of
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

MakeSampler = Callable[[], BaseSampler]

TPES = {"cooled": lambda: EnergyTPESampler(n_startup_trials=0)}
GROUPED = {  # has no relative sampling before it has inferred the groups
    "grouped": lambda: EnergyTPESampler(n_startup_trials=0, multivariate=True, group=True)
}
EVOLUTIONARY = {
    "local-search": lambda: LocalSearchSampler(n_startup_trials=1, reward_exponent=-0.07),
    "evolution": lambda: RegularizedEvolutionSampler(
        population_size=1, sample_size=1, reward_exponent=-0.07
    ),
    "bananas": lambda: BananasSampler(n_startup_trials=1, n_candidates=5, reward_exponent=-0.07),
}
PROMOTING = {
    "promoting": lambda: SchedulePromotionSampler(
        EnergyTPESampler(n_startup_trials=0), fidelity_param="max_epoch"
    )
}
SCHEDULING = {"ea-bohb": lambda: ea_bohb(n_startup_trials=2, n_candidates=20)[0]}


class TestTPE(BasicSamplerTestCase, RelativeSamplerTestCase, MultiObjectiveSamplerTestCase):
    @pytest.fixture(params=TPES)
    def sampler(self, request: pytest.FixtureRequest) -> MakeSampler:
        return TPES[request.param]


class TestGroupedTPE(BasicSamplerTestCase, MultiObjectiveSamplerTestCase):
    @pytest.fixture(params=GROUPED)
    def sampler(self, request: pytest.FixtureRequest) -> MakeSampler:
        return GROUPED[request.param]


class TestEvolutionary(BasicSamplerTestCase, RelativeSamplerTestCase, SingleOnlySamplerTestCase):
    @pytest.fixture(params=EVOLUTIONARY)
    def sampler(self, request: pytest.FixtureRequest) -> MakeSampler:
        return EVOLUTIONARY[request.param]


class TestPromotion(BasicSamplerTestCase, RelativeSamplerTestCase):
    @pytest.fixture(params=PROMOTING)
    def sampler(self, request: pytest.FixtureRequest) -> MakeSampler:
        return PROMOTING[request.param]


class TestSchedules(BasicSamplerTestCase, RelativeSamplerTestCase, MultiObjectiveSamplerTestCase):
    @pytest.fixture(params=SCHEDULING)
    def sampler(self, request: pytest.FixtureRequest) -> MakeSampler:
        return SCHEDULING[request.param]
