import pickle

import numpy as np

from eahas_plugins.models.kwh import Choice, Number
from eahas_plugins.transfer import EarlierStudies, EarlierStudy, EarlierTrial
from eahas_plugins.transfer.model import MOST_TRIALS
from tests.eahas_plugins.transfer.studies import PARAMETERS, made_up, value


def test_studies_without_trials_are_left_out():
    earlier = EarlierStudies([made_up(trials=()), made_up(5)])
    assert len(earlier) == 1
    assert EarlierStudies([made_up(trials=())]).portfolio() == []
    assert EarlierStudies([]).relative_kwh([{}]) is None


def test_studies_that_had_nothing_to_choose_are_left_out_and_named(caplog):
    def study(name, *parameters):
        trials = tuple(
            EarlierTrial(config=dict.fromkeys(parameters, 1.0), value=float(i), energy_kwh=1.0)
            for i in range(12)
        )
        ranges = {n: Number(low=0.0, high=2.0) for n in parameters}
        return EarlierStudy(name=name, maximize=True, parameters=ranges, trials=trials)

    studies = [study("a"), study("b", "epochs"), study("c", "epochs", "x")]
    earlier = EarlierStudies(studies, fidelity_param="epochs")
    assert [s.name for s in earlier.studies] == ["c"]
    assert "'a' says nothing and is left out: its trials have no parameter\n" in caplog.text
    assert "'b' says nothing and is left out: its trials have no parameter but" in caplog.text
    assert EarlierStudies(studies[:2], fidelity_param="epochs").portfolio() == []


def test_the_study_itself_does_not_count():
    earlier = EarlierStudies([made_up(5, key="a"), made_up(5, seed=1, key="")])
    assert [s.key for s in earlier.without("a").studies] == [""]
    assert earlier.without("") is earlier
    assert earlier.without("b") is earlier


def test_is_pickled_without_its_models():
    earlier = EarlierStudies([made_up(30)], fidelity_param="max_epoch")
    fresh = len(pickle.dumps(earlier))
    members = earlier.portfolio()
    assert len(pickle.dumps(earlier)) == fresh
    assert pickle.loads(pickle.dumps(earlier)).portfolio() == members


def test_fifty_studies_of_a_thousand_trials():
    trials = made_up(1000).trials
    studies = [made_up(seed=s, trials=trials) for s in range(50)]
    earlier = EarlierStudies(studies, fidelity_param="max_epoch")
    assert len(earlier.portfolio()) == 5
    columns = {n: c for n, c in PARAMETERS.items() if n != "max_epoch"}
    prior = earlier.value_prior(columns)
    prior.learn({"width": np.arange(1.0, 41.0)}, np.ones(40), np.arange(40.0))
    prior.predict({"width": np.arange(1.0, 601.0)}, np.ones(600))
    assert {len(model.configs) for model in earlier.models_in(columns)} == {MOST_TRIALS}


def test_studies_without_a_value_that_is_possible_are_left_out(caplog):
    studies = EarlierStudies([made_up(5), made_up(5, name="b")], fidelity_param="max_epoch")
    assert studies.related({"width": Number(low=100, high=200)}) is studies
    assert caplog.text == ""
    space = {"optimizer": Choice(values=("lion",)), "max_epoch": Choice(values=(5, 10))}
    assert len(studies.related(space)) == 0
    assert "'b' says nothing of this one" in caplog.text
    assert "(optimizer) it has no value that is possible here; it has (width, lr" in caplog.text


def test_how_well_they_rank_what_was_tried():
    tried = made_up(12, seed=5).trials
    configs, values = (
        [t.config for t in tried],
        [value({**t.config, "max_epoch": 5}) for t in tried],
    )
    right = EarlierStudies([made_up(40), made_up(40, seed=1)], fidelity_param="max_epoch")
    misleading = EarlierStudies([made_up(40, maximize=False)], fidelity_param="max_epoch")
    assert right.agreement(configs, values) > 0.8
    assert misleading.agreement(configs, values) < 0.2
    assert right.agreement(configs[:1], values[:1]) is None
    assert right.agreement(configs, [0.5] * 12) is None
    assert EarlierStudies([]).agreement(configs, values) is None
