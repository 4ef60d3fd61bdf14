import math

import pytest

from eahas_plugins.models.kwh import Choice, Number
from eahas_plugins.transfer import EarlierStudy, EarlierTrial
from eahas_plugins.transfer.study import columns_seen, fitted, joined
from tests.eahas_plugins.transfer.studies import made_up


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_are_finite(value):
    with pytest.raises(ValueError, match="value must be finite"):
        EarlierTrial(config={}, value=value)


@pytest.mark.parametrize("number", [0.0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize("name", ["energy_kwh", "length"])
def test_energies_and_lengths_are_positive(name, number):
    with pytest.raises(ValueError, match=f"{name} must be positive and finite, or None"):
        EarlierTrial(config={}, value=1.0, **{name: number})


def test_rewards_are_larger_for_better_values():
    study = made_up(3)
    losses = made_up(3, maximize=False)
    assert study.rewards.tolist() == [t.value for t in study.trials]
    assert losses.rewards.tolist() == [-t.value for t in study.trials]


def test_the_length_is_a_parameter_or_the_budget_of_its_host():
    trials = (
        EarlierTrial(config={"epochs": 5, "kind": "short"}, value=1.0, length=3.0),
        EarlierTrial(config={"kind": "long"}, value=1.0, length=9.0),
        EarlierTrial(config={}, value=1.0),
    )
    parameters = {"kind": Choice(values=("short", "long")), "epochs": Number(low=1, high=9)}
    study = EarlierStudy(name="s", maximize=True, parameters=parameters, trials=trials)
    assert study.lengths("epochs") == [5.0, 9.0, None]
    assert study.lengths("kind") == [1.0, 2.0, None]
    assert study.lengths(None) == [3.0, 9.0, None]


def test_ranges_are_those_seen_and_wide_ones_logarithmic():
    configs = [{"x": 1, "y": 1e-4, "k": "a", "m": 1}, {"x": 5, "y": 1.0, "k": "b", "m": "auto"}]
    assert columns_seen(configs) == {
        "x": Number(low=1, high=5),
        "y": Number(low=1e-4, high=1.0, log=True),
        "k": Choice(values=("a", "b")),
        "m": Choice(values=(1, "auto")),
    }


def test_of_several_studies_the_range_is_that_of_all():
    narrow, wide = Number(low=2, high=4), Number(low=1, high=3, log=True)
    assert joined([narrow, wide]) == Number(low=1, high=4, log=True)
    assert joined([narrow, Number(low=0, high=1)]) == Number(low=0, high=4)
    assert joined([Choice(values=("a", 1)), Choice(values=(True, "a"))]) == Choice(
        values=("a", 1, True)
    )
    assert joined([Choice(values=(16, 32)), narrow]) == narrow


def test_in_another_space_numbers_are_clipped_and_unknown_values_left_out():
    columns = {
        "x": Number(low=0.0, high=1.0),
        "k": Choice(values=("a", None)),
        "flag": Choice(values=(0, 1)),
        "n": Number(low=1, high=2),
    }
    config = {"x": 3.0, "k": None, "flag": True, "n": "many", "old": 1}
    assert fitted(config, columns) == {"x": 1.0, "k": None}


def test_a_tuple_is_the_same_choice_as_the_list_that_a_file_has_of_it():
    columns = {"layers": Choice(values=((32, 32), (64,), (1,)))}
    assert fitted({"layers": [32, 32]}, columns) == {"layers": (32, 32)}
    assert fitted({"layers": [True]}, columns) == {}
    assert fitted({"layers": [32]}, columns) == {}
    assert columns_seen([{"layers": [64]}, {"layers": (64,)}])["layers"].values == ([64],)
