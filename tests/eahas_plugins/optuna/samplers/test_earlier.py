"""EA-BOHB that begins with earlier studies."""

import logging
import math
import pickle
from dataclasses import replace

import numpy as np
import optuna
import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from eahas_plugins.models.kwh import Number
from eahas_plugins.optuna import ea_bohb, export_study
from eahas_plugins.optuna.samplers._earlier import MEMBER_ATTR, fitted_value
from eahas_plugins.transfer import EarlierStudy, EarlierTrial, read_study
from tests.eahas_plugins.optuna.samplers.situations import OBJECTIVES
from tests.eahas_plugins.optuna.samplers.tasks import SCHEDULES, history, study_of, train
from tests.eahas_plugins.transfer.studies import made_up

EARLIER = made_up(40)


def run(n_trials=25, objective=train, earlier=(EARLIER,), direction="maximize", **options):
    options = {"seed": 0, "n_candidates": 100, **options}
    study = study_of(ea_bohb(earlier=list(earlier), **options)[0], direction=direction)
    study.optimize(objective, n_trials=n_trials)
    return study


def members(study):
    return {
        t.number: t.user_attrs[MEMBER_ATTR] for t in study.trials if MEMBER_ATTR in t.user_attrs
    }


def test_begins_with_what_was_good_before_trained_short():
    study = run()
    assert list(members(study).values()) == [0, 1, 2, 3, 4]
    first = study.trials[0]
    assert first.params["max_epoch"] == SCHEDULES[0]
    best = sorted(EARLIER.trials, key=lambda t: -t.value)[:20]
    assert any(first.params["lr"] == t.config["lr"] for t in best)
    assert study.trials[0].value > np.median([t.value for t in run(earlier=()).trials[:8]])


def test_without_earlier_studies_nothing_changes():
    assert history(run(earlier=())) == history(run(earlier=[made_up(trials=())]))
    assert members(run(6, earlier=())) == {}


def test_the_same_with_the_same_seed_also_after_pickling():
    sampler = ea_bohb(earlier=[EARLIER], seed=1)[0]
    studies = [
        study_of(one, direction="maximize")
        for one in (sampler, pickle.loads(pickle.dumps(sampler)))
    ]
    for study in studies:
        study.optimize(train, n_trials=20)
    assert history(studies[0]) == history(studies[1])


def test_a_new_process_goes_on_where_the_old_one_ended(tmp_path):
    url = f"sqlite:///{tmp_path}/study.db"
    for seed in (0, 1):
        study = optuna.create_study(
            storage=url,
            study_name="s",
            load_if_exists=True,
            direction="maximize",
            sampler=ea_bohb(earlier=[EARLIER], seed=seed)[0],
        )
        study.optimize(train, n_trials=3)
    found = list(members(study).values())
    assert found == [0, 1, 2]


def test_workers_share_the_first_configurations():
    study = study_of(ea_bohb(earlier=[EARLIER], seed=0)[0], direction="maximize")
    study.optimize(train, n_trials=12, n_jobs=4)
    assert sorted(members(study).values()) == [0, 1, 2, 3, 4]


def test_parameters_that_one_side_alone_has():
    def other(trial):
        trial.set_user_attr("energy_kwh", 1e-3)
        depth = trial.suggest_int("depth", 1, 4)
        return trial.suggest_float("lr", 1e-2, 0.05, log=True) * depth

    study = run(objective=other)
    assert list(members(study).values()) == [0, 1, 2, 3, 4]
    assert all(1e-2 <= t.params["lr"] <= 0.05 for t in study.trials)
    assert len({t.params["depth"] for t in study.trials[:5]}) > 1


@pytest.mark.parametrize("length", [None, "max_epoch", "epochs"])
def test_a_study_that_had_nothing_to_choose_is_as_none(caplog, length):
    def bare(trial):
        trial.set_user_attr("energy_kwh", 1e-3)
        return 1.0 if length is None else float(trial.suggest_int(length, 1, 9))

    earlier = optuna.create_study()
    earlier.optimize(bare, n_trials=12)
    assert history(run(earlier=[earlier])) == history(run(earlier=()))
    assert caplog.text.count("says nothing") == 1


