"""What a target function may return: NumPy counts, anything else fails its trial by name."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace, Constant
from smac import Scenario
from smac.runhistory import StatusType, TrialValue

from eahas_plugins.smac import EnergyHyperparameterOptimizationFacade
from tests.eahas_plugins.smac.helpers import QUIET

SPACE = ConfigurationSpace({"x": (0.0, 1.0)}, seed=0)


def facade(folder: Path, target: Any, *, space: Any = SPACE, **kwargs: Any) -> Any:
    scenario = Scenario(
        space, name="run", output_directory=folder,
        **{"deterministic": True, "crash_cost": 2.0, "n_trials": 4, **kwargs},
    )  # fmt: skip
    return EnergyHyperparameterOptimizationFacade(
        scenario, target, budget_kwh=1.0, n_startup_trials=4, logging_level=QUIET
    )


class Tensor:
    """A number of a library that is not NumPy."""

    ndim = 0

    def __init__(self, value: float) -> None:
        self._value = value

    def item(self) -> float:
        return self._value


@pytest.mark.parametrize("number", [np.float32, np.array, Tensor])
def test_numpy_and_tensors_count_in_what_a_target_tells(
    tmp_path: Path, number: Callable[[float], Any]
) -> None:
    def target(config: Any, seed: int = 0) -> Any:
        told = {"energy_kwh": number(0.125), "curve": np.arange(3), "n": {"deep": number(2.0)}}
        return number(0.5), told

    facade(tmp_path, target).optimize()
    rows = json.loads((tmp_path / "run" / "0" / "runhistory.json").read_text())["data"]
    told = {"energy_kwh": 0.125, "curve": [0, 1, 2], "n": {"deep": 2}}
    assert [row["additional_info"] for row in rows] == [told] * 4


@pytest.mark.parametrize(
    "cost",
    [None, math.nan, math.inf, "0.5", True, 10**400, [0.5, "b"], (0.5, 0.5)],
    ids=["none", "nan", "inf", "text", "truth", "huge", "list", "tuple"],
)
def test_what_is_no_cost_fails_its_trial_by_name_and_its_energy_counts(
    tmp_path: Path, said: Callable[[], str], cost: Any
) -> None:
    def target(config: Any, seed: int = 0) -> Any:
        return 0.25 if cost is None and config["x"] < 0.5 else cost, {"energy_kwh": 0.125}

    host = facade(tmp_path, target)
    if cost is None:  # some succeed
        host.optimize()
    else:
        with pytest.raises(RuntimeError, match=r"a target function|number of objectives"):
            host.optimize()
    failed = [v for v in host.runhistory.values() if v.status == StatusType.CRASHED]
    assert failed
    assert {v.additional_info["energy_kwh"] for v in failed} == {0.125}
    assert "energy_estimated" not in failed[0].additional_info
    assert "a trial has failed and counts with its energy (125 Wh)" in said()
    assert host.spent_kwh == pytest.approx(0.5)


@pytest.mark.parametrize("number", [Decimal("0.5"), Fraction(1, 2), np.int8(1), 1])
def test_any_kind_of_number_is_a_cost(tmp_path: Path, number: Any) -> None:
    host = facade(tmp_path, lambda config, seed=0: (number, {"energy_kwh": 0.1}))
    host.optimize()
    assert {value.cost for value in host.runhistory.values()} == {float(number)}


@pytest.mark.parametrize("asks", [False, True])
@pytest.mark.parametrize(
    ("told", "stored"),
    [
        (PurePosixPath("a/b"), "PurePosixPath('a/b')"),
        ({(1, "a"): {2}}, {"(1, 'a')": "{2}"}),
        ([1j, b"x"], ["1j", "b'x'"]),
    ],
)
def test_what_a_file_cannot_hold_is_kept_as_text(
    tmp_path: Path, told: Any, stored: Any, asks: bool
) -> None:
    info = {"energy_kwh": 0.125, "best": told}
    host = facade(tmp_path, None if asks else lambda config, seed=0: (0.5, info), n_trials=2)
    if asks:
        host.tell(host.ask(), TrialValue(cost=0.5, additional_info=info))
    else:
        host.optimize()
    rows = json.loads((tmp_path / "run" / "0" / "runhistory.json").read_text())["data"]
    assert all(row["additional_info"]["best"] == stored for row in rows)
    assert info["best"] is told


def test_one_value_may_be_told_of_many_trials(tmp_path: Path) -> None:
    lost = TrialValue(cost=2.0, status=StatusType.CRASHED)
    host = facade(tmp_path, None)
    for kwh in (0.1, None, 0.3, None):  # those that failed are charged the median so far
        done = TrialValue(cost=0.5, additional_info={"energy_kwh": kwh})
        host.tell(host.ask(), lost if kwh is None else done)
    assert host.spent_kwh == pytest.approx(0.1 + 0.1 + 0.3 + 0.2)
    assert lost.additional_info == {}


def test_nothing_may_be_told_beside_the_cost_of_a_failure(tmp_path: Path) -> None:
    nothing: Any = None  # which SMAC takes
    host = facade(tmp_path, None)
    lost = TrialValue(cost=2.0, status=StatusType.CRASHED, additional_info=nothing)
    host.tell(host.ask(), lost)
    with pytest.raises(ValueError, match="must report its energy but returned none"):
        host.tell(host.ask(), TrialValue(cost=0.5, additional_info=nothing))
    assert len(host.runhistory) == 2


def test_a_training_that_leaves_the_program_fails_its_trial(tmp_path: Path) -> None:
    """As what is made for a command line does at its end, even where all went well."""

    def target(config: Any, seed: int = 0) -> Any:
        if config["x"] < 0.5:
            sys.exit()
        return 0.5, {"energy_kwh": 0.1}

    host = facade(tmp_path, target)
    host.optimize()
    errors = [v.additional_info.get("error", "") for v in host.runhistory.values()]
    assert sum("the training has ended with SystemExit()" in error for error in errors) == 2


@pytest.mark.parametrize("returned", [(0.5, 0.1), (0.5, None), (1, 2, 3), {"a": 0.5}])
def test_an_answer_of_another_form_is_named_and_its_energy_unknown(
    tmp_path: Path, returned: Any
) -> None:
    host = facade(tmp_path, lambda config, seed=0: returned, objectives=["a", "b"])
    with pytest.raises(RuntimeError, match=r"energy charged: unknown\)\. The first error: \w+\("):
        host.optimize()


@pytest.mark.filterwarnings(  # SMAC's local search, which has nowhere to go
    "ignore:Mean of empty slice:RuntimeWarning",
    "ignore:invalid value encountered in scalar divide:RuntimeWarning",
)
def test_a_space_of_constants_alone_is_tried_once(tmp_path: Path) -> None:
    space = ConfigurationSpace(seed=0)
    space.add(Constant("x", 3))
    host = facade(tmp_path, lambda config, seed=0: (0.5, {"energy_kwh": 0.1}), space=space)
    host.optimize()
    assert host.best_config == {"x": 3}
    assert len(host.runhistory) == 1
