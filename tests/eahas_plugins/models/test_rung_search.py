"""A model of a run for hosts that keep rungs apart from configurations."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from eahas_plugins.models.axes import Axis
from eahas_plugins.models.kwh import Number
from eahas_plugins.models.rung_search import (
    RUNG,
    RungSearch,
    Training,
    longest_in_vain,
    waiting,
)

LOWEST, HIGHEST = 5.0, 20.0


def search(*, rungs: Any = (LOWEST, HIGHEST)) -> RungSearch:
    columns = {"x": Number(low=0.0, high=1.0)}
    return RungSearch({"x": Axis(low=0.0, high=1.0)}, columns, rungs=rungs)


def training(key: int, x: float, rung: float | None = LOWEST, **how: Any) -> Training:
    loss = 0.1 + (x - 0.7) ** 2 + (0.2 if rung == LOWEST else 0.0)
    kwh = 1e-3 * (1.0 + x) * (rung or HIGHEST)
    known = {"state": "complete", "reward": -loss, "kwh": kwh, **how}
    return Training(key=key, config={"x": x}, rung=rung, **known)


def run_of(n: int = 14) -> list[Training]:
    places = np.random.default_rng(0).random(n)
    short = [training(key, float(x)) for key, x in enumerate(places)]
    return [*short, *(training(t.key, t.config["x"], HIGHEST) for t in short[:3])]


def test_who_waits_has_not_been_tried_on_the_highest_rung() -> None:
    trainings = [
        training(1, 0.1),
        training(2, 0.2),
        training(2, 0.2, HIGHEST, state="running"),
        training(3, 0.3, state="failed"),
        training(4, 0.4, state="cut"),
        training(5, 0.5),
        training(5, 0.5, HIGHEST, state="failed"),
    ]
    assert [t.key for t in waiting(trainings, highest=HIGHEST)] == [1]


def test_energies_to_the_highest_rung_are_learnt() -> None:
    model = search()
    trainings = run_of()
    model.learn(trainings)
    assert model.longest_factor(None) == pytest.approx(4.0)
    energies = model.kwh_to_longest([trainings[5], replace(trainings[6], kwh=None)])
    assert energies[0] == pytest.approx(4.0 * (trainings[5].kwh or 0.0))
    assert energies[1] == energies[0]
    assert model.log_kwh is not None
    said = model.log_kwh({"x": np.array([0.5]), RUNG: np.array([LOWEST])})
    assert math.exp(said[0]) == pytest.approx(7.5e-3, rel=0.2)


def test_a_kwh_brings_less_the_more_is_known() -> None:
    model, trainings = search(), run_of()
    expected = model.expected_per_kwh(trainings)
    assert expected is not None
    known = [training(100 + i, x, HIGHEST) for i, x in enumerate(np.linspace(0.0, 1.0, 21))]
    later = search().expected_per_kwh([*trainings, *known])
    assert later is not None
    assert 0.0 <= later < 0.1 * expected


def test_failed_trainings_have_no_value_and_cut_ones_the_worst() -> None:
    trainings = run_of()
    worst = min(t.reward for t in trainings)
    cut = training(200, 0.45, state="cut", reward=9.0)
    failed = [training(300 + i, 0.5, state="failed", reward=math.nan) for i in range(3)]
    model = search().learn([*trainings, cut, *failed])
    said = sorted(float(reward) for reward in model._raw)
    assert said == sorted([worst, *(t.reward for t in trainings)])


def test_a_kwh_brings_next_to_nothing_where_all_that_is_left_fails() -> None:
    xs = np.linspace(0.0, 0.5, 11)
    known = [
        *(training(i, float(x)) for i, x in enumerate(xs)),
        *(training(i, float(x), HIGHEST) for i, x in enumerate(xs)),
    ]
    failed = [
        training(100 + i, float(x), state="failed", reward=math.nan)
        for i, x in enumerate(np.linspace(0.51, 1.0, 24))
    ]
    before, after = (search().expected_per_kwh(told) for told in (known, [*known, *failed]))
    assert before is not None
    assert after is not None
    assert after < 0.6 * before


def test_trainings_of_one_length() -> None:
    model = search(rungs=None)
    trainings = [training(key, x, None) for key, x in enumerate(np.linspace(0.0, 0.5, 12))]
    assert model.longest_factor(None) == 1.0
    expected = model.expected_per_kwh(trainings)
    assert expected is not None
    assert expected > 0.0


def test_too_little_is_known_without_energies_or_trainings() -> None:
    silent = [replace(t, kwh=None) for t in run_of()]
    assert search().expected_per_kwh(silent) is None
    assert search().expected_per_kwh([]) is None
    constants = RungSearch({}, {}, rungs=None)
    assert constants.expected_per_kwh([training(1, 0.5, None)]) is None


@pytest.mark.parametrize(
    ("states", "in_vain"),
    [
        ([], False),
        (["running"], False),
        (["failed"], True),
        (["failed", "running"], True),
        (["failed", "complete"], False),
        (["failed", "cut"], False),
    ],
)
def test_whether_the_highest_rung_is_in_vain(states: list[Any], in_vain: bool) -> None:
    low = [training(i, 0.1 * i) for i in range(3)]
    low.append(training(9, 0.9, state="failed", reward=math.nan))
    high = [training(i, 0.1 * i, HIGHEST, state=state) for i, state in enumerate(states)]
    assert longest_in_vain([*low, *high], highest=HIGHEST) is in_vain


def test_what_is_no_longer_learnt_is_not_tried_again() -> None:
    axes = {"k": Axis(low=0, high=29, step=1, integer=True)}
    run = RungSearch(axes, {"k": Number(low=0.0, high=29.0, log=False)}, rungs=None, max_trials=4)
    model = run.learn(
        [
            Training(
                key=k,
                config={"k": k},
                rung=None,
                state="complete",
                reward=-abs(k - 15.0),
                kwh=1.0,
            )
            for k in range(25)
        ]
    )
    for seed in range(5):
        rng = np.random.default_rng(seed)
        params, _ = model.explore(None, longest_kwh=0.0, alpha=0.0, n=50, rng=rng)
        assert params["k"] >= 25
