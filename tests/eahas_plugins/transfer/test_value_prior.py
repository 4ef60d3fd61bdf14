import numpy as np
import pytest

from eahas_plugins.transfer import EarlierStudies
from eahas_plugins.transfer.encoder import Encoder
from eahas_plugins.transfer.value_prior import rank_weights
from tests.eahas_plugins.transfer.studies import PARAMETERS, made_up, value

COLUMNS = {name: column for name, column in PARAMETERS.items() if name != "max_epoch"}


def prior_of(*studies):
    return EarlierStudies(studies, fidelity_param="max_epoch").value_prior(COLUMNS)


def told(prior, n=12, **given):
    study = made_up(n, seed=99, **given)
    encoded = Encoder(COLUMNS).encode([t.config for t in study.trials])
    prior.learn(
        encoded, np.ones(n), np.array([value({**t.config, "max_epoch": 20}) for t in study.trials])
    )
    return prior


def test_the_study_that_ranks_like_the_new_one_has_the_weight():
    studies = [
        made_up(40, seed=1, best_width=1.0),
        made_up(40, seed=2),
        made_up(40, seed=3, maximize=False),
    ]
    prior = told(prior_of(*studies))
    assert prior.weights[1] > 0.9
    assert prior.weights[2] == 0.0
    assert prior.weights.sum() == pytest.approx(1.0)


def test_before_there_is_anything_to_rank_all_are_equal():
    prior = prior_of(made_up(9), made_up(9, seed=1))
    assert prior.weights.tolist() == [0.5, 0.5]
    assert rank_weights(np.zeros((3, 2)), np.zeros(2), np.ones(2)).tolist() == [1 / 3] * 3
    assert rank_weights(np.zeros((2, 5)), np.zeros(5), np.ones(5)).tolist() == [0.5, 0.5]


def test_a_reversed_study_alone_says_nothing():
    prior = told(prior_of(made_up(40, maximize=False)))
    assert prior.weights.tolist() == [0.0]
    assert prior.predict({}, np.ones(3)).tolist() == [0.0] * 3


def test_only_trainings_of_the_same_length_are_compared():
    predicted, rewards = np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([1.0, 2.0, 0.3, 0.4])
    assert rank_weights(predicted, rewards, np.array([1.0, 1.0, 0.0, 0.0])).tolist() == [1.0]
    assert rank_weights(predicted, rewards, np.ones(4)).tolist() == [0.0]


def test_weights_are_the_same_each_time():
    predicted = np.random.default_rng(0).random((4, 9))
    rewards = np.random.default_rng(1).random(9)
    first = rank_weights(predicted, rewards, np.ones(9))
    assert rank_weights(predicted, rewards, np.ones(9)).tolist() == first.tolist()
