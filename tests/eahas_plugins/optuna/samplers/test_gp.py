"""The cooled Gaussian process. Needs torch, as Optuna's does: runs where it is installed."""

import math
import pickle
from collections.abc import Callable

import numpy as np
import optuna
import pytest
from optuna.samplers import BaseSampler, GPSampler
from optuna.testing.pytest_samplers import (
    BasicSamplerTestCase,
    MultiObjectiveSamplerTestCase,
    RelativeSamplerTestCase,
)

from eahas_plugins.optuna.samplers import EnergyGPSampler, SchedulePromotionSampler
from eahas_plugins.optuna.samplers.gp import _cooled, _internal
from tests.eahas_plugins.optuna.samplers.tasks import history, study_of

torch = pytest.importorskip("torch")

pytestmark = [
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),  # of the suites' odd choices
]


class TestContract(BasicSamplerTestCase, RelativeSamplerTestCase, MultiObjectiveSamplerTestCase):
    @pytest.fixture
    def sampler(self) -> Callable[[], BaseSampler]:
        return lambda: EnergyGPSampler(n_startup_trials=0, deterministic_objective=True)


def bowl(trial):
    """Two energies for every value: y changes nothing but what the trial takes."""
    x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
    trial.set_user_attr("energy_kwh", math.exp(4.0 * y) * trial.suggest_int("max_epoch", 1, 2))
    return (x - 0.3) ** 2


def run(sampler, n_trials):
    study = study_of(sampler)
    study.optimize(bowl, n_trials=n_trials)
    return study


def test_weight_zero_is_the_plain_sampler_trial_by_trial():
    plain = run(GPSampler(seed=3, n_startup_trials=4), 7)
    ours = run(EnergyGPSampler(seed=3, n_startup_trials=4, cooling=0.0), 7)
    assert history(ours) == history(plain)


def test_weight_makes_proposals_cheaper():
    def kwh(weight):
        trials = run(EnergyGPSampler(seed=0, cooling=weight), 14).trials[10:]
        return np.mean([t.user_attrs["energy_kwh"] for t in trials])

    assert kwh(2.0) < 0.5 * kwh(0.0)


def test_reproducible_picklable_and_promoted():
    def sampler():
        return SchedulePromotionSampler(
            EnergyGPSampler(seed=1, n_startup_trials=4),
            fidelity_param="max_epoch",
            seed=1,
            n_startup_trials=4,
        )

    one, other = run(sampler(), 9), run(pickle.loads(pickle.dumps(sampler())), 9)
    assert history(one) == history(other)
    assert any(t.user_attrs.get("promoted_from") is not None for t in one.trials)


def test_points_mean_what_optunas_gaussian_process_means():
    from optuna._gp.search_space import SearchSpace

    space = {
        "c": optuna.distributions.CategoricalDistribution(["a", "b", "c"]),
        "f": optuna.distributions.FloatDistribution(1e-3, 1.0, log=True),
        "g": optuna.distributions.FloatDistribution(-1.0, 1.0, step=0.5),
        "i": optuna.distributions.IntDistribution(1, 100, log=True),
        "j": optuna.distributions.IntDistribution(0, 9),
    }
    theirs = SearchSpace(space)
    for point in theirs.sample_normalized_params(20, np.random.RandomState(0)):
        params = theirs.get_unnormalized_param(point)
        ours = _internal(point[np.newaxis], space)
        for name, distribution in space.items():
            assert ours[name][0] == pytest.approx(distribution.to_internal_repr(params[name]))


def test_gradient_of_the_cooled_acquisition():
    space = {
        "x": optuna.distributions.FloatDistribution(0.0, 1.0),
        "c": optuna.distributions.CategoricalDistribution(["a", "b"]),
    }

    class Flat:
        length_scales = np.ones(2)
        search_space = None

        def eval_acqf(self, x):
            return 0.0 * x.sum(dim=-1)

    cooled = _cooled(Flat(), lambda points: points[:, 0] ** 2 + points[:, 1], 0.5, space)
    x = torch.tensor([[0.3, 1.0], [0.8, 0.0]], dtype=torch.float64, requires_grad=True)
    value = cooled.eval_acqf(x)
    np.testing.assert_allclose(value.detach(), [-0.5 * 1.09, -0.5 * 0.64])
    value.sum().backward()
    np.testing.assert_allclose(x.grad, [[-0.3, 0.0], [-0.8, 0.0]], atol=1e-6)


@pytest.mark.parametrize("weight", [-0.1, float("nan")])
def test_bad_weight(weight):
    with pytest.raises(ValueError, match="cooling must be finite and not negative"):
        EnergyGPSampler(cooling=weight)
