"""What new studies are given of earlier ones."""

from dataclasses import replace

import pytest

from benchmarks.transfer.conditions import CONDITIONS, Condition, conditions_named, given, study_of
from tests.benchmarks.made_up_rows import make_rows
from tests.benchmarks.synthetic import SyntheticBench
from tests.eahas_plugins.transfer.studies import made_up

STUDIES = [made_up(12, seed=seed, name=str(seed)) for seed in range(4)]


def values(study):
    return [trial.value for trial in study.trials]


def by_name(studies):
    return sorted(studies, key=lambda study: study.name)


def test_as_many_as_asked_for_the_same_for_the_same_seed():
    few = Condition(n=2)
    found = given(STUDIES, few, task="t", seed=3)
    assert len(found) == 2
    assert found == given(STUDIES, few, task="t", seed=3)
    drawn = {tuple(s.name for s in given(STUDIES, few, task="t", seed=seed)) for seed in range(9)}
    assert len(drawn) > 2
    assert given(STUDIES, Condition(n=0), task="t", seed=3) == []
    assert by_name(given(STUDIES, Condition(n=None), task="t", seed=3)) == STUDIES


@pytest.mark.parametrize("damage", ["permuted", "reversed", "unrelated"])
def test_what_is_wrong_with_them(damage):
    found = by_name(given(STUDIES, Condition(n=None, damage=damage), task="t", seed=0))
    for before, after in zip(STUDIES, found, strict=True):
        assert [t.config for t in after.trials] == [t.config for t in before.trials]
        assert [t.energy_kwh for t in after.trials] == [t.energy_kwh for t in before.trials]
        if damage == "permuted":
            assert values(after) != values(before)
            assert sorted(values(after)) == sorted(values(before))
            assert after.maximize
        elif damage == "reversed":
            assert values(after) == values(before)
            assert not after.maximize
        else:
            assert values(after) == [-t.energy_kwh for t in before.trials]


def test_complete_trainings_of_rows_become_a_study():
    space = SyntheticBench().space
    config = dict(space.get_default_configuration())
    first, second, *_ = (replace(row, config=config) for row in make_rows())
    rows = [first, replace(second, epochs=3)]
    study = study_of(rows, space, "old")
    assert study.name == "old"
    assert study.maximize
    (trial,) = study.trials
    assert (trial.config, trial.value, trial.energy_kwh) == (config, 0.5, 0.1)
    assert set(study.parameters) == set(config)


def test_conditions_have_names_of_their_own():
    names = [condition.name for condition in CONDITIONS]
    assert names[0] == "ea-bohb"
    assert len(set(names)) == len(names) == len({c.text for c in CONDITIONS})
    assert conditions_named(None) == CONDITIONS
    asked = conditions_named("ea-bohb-earlier-3")
    assert [c.n for c in asked] == [0, 3]
    with pytest.raises(ValueError, match=r"conditions must be some of ea-bohb, .* but got 'ea'"):
        conditions_named("ea")