def test_nothing_in_common_is_as_nothing_and_said(caplog):
    def other(trial):
        return trial.suggest_float("z", 0.0, 1.0)

    assert history(run(objective=other)) == history(run(objective=other, earlier=()))
    assert caplog.text.count("'seed 0' says nothing of this one and is left out") == 1


def test_studies_of_other_parameters_take_no_trials(caplog):
    unrelated = EarlierStudy(
        name="far",
        maximize=True,
        parameters={"z": Number(low=0.0, high=1.0)},
        trials=tuple(EarlierTrial(config={"z": z / 9}, value=z) for z in range(10)),
    )
    found = run(earlier=[unrelated, EARLIER])
    assert caplog.text.count("'far' says nothing of this one and is left out") == 1
    expected = run(earlier=[EARLIER])
    taken = [[study.trials[i].params for i in members(study)][1:] for study in (found, expected)]
    assert taken[0] == taken[1]


def test_the_log_says_what_is_used(caplog):
    caplog.set_level(logging.INFO)
    run(24, earlier=[replace(EARLIER, name="old"), made_up(30, maximize=False, name="bad")])
    assert "trial 0 begins with a configuration of the earlier study" in caplog.text
    assert "of a usual training's energy" in caplog.text
    assert "earlier studies count by how well they rank them: 'old' 1.00; 1 others" in caplog.text
    caplog.clear()
    run(24, earlier=[made_up(30, maximize=False, name="bad")])
    assert "no earlier study counts: none ranks them better than chance" in caplog.text


def test_of_a_storage_with_several_studies_one_is_named_as_python_names_it(tmp_path):
    url = f"sqlite:///{tmp_path}/s.db"
    for name in ("a", "b"):
        study = optuna.create_study(storage=url, study_name=name, direction="maximize")
        study.optimize(train, n_trials=3)
    with pytest.raises(
        ValueError, match=r"studies 'a', 'b': give read_study\(.*study='a'\) in"
    ) as error:
        ea_bohb(earlier=[tmp_path / "s.db"])
    assert "--" not in str(error.value)
    ea_bohb(earlier=[read_study(url, study="a")])


def test_a_study_that_is_resumed_does_not_count_as_an_earlier_one(tmp_path):
    url = f"sqlite:///{tmp_path}/study.db"
    histories = []
    for earlier in ([], ["itself"]):
        study = optuna.create_study(
            storage=url,
            study_name=f"s{len(histories)}",
            direction="maximize",
            sampler=ea_bohb(seed=0)[0],
        )
        study.optimize(train, n_trials=3)
        study.sampler = ea_bohb(seed=1, earlier=[study for _ in earlier])[0]
        study.optimize(train, n_trials=12)
        histories.append(history(study))
        assert members(study) == {}
    assert histories[0] == histories[1]


def test_enqueued_parameters_stay():
    study = study_of(ea_bohb(earlier=[EARLIER], seed=0)[0], direction="maximize")
    study.enqueue_trial({"lr": 0.5})
    study.optimize(train, n_trials=3)
    assert study.trials[0].params["lr"] == 0.5


def test_earlier_studies_may_be_anywhere(tmp_path):
    study = run(12, earlier=())
    export_study(study, tmp_path / "s.jsonl.gz")
    url = f"sqlite:///{tmp_path}/study.db"
    optuna.copy_study(from_study_name=study.study_name, from_storage=study._storage, to_storage=url)
    found = [history(run(15, earlier=[s])) for s in (study, tmp_path / "s.jsonl.gz", url)]
    assert found[0] == found[1] == found[2]


def test_losses_and_accuracies_may_be_mixed():
    losses = made_up(40, maximize=False)
    as_losses = made_up(
        trials=tuple(replace(t, value=1.0 - t.value) for t in losses.trials),
        maximize=False,
    )
    first = run(1).trials[0].params
    assert run(1, earlier=[as_losses]).trials[0].params == first


