"""Asynchronous successive halving over kWh."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from optuna.pruners import BasePruner

from eahas_plugins.optuna.pruners import (
    EnergyHyperbandPruner,
    EnergySuccessiveHalvingPruner,
)
from tests.eahas_plugins.optuna.pruners.studies import Point, new_study, run


@pytest.mark.parametrize(
    ("min_kwh", "max_kwh", "factor", "rungs"),
    [
        (1.0, 243.0, 3, [1, 3, 9, 27, 81, 243]),  # floor(log) would lose the last
        (1.0, 100.0, 3, [1, 3, 9, 27, 81]),
        (1e-4, 1e-1, 10, [1e-4, 1e-3, 1e-2, 1e-1]),
        (1.0, 1.5, 2, [1]),
    ],
)
def test_rung_counts(min_kwh: float, max_kwh: float, factor: int, rungs: list[float]) -> None:
    pruner = EnergySuccessiveHalvingPruner(
        min_kwh=min_kwh, max_kwh=max_kwh, reduction_factor=factor
    )
    assert pruner.rungs_kwh == pytest.approx(rungs)


@pytest.mark.parametrize(
    ("others", "value", "pruned"),
    [
        ([], 0.5, False),  # the first is the best so far
        ([0.4], 0.5, False),
        ([0.6], 0.5, True),
        ([0.5], 0.5, False),  # a tie is no reason
        ([0.6, 0.4, 0.3], 0.5, True),  # one of four, factor 3
        ([0.6, 0.4, 0.3, 0.2, 0.1], 0.5, False),  # two of six
    ],
)
def test_successive_halving_at_a_rung(others: list[float], value: float, pruned: bool) -> None:
    pruner = EnergySuccessiveHalvingPruner(min_kwh=1.0, max_kwh=10.0, reduction_factor=3)
    study = new_study(pruner)
    for other in sorted(others):  # each is promoted or pruned, all leave their value
        run(study, [(1.0, other)])
    assert (run(study, [(1.0, value)]) is not None) is pruned


def test_no_decision_between_rungs() -> None:
    pruner = EnergySuccessiveHalvingPruner(min_kwh=1.0, max_kwh=10.0, reduction_factor=3)
    study = new_study(pruner)
    run(study, [(1.0, 0.9)])
    assert run(study, [(0.9, 0.1), (0.99, 0.1)]) is None
    assert run(study, [(1.0, 0.95), (1.5, 0.1), (2.9, 0.1)]) is None


def test_a_step_over_several_rungs_counts_at_each() -> None:
    pruner = EnergySuccessiveHalvingPruner(min_kwh=1.0, max_kwh=10.0, reduction_factor=3)
    study = new_study(pruner)
    run(study, [(9.5, 0.5)])
    attrs = study.trials[0].system_attrs
    assert sorted(attrs) == ["energy_rung:0:1", "energy_rung:0:3", "energy_rung:0:9"]


@pytest.mark.parametrize(
    ("points", "step_kwh", "expected"),
    [
        ([(9.0, 0.5), (10.0, 0.6), (11.0, 0.7)], None, 2),
        ([(9.0, 0.5), (10.0, 0.6)], 1.5, 1),  # the next step would pass it
        ([(9.0, 0.5), (10.0, 0.6)], 1.0, 2),
    ],
)
def test_nobody_passes_max_kwh(points: list[Point], step_kwh: float | None, expected: int) -> None:
    pruner = EnergySuccessiveHalvingPruner(min_kwh=1.0, max_kwh=10.0)
    assert run(new_study(pruner), points, step_kwh=step_kwh) == expected


def test_bootstrap() -> None:
    pruner = EnergySuccessiveHalvingPruner(min_kwh=1.0, max_kwh=10.0, bootstrap_count=2)
    study = new_study(pruner)
    assert [run(study, [(1.0, value)]) for value in (0.1, 0.2, 0.3)] == [1, 1, None]


@pytest.mark.parametrize("kind", [EnergySuccessiveHalvingPruner, EnergyHyperbandPruner])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_kwh": 0.0}, "`min_kwh` must be a positive"),
        ({"min_kwh": math.nan}, "`min_kwh` must be a positive"),
        ({"max_kwh": math.inf}, "`max_kwh` must be a positive"),
        ({"max_kwh": 0.5}, "`max_kwh` must be larger"),
        ({"max_kwh": 1.0}, "`max_kwh` must be larger"),
        ({"reduction_factor": 1}, "`reduction_factor` must be at least 2"),
        ({"reduction_factor": math.nan}, "`reduction_factor` must be at least 2"),
        ({"bootstrap_count": -1}, "`bootstrap_count`"),
    ],
)
def test_rung_arguments(kind: Callable[..., BasePruner], arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**{"min_kwh": 1.0, "max_kwh": 10.0, **arguments})


@pytest.mark.parametrize("rate", [-1, 3])
def test_early_stopping_rate(rate: int) -> None:
    with pytest.raises(ValueError, match="between 0 and 2"):
        EnergySuccessiveHalvingPruner(min_kwh=1.0, max_kwh=10.0, min_early_stopping_rate=rate)
