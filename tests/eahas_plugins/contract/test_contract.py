"""What every adapter must keep, whatever the host."""

from __future__ import annotations

from pathlib import Path

import pytest
from ConfigSpace import Configuration

from tests.eahas_plugins.contract.conftest import INSTALLED
from tests.eahas_plugins.contract.problem import (
    SPACES,
    STEP_KWH,
    ContractProblem,
    Driver,
    Outcome,
)

pytestmark = [
    pytest.mark.filterwarnings(warning)
    for warning in (
        "ignore:Mean of empty slice:RuntimeWarning",  # SMAC's timing of a local search
        "ignore:invalid value encountered in scalar divide:RuntimeWarning",
        *(["ignore::optuna.exceptions.ExperimentalWarning"] if "optuna" in INSTALLED else []),
    )
]


def total(outcomes: list[Outcome]) -> float:
    return sum(outcome.energy_kwh for outcome in outcomes)


def test_a_host_is_installed() -> None:
    assert INSTALLED


def test_the_budget_is_used_up_to_one_step(driver: Driver, tmp_path: Path) -> None:
    outcomes = driver.run(ContractProblem(), tmp_path, budget_kwh=0.05)
    assert len(outcomes) >= 6
    assert 0.05 - STEP_KWH <= total(outcomes) <= 0.05 + STEP_KWH


def test_the_same_seed_gives_the_same_trials(driver: Driver, tmp_path: Path) -> None:
    first, second, other = (
        driver.run(ContractProblem(), tmp_path / name, budget_kwh=0.06, seed=seed)
        for name, seed in (("a", 3), ("b", 3), ("c", 4))
    )
    assert first == second
    assert [o.config for o in first] != [o.config for o in other]


def test_weight_zero_decides_as_the_plain_host(driver: Driver, tmp_path: Path) -> None:
    problem = ContractProblem()
    aware = driver.run(problem, tmp_path / "aware", budget_kwh=1e6, seed=5, weight=0.0, n_trials=16)
    plain = driver.plain(problem, tmp_path / "plain", seed=5, n_trials=16)
    assert len(aware) == 16
    assert [o.config for o in aware] == [o.config for o in plain]


def test_failed_trials_are_charged(driver: Driver, tmp_path: Path) -> None:
    problem = ContractProblem(fragile=True)
    outcomes = driver.run(problem, tmp_path, budget_kwh=0.08, seed=3)
    failed = [outcome for outcome in outcomes if outcome.failed]
    assert failed
    for outcome in failed:
        config = {name: v for name, v in outcome.config.items() if name in problem.space}
        assert outcome.energy_kwh == pytest.approx(problem.burnt_when_failing(config))
    assert 0.08 - STEP_KWH <= total(outcomes) <= 0.08 + 3 * STEP_KWH  # a failure is one step


def test_a_resumed_study_counts_what_is_spent_and_may_raise_its_cap(
    driver: Driver, tmp_path: Path
) -> None:
    first = driver.run(ContractProblem(), tmp_path, budget_kwh=0.04)
    more = driver.run(ContractProblem(), tmp_path, budget_kwh=0.07)
    assert more[: len(first)] == first
    assert len(more) > len(first)
    assert 0.07 - STEP_KWH <= total(more) <= 0.07 + STEP_KWH
    again = driver.run(ContractProblem(), tmp_path, budget_kwh=0.07)
    assert total(again) == pytest.approx(total(more))


@pytest.mark.parametrize("name", SPACES)
def test_every_space_is_searched_or_clearly_refused(
    driver: Driver, tmp_path: Path, name: str
) -> None:
    problem = ContractProblem(SPACES[name]())
    if name in driver.unsupported:
        with pytest.raises((TypeError, ValueError), match=driver.unsupported[name]):
            driver.run(problem, tmp_path, budget_kwh=0.06)
        return
    outcomes = driver.run(problem, tmp_path, budget_kwh=0.06)
    assert len(outcomes) >= 6
    for outcome in outcomes:
        values = {n: v for n, v in outcome.config.items() if n in problem.space}
        Configuration(problem.space, values=values).check_valid_configuration()
        plain = (bool, int, float, str)
        assert all(type(v) in plain for v in values.values()), values