@pytest.mark.parametrize("earlier", ["sqlite:///s.db", EARLIER])
def test_a_list_is_asked_for(earlier):
    with pytest.raises(TypeError, match="earlier must be a list of studies but got"):
        ea_bohb(earlier=earlier)


def test_a_new_study_of_several_objectives_is_refused():
    study = optuna.create_study(
        directions=["minimize", "maximize"], sampler=ea_bohb(earlier=[EARLIER])[0]
    )
    with pytest.raises(ValueError, match="earlier must be empty for a study of several"):
        study.optimize(lambda trial: (trial.suggest_float("x", 0.0, 1.0), 1.0), n_trials=1)


def test_anything_else_is_refused(tmp_path):
    with pytest.raises(TypeError, match="earlier must hold studies of Optuna's"):
        ea_bohb(earlier=[3])
    with pytest.raises(FileNotFoundError, match="there must be a study"):
        ea_bohb(earlier=[tmp_path / "none"])
    both = optuna.create_study(study_name="both", directions=["minimize", "maximize"])
    with pytest.raises(ValueError, match="'both' has 2"):
        ea_bohb(earlier=[both])


@pytest.mark.parametrize(
    ("value", "distribution", "expected"),
    [
        (5.0, FloatDistribution(0.0, 1.0), (1.0,)),
        (0.31, FloatDistribution(0.0, 1.0, step=0.25), (0.25,)),
        (0.5, IntDistribution(1, 9), (1,)),
        (6, IntDistribution(1, 9, step=4), (5,)),
        (33, IntDistribution(1, 64, log=True), (33,)),
        ("a", FloatDistribution(0.0, 1.0), None),
        (True, IntDistribution(0, 1), None),
        (None, CategoricalDistribution([None, "a"]), (None,)),
        (1, CategoricalDistribution([True, 1]), (1,)),
        (16, CategoricalDistribution([8, 32]), None),
        (math.nan, FloatDistribution(0.0, 1.0), None),
    ],
)
def test_values_that_fit_another_range(value, distribution, expected):
    found = fitted_value(value, distribution)
    assert found == expected
    assert expected is None or type(found[0]) is type(expected[0])


MISLEADING = {
    "permuted": lambda study: made_up(
        trials=tuple(
            type(t)(config=t.config, value=other.value, energy_kwh=t.energy_kwh)
            for t, other in zip(study.trials, study.trials[7:] + study.trials[:7], strict=True)
        )
    ),
    "reversed": lambda study: made_up(trials=study.trials, maximize=False),
}


def test_of_studies_that_mislead_few_configurations_are_tried():
    counts = [
        len(members(run(12, earlier=[MISLEADING["reversed"](EARLIER)], seed=s))) for s in (0, 1, 2)
    ]
    assert max(counts) < 5
    assert min(counts) == 1


@pytest.mark.parametrize("kind", MISLEADING)
def test_misleading_studies_do_little_harm(kind):
    best = {
        name: np.mean([run(30, earlier=earlier, seed=s).best_value for s in range(3)])
        for name, earlier in (("without", []), ("with", [MISLEADING[kind](EARLIER)]))
    }
    assert best["with"] > best["without"] - 0.05


@pytest.mark.filterwarnings("ignore:Choices for a categorical", "ignore:The distribution is spec")
@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: objective.__name__)
def test_however_odd_an_earlier_study_is_the_new_one_goes_on(objective, tmp_path):
    old = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    old.optimize(objective, n_trials=15)
    export_study(old, tmp_path / "old.jsonl")
    with_file = []
    for earlier in (old, tmp_path / "old.jsonl"):
        new = optuna.create_study(sampler=ea_bohb(earlier=[earlier], seed=0, n_candidates=50)[0])
        new.optimize(objective, n_trials=14)
        assert len(new.trials) == 14
        with_file.append([t.params for t in new.trials])
    assert with_file[0] == with_file[1]
