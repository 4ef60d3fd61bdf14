import pickle

import numpy as np
import optuna
import pytest
from optuna.samplers import TPESampler

from eahas_plugins.optuna.samplers import EnergyTPESampler
from tests.eahas_plugins.optuna.samplers.tasks import conditional, history, study_of, train

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


@pytest.mark.parametrize(
    "options", [{}, {"group": True, "multivariate": True}, {"multivariate": False}]
)
@pytest.mark.parametrize("objective", [train, conditional])
def test_weight_zero_is_tpe_trial_by_trial(objective, options):
    plain = study_of(TPESampler(seed=3, **options))
    ours = study_of(EnergyTPESampler(seed=3, cooling=0.0, **options))
    for study in (plain, ours):
        study.optimize(objective, n_trials=40)
    assert history(ours) == history(plain)


def test_without_energy_it_is_tpe():
    def objective(trial):
        return trial.suggest_float("x", 0, 1) ** 2

    plain, ours = study_of(TPESampler(seed=1)), study_of(EnergyTPESampler(seed=1))
    for study in (plain, ours):
        study.optimize(objective, n_trials=30)
    assert history(ours) == history(plain)


def test_a_spent_budget_is_plain_tpe():
    plain = study_of(TPESampler(seed=3), direction="maximize")
    ours = study_of(EnergyTPESampler(seed=3, budget_kwh=1e-6), direction="maximize")
    for study in (plain, ours):
        study.optimize(train, n_trials=30)
    assert history(ours) == history(plain)


def mean_log_kwh(sampler):
    study = study_of(sampler, direction="maximize")
    study.optimize(train, n_trials=60)
    return np.mean([np.log(t.user_attrs["energy_kwh"]) for t in study.trials[15:]])


def test_weight_makes_proposals_cheaper():
    plain = mean_log_kwh(EnergyTPESampler(seed=0, cooling=0.0))
    cooled = mean_log_kwh(EnergyTPESampler(seed=0, cooling=1.0))
    assert cooled < plain - 0.5


def test_cap_of_the_study_cools():
    study = study_of(EnergyTPESampler(seed=0))
    assert study.sampler._energies.of(study).alpha(study) == 1.0
    study = study_of(EnergyTPESampler(seed=0, budget_kwh=10.0))
    study.add_trial(optuna.create_trial(value=1.0, user_attrs={"energy_kwh": 2.5}))
    study.add_trial(
        optuna.create_trial(state=optuna.trial.TrialState.FAIL, user_attrs={"energy_kwh": 2.5})
    )
    assert study.sampler._energies.of(study).alpha(study) == 0.5
    running = study.ask()
    running.set_user_attr("energy_kwh", 4.0)
    assert study.sampler._energies.of(study).alpha(study) == pytest.approx(0.1)


def test_pruned_and_running_trials_are_extrapolated():
    distributions = {
        "width": optuna.distributions.IntDistribution(1, 64, log=True),
        "max_epoch": optuna.distributions.CategoricalDistribution([10, 20]),
    }
    sampler = EnergyTPESampler(seed=0, fidelity_param="max_epoch")
    study = study_of(sampler)
    rng = np.random.default_rng(0)
    for number in range(60):
        width, max_epoch = int(rng.integers(1, 65)), int(rng.choice([10, 20]))
        reached = max_epoch if number % 2 else max_epoch // 5
        study.add_trial(
            optuna.create_trial(
                state=optuna.trial.TrialState.PRUNED,
                params={"width": width, "max_epoch": max_epoch},
                distributions=distributions,
                user_attrs={"energy_kwh": 1e-3 * width * reached},
                intermediate_values={reached: 0.5},
            )
        )
    log_kwh = sampler._energies.of(study).predictor(study, distributions)
    assert log_kwh is not None
    predicted = log_kwh({"width": [4.0, 40.0], "max_epoch": [1.0]})  # the second choice, 20
    np.testing.assert_allclose(np.exp(predicted), [0.08, 0.8], rtol=0.1)


def test_reproducible_and_picklable():
    first, second = EnergyTPESampler(seed=5), pickle.loads(pickle.dumps(EnergyTPESampler(seed=5)))
    studies = [study_of(sampler, direction="maximize") for sampler in (first, second)]
    for study in studies:
        study.optimize(train, n_trials=25)
    assert history(studies[0]) == history(studies[1])
    used = pickle.loads(pickle.dumps(first))  # one that has learnt goes on with what it is given
    studies[0].sampler = used
    studies[0].optimize(train, n_trials=5)
    assert len(studies[0].trials) == 30


def test_several_threads():
    study = study_of(EnergyTPESampler(seed=0), direction="maximize")
    study.optimize(train, n_trials=40, n_jobs=4)
    assert len(study.trials) == 40


def test_the_private_hooks_are_there():
    seen = []

    class Spy(EnergyTPESampler):
        def _compute_acquisition_func(self, samples, mpe_below, mpe_above):
            values = super()._compute_acquisition_func(samples, mpe_below, mpe_above)
            seen.append((samples, values))
            return values

    study = study_of(Spy(seed=0), direction="maximize")
    study.optimize(train, n_trials=12)
    samples, values = next(pair for pair in seen if "width" in pair[0])
    assert values.shape == samples["width"].shape


@pytest.mark.parametrize("weight", [-0.1, float("nan")])
def test_bad_weight(weight):
    with pytest.raises(ValueError, match="cooling must be finite and not negative"):
        EnergyTPESampler(cooling=weight)


@pytest.mark.parametrize("budget", [0.0, -1.0, float("nan")])
def test_bad_budget(budget):
    with pytest.raises(ValueError, match="`budget_kwh` must be a positive"):
        EnergyTPESampler(budget_kwh=budget)
