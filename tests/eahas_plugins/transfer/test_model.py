import numpy as np
import pytest
from scipy.stats import spearmanr

from eahas_plugins.transfer.encoder import Encoder
from eahas_plugins.transfer.model import MOST_TRIALS, StudyModel, levels_of
from tests.eahas_plugins.transfer.studies import PARAMETERS, made_up, value

COLUMNS = {name: column for name, column in PARAMETERS.items() if name != "max_epoch"}
ENCODER = Encoder(COLUMNS)


def test_levels_are_logarithmic_and_unknown_lengths_the_longest():
    assert levels_of([5.0, 10.0, 20.0, None]).tolist() == [0.0, 0.5, 1.0, 1.0]
    assert levels_of([7.0, 7.0]).tolist() == [1.0, 1.0]
    assert levels_of([]).tolist() == []


def test_predicts_the_order_of_configurations_for_the_longest_training():
    model = StudyModel(made_up(60), ENCODER, fidelity_param="max_epoch")
    configs = [{**t.config, "max_epoch": 20} for t in made_up(40, seed=9).trials]
    encoded = ENCODER.encode(configs)
    found = model.predict(encoded, np.ones(40))
    assert spearmanr(found, [value(c) for c in configs]).statistic > 0.85
    assert (model.predict(encoded, np.zeros(40)) < found).mean() > 0.9


@pytest.mark.parametrize("n", [1, 2, 3])
def test_works_from_one_trial_on(n):
    model = StudyModel(made_up(n), ENCODER, fidelity_param=None)
    assert np.isfinite(model.predict(ENCODER.encode(model.configs), np.ones(n))).all()


def test_equal_values_say_nothing():
    study = made_up(10)
    trials = tuple(type(t)(config=t.config, value=0.5) for t in study.trials)
    model = StudyModel(made_up(10, trials=trials), ENCODER, fidelity_param="max_epoch")
    assert np.allclose(model.predict(ENCODER.encode(model.configs), np.ones(10)), 0.0)


def test_of_a_long_study_it_learns_the_best_and_some_of_all_others():
    study = made_up(500)
    model = StudyModel(study, ENCODER, fidelity_param="max_epoch")
    assert len(model.configs) == MOST_TRIALS
    ranks = np.argsort(np.argsort(-study.rewards))
    learnt = sorted(
        int(ranks[next(i for i, t in enumerate(study.trials) if t.config is config)])
        for config in model.configs
    )
    assert learnt[: MOST_TRIALS // 2] == list(range(MOST_TRIALS // 2))
    assert learnt[-1] == 499


def test_of_a_long_study_the_longest_trainings_may_be_none_of_those_it_learns():
    study = made_up(500)
    short = [t for t in study.trials if t.config["max_epoch"] < 20]
    place = len(short) // 2 + 1  # neither of the best nor one of those evenly from the others
    for middling in sorted(short, key=lambda t: t.value)[place : place + 8]:
        longest = type(middling)(config={**middling.config, "max_epoch": 20}, value=middling.value)
        trials = tuple(longest if t is middling else t for t in short)
        model = StudyModel(made_up(1, trials=trials), ENCODER, fidelity_param="max_epoch")
        assert np.isfinite(model.predict(ENCODER.encode([longest.config]), np.ones(1))).all()
