import numpy as np
import pytest
from scipy.stats import spearmanr

from eahas_plugins.models.kwh import KwhModel
from eahas_plugins.transfer import EarlierStudies, EarlierTrial
from eahas_plugins.transfer.energy import EarlierKwhModel, EnergyPrior
from tests.eahas_plugins.transfer.studies import PARAMETERS, made_up

NEW = made_up(30, seed=7)
CONFIGS = [t.config for t in NEW.trials]
LOGS = np.log([t.energy_kwh for t in NEW.trials])


def on_another_machine(study, factor):
    trials = tuple(
        type(t)(config=t.config, value=t.value, energy_kwh=factor * t.energy_kwh)
        for t in study.trials
    )
    return made_up(trials=trials)


def test_ranks_energies_before_the_first_trial_whatever_machines_they_are_from():
    studies = [on_another_machine(made_up(20, seed=s), 10.0**s) for s in range(3)]
    model = EarlierKwhModel(
        PARAMETERS, EnergyPrior(studies, PARAMETERS, fidelity_param="max_epoch")
    )
    assert model.ready
    assert spearmanr(model.predict_log_kwh(CONFIGS), LOGS).statistic > 0.97


def test_a_long_study_is_learnt_to_its_end():
    early = [{**t.config, "optimizer": "sgd"} for t in made_up(140, seed=1).trials]
    late = [{**t.config, "optimizer": "adam"} for t in made_up(59, seed=2).trials]
    energies = [1.0] * len(early) + [100.0] * len(late)
    trials = tuple(
        EarlierTrial(config=config, value=0.5, energy_kwh=energy_kwh)
        for config, energy_kwh in zip(early + late, energies, strict=True)
    )
    model = EarlierKwhModel(PARAMETERS, EnergyPrior([made_up(trials=trials)], PARAMETERS))
    sgd, adam = model.predict_log_kwh([early[0], {**early[0], "optimizer": "adam"}])
    assert adam - sgd == pytest.approx(np.log(100.0), rel=0.1)


def test_a_few_trials_tell_the_factor():
    prior = EnergyPrior([on_another_machine(made_up(40), 1e3)], PARAMETERS)
    model, plain = EarlierKwhModel(PARAMETERS, prior), KwhModel(PARAMETERS)
    observations = [(t.config, t.energy_kwh) for t in made_up(10, seed=5).trials]
    model.add_many(observations)
    plain.add_many(observations)
    errors = [np.abs(m.predict_log_kwh(CONFIGS) - LOGS).mean() for m in (model, plain)]
    assert errors[0] < 0.3
    assert errors[0] < errors[1]


def test_running_trials_count_by_what_they_are_more_than_expected():
    prior = EnergyPrior([made_up(40)], PARAMETERS)
    model = EarlierKwhModel(PARAMETERS, prior)
    before = model.predict_log_kwh(CONFIGS)
    after = model.predict_log_kwh(CONFIGS, running=[(CONFIGS[0], 10.0 * np.exp(LOGS[0]))])
    assert (after > before).all()


@pytest.mark.parametrize("studies", [[], [made_up(9)]])
def test_without_enough_energies_it_is_a_plain_model(studies):
    prior = EnergyPrior(studies, PARAMETERS)
    assert not prior.ready
    model, plain = EarlierKwhModel(PARAMETERS, prior), KwhModel(PARAMETERS)
    assert not model.ready
    for one in (model, plain):
        one.add_many([(t.config, t.energy_kwh) for t in made_up(12).trials])
    np.testing.assert_array_equal(model.predict_log_kwh(CONFIGS), plain.predict_log_kwh(CONFIGS))
    with pytest.raises(RuntimeError, match="must know ten energies"):
        prior.log_kwh(model.encode(CONFIGS))


def test_extreme_energies_spoil_nothing():
    model = EarlierKwhModel(PARAMETERS, EnergyPrior([made_up(40)], PARAMETERS))
    model.add_many([(CONFIGS[0], 1e300), (CONFIGS[1], 1e-320), (CONFIGS[2], float("nan"))])
    assert np.isfinite(model.predict_log_kwh(CONFIGS)).all()


def test_says_what_a_training_needs_in_units_of_a_usual_one():
    earlier = EarlierStudies([made_up(60)], fidelity_param="max_epoch")
    config = {"width": 8, "lr": 0.1, "optimizer": "sgd", "max_epoch": 10}
    usual, four = earlier.relative_kwh([config, {**config, "width": 16, "max_epoch": 20}])
    assert usual == pytest.approx(1.0, rel=0.5)
    assert four / usual == pytest.approx(4.0, rel=0.2)
    assert EarlierStudies([made_up(3)]).relative_kwh([config]) is None
