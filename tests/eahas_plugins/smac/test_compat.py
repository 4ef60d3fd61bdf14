"""SMAC still has the private names that we use, and calls the hooks that we override."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ConfigSpace import ConfigurationSpace
from smac import Scenario
from smac.facade.abstract_facade import AbstractFacade
from smac.intensifier.hyperband import Hyperband
from smac.intensifier.successive_halving import SuccessiveHalving
from smac.main.smbo import SMBO
from smac.runhistory import RunHistory

from eahas_plugins.smac import EnergyHyperband
from eahas_plugins.smac._compat import EnergySMBO, require
from tests.eahas_plugins.smac.helpers import full_fidelity, multi_fidelity

PACKAGE = Path(__file__).parents[3] / "eahas_plugins" / "smac"


@pytest.mark.parametrize(
    ("hook", "caller"),
    [
        ("_get_max_iterations", Hyperband.__post_init__),
        ("_get_best_configs", SuccessiveHalving.__iter__),
        ("_tracker", SuccessiveHalving.__iter__),
        ("_n_configs_in_stage", SuccessiveHalving._get_best_configs),
        ("_get_optimizer", AbstractFacade.__init__),
        ("_stop", SMBO.optimize),
        ("_finished", SMBO.optimize),
        ("_runner", SMBO.validate),
        ("Configuration", RunHistory.load),
    ],
)
def test_smac_uses_the_name(hook: str, caller: Callable[..., Any]) -> None:
    assert hook in caller.__code__.co_names


def test_a_missing_name_says_which_and_what_to_install() -> None:
    with pytest.raises(ImportError, match=r"Hyperband must have _x but .* pip install 'smac=="):
        require(Hyperband, "_get_best_configs", "_x")


@pytest.mark.parametrize(
    ("owner", "name", "make"),
    [
        (SuccessiveHalving, "_get_best_configs", EnergyHyperband),
    ],
)
def test_the_class_that_needs_a_name_asks_for_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    name: str,
    make: Callable[[Any], Any],
) -> None:
    for base in (owner, *owner.__subclasses__()):
        for cls in (base, *base.__subclasses__()):
            if name in vars(cls) and cls.__module__.startswith("smac."):
                monkeypatch.delattr(cls, name)
    space = ConfigurationSpace({"x": (0.0, 1.0)})
    scenario = Scenario(space, output_directory=tmp_path, min_budget=1, max_budget=9)
    with pytest.raises(ImportError, match=name):
        make(scenario)


def test_the_facades_run_a_main_loop_that_can_go_on(tmp_path: Path) -> None:
    for make in (multi_fidelity, full_fidelity):
        facade = make(tmp_path / make.__name__, budget_kwh=0.01, n_startup_trials=20)
        assert isinstance(facade.optimizer, EnergySMBO)
        facade.optimize()
        assert facade.optimizer.stopped
        assert not facade.optimizer.finished
        facade.optimizer.go_on()
        assert not facade.optimizer.stopped


def test_private_names_of_smac_stand_in_one_file() -> None:
    """What `_compat` names is named nowhere else in the package."""
    text = (PACKAGE / "_compat.py").read_text(encoding="utf-8")
    names = set(re.findall(r"(?:self|super\(\))\.(_[a-z]\w+)", text))
    assert {"_stop", "_finished", "_tracker"} <= names
    for file in PACKAGE.glob("*.py"):
        if file.name == "_compat.py":
            continue
        used = set(re.findall(r"\w\.(_[a-z]\w+)\b(?!\()", file.read_text(encoding="utf-8")))
        own = set(re.findall(r"self\.(_[a-z]\w+)(?::[^=]+)? = ", file.read_text(encoding="utf-8")))
        assert not (names & used) - own, file.name
