from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from smac import MultiFidelityFacade, Scenario
from smac.facade.hyperparameter_optimization_facade import HyperparameterOptimizationFacade
from smac.runhistory import StatusType, TrialValue

from eahas_plugins.budget.journal import EnergyJournal
from eahas_plugins.smac import (
    EnergyHyperparameterOptimizationFacade,
    EnergyMultiFidelityFacade,
    SurrogateTarget,
    energy_scenario,
)
from tests.eahas_plugins.smac.bench import PowerLawBench
from tests.eahas_plugins.smac.helpers import (
    QUIET,
    energies,
    forest,
    full_fidelity,
    maximizer,
    multi_fidelity,
    trials,
)

CRASHES = SurrogateTarget(PowerLawBench())


def explodes(config: Any, seed: int = 0, budget: float | None = None, attempt: Any = None) -> Any:
    """Wide networks fail halfway, with half of their energy burnt."""
    cost, info = CRASHES(config, budget=budget)
    if config["width"] > 16:
        attempt.report(info["energy_kwh"] / 2)
        raise RuntimeError("out of memory")
    return cost, info


@pytest.mark.parametrize("fidelity", ["cut", "schedule", "kwh"])
def test_the_budget_is_used_and_not_exceeded(tmp_path: Path, fidelity: Any) -> None:
    facade = multi_fidelity(tmp_path, budget_kwh=0.02, fidelity=fidelity, n_startup_trials=50)
    facade.optimize()
    assert facade.spent_kwh == pytest.approx(sum(energies(facade.runhistory)))
    assert 0.02 - 1.7e-3 < facade.spent_kwh <= 0.02 * (1 + 1e-9)  # 1.7e-3 is the dearest epoch
    assert {v.status for v in facade.runhistory.values()} == {StatusType.SUCCESS}
    assert facade.runhistory.running == 0


def test_skip_ends_before_a_trial_that_cannot_be_paid(tmp_path: Path) -> None:
    facade = full_fidelity(tmp_path, budget_kwh=0.05, shortfall="skip", n_startup_trials=50)
    facade.optimize()
    history = facade.runhistory
    assert facade.spent_kwh <= 0.05
    assert not any(v.additional_info["truncated"] for v in history.values())
    with pytest.raises(StopIteration):
        facade.ask()


def test_a_limit_per_trial_cuts_every_trial(tmp_path: Path) -> None:
    facade = full_fidelity(tmp_path, budget_kwh=0.02, trial_limit_kwh=2e-3, n_startup_trials=50)
    facade.optimize()
    assert max(energies(facade.runhistory)) <= 2e-3
    assert 2e-2 - 2e-3 < facade.spent_kwh <= 2e-2


@pytest.mark.parametrize(
    ("energy_aware", "plain", "small"),
    [
        (EnergyMultiFidelityFacade, MultiFidelityFacade, multi_fidelity),
        (
            EnergyHyperparameterOptimizationFacade,
            HyperparameterOptimizationFacade,
            full_fidelity,
        ),
    ],
)
def test_without_weights_it_decides_as_smac_does(
    tmp_path: Path, energy_aware: Any, plain: Any, small: Any
) -> None:
    target = SurrogateTarget(PowerLawBench())
    scenario = energy_scenario(
        target, name="plain", output_directory=tmp_path, seed=2, n_trials=26, max_budget=19
    )
    host = plain(
        scenario,
        target,
        initial_design=plain.get_initial_design(scenario, n_configs=6),
        acquisition_maximizer=maximizer(scenario),
        model=forest(scenario),
        logging_level=QUIET,
    )
    host.optimize()
    scenario = energy_scenario(
        target, name="aware", output_directory=tmp_path, seed=2, n_trials=26, max_budget=19
    )
    facade = small(
        tmp_path,
        budget_kwh=1e6,
        scenario=scenario,
        reward_exponent=0.0,
        cooling=0.0,
        n_startup_trials=6,
    )
    facade.optimize()
    assert isinstance(facade, energy_aware)
    assert len(facade.runhistory) == 26
    assert trials(facade.runhistory) == trials(host.runhistory)


def test_the_same_seed_gives_the_same_trials(tmp_path: Path) -> None:
    first = multi_fidelity(tmp_path / "a", budget_kwh=0.025, n_startup_trials=5)
    second = multi_fidelity(tmp_path / "b", budget_kwh=0.025, n_startup_trials=5)
    third = multi_fidelity(tmp_path / "c", budget_kwh=0.025, n_startup_trials=5, seed=9)
    for facade in (first, second, third):
        facade.optimize()
    assert trials(first.runhistory) == trials(second.runhistory)
    assert trials(first.runhistory) != trials(third.runhistory)


@pytest.mark.parametrize("small", [multi_fidelity, full_fidelity])
def test_a_resumed_run_counts_what_is_spent_and_may_raise_its_cap(
    tmp_path: Path, small: Any
) -> None:
    first = small(tmp_path, budget_kwh=0.02, n_startup_trials=50)
    first.optimize()
    again = small(tmp_path, budget_kwh=0.02, n_startup_trials=50)
    assert again.spent_kwh == pytest.approx(first.spent_kwh)
    again.optimize()
    assert trials(again.runhistory) == trials(first.runhistory)
    assert again.spent_kwh == pytest.approx(sum(energies(first.runhistory)))
    more = small(tmp_path, budget_kwh=0.04, n_startup_trials=50)
    more.optimize()
    assert trials(more.runhistory)[: len(first.runhistory)] == trials(first.runhistory)
    assert 0.02 < more.spent_kwh <= 0.04 * (1 + 1e-9)
    assert more.spent_kwh == pytest.approx(sum(energies(more.runhistory)))


def test_overwriting_forgets_the_energy(tmp_path: Path) -> None:
    multi_fidelity(tmp_path, budget_kwh=0.02, n_startup_trials=50).optimize()
    anew = multi_fidelity(tmp_path, budget_kwh=0.02, n_startup_trials=50, overwrite=True)
    assert anew.spent_kwh == 0.0
    assert len(anew.runhistory) == 0


def test_another_run_in_the_folder_is_an_error_and_never_a_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    multi_fidelity(tmp_path, budget_kwh=0.02, n_startup_trials=50).optimize()

    def ask(prompt: str = "") -> str:
        raise AssertionError(f"asked on stdin: {prompt}")

    monkeypatch.setattr("builtins.input", ask)
    with pytest.raises(RuntimeError, match=r"cooling.*another name, or overwrite=True"):
        multi_fidelity(tmp_path, budget_kwh=0.02, n_startup_trials=50, cooling=0.5)
    target = SurrogateTarget(PowerLawBench())
    scenario = energy_scenario(target, name="run", output_directory=tmp_path, seed=1, max_budget=10)
    with pytest.raises(RuntimeError, match="max_budget"):
        multi_fidelity(tmp_path, budget_kwh=0.02, n_startup_trials=50, scenario=scenario)


def test_failed_trials_are_charged_what_they_burnt(tmp_path: Path) -> None:
    scenario = energy_scenario(CRASHES, name="run", output_directory=tmp_path, seed=1)
    facade = multi_fidelity(
        tmp_path, budget_kwh=0.03, target=explodes, scenario=scenario, n_startup_trials=6
    )
    facade.optimize()
    failed = [
        (key, value)
        for key, value in facade.runhistory.items()
        if value.status == StatusType.CRASHED and value.additional_info["energy_kwh"] > 0.0
    ]
    assert failed
    for key, value in failed:
        config = facade.runhistory.get_config(key.config_id)
        burnt = CRASHES(config, budget=key.budget)[1]["energy_kwh"] / 2
        assert value.additional_info["energy_kwh"] == pytest.approx(burnt)
        assert "out of memory" in value.additional_info["error"]
        assert value.cost == 1.0
    assert facade.spent_kwh == pytest.approx(sum(energies(facade.runhistory)))
    assert facade.spent_kwh >= 0.03 - 1.7e-3


def hangs(config: Any, seed: int = 0, budget: float | None = None, attempt: Any = None) -> Any:
    """Wide networks report some energy and then never come back."""
    cost, info = CRASHES(config, budget=budget)
    if config["width"] > 64:
        attempt.report(1e-3)
        time.sleep(600)
    return cost, info


def test_timed_out_trials_are_charged_what_they_burnt(tmp_path: Path) -> None:
    scenario = energy_scenario(
        CRASHES, name="run", output_directory=tmp_path, seed=1, n_trials=3, trial_walltime_limit=1
    )
    facade = full_fidelity(
        tmp_path, budget_kwh=1.0, target=hangs, scenario=scenario, n_startup_trials=3
    )
    facade.optimize()
    timed_out = [v for v in facade.runhistory.values() if v.status == StatusType.TIMEOUT]
    assert timed_out
    assert {v.additional_info["energy_kwh"] for v in timed_out} == {1e-3}
    assert facade.spent_kwh == pytest.approx(sum(energies(facade.runhistory)))


def silent(config: Any, seed: int = 0) -> float:
    return float(config["lr"])


def test_a_target_that_reports_no_energy_is_an_error(tmp_path: Path) -> None:
    scenario = Scenario(
        PowerLawBench().space, name="run", output_directory=tmp_path, crash_cost=1.0
    )
    facade = full_fidelity(tmp_path, budget_kwh=1.0, target=silent, scenario=scenario)
    with pytest.raises(ValueError, match="must report its energy"):
        facade.optimize()


def test_an_infinite_crash_cost_is_refused_where_no_worst_cost_is_known(tmp_path: Path) -> None:
    scenario = Scenario(PowerLawBench().space, name="run", output_directory=tmp_path)
    with pytest.raises(ValueError, match="crash_cost must be finite"):
        full_fidelity(tmp_path, budget_kwh=1.0, target=silent, scenario=scenario)


def test_both_objectives_end_in_a_front(tmp_path: Path) -> None:
    target = SurrogateTarget(PowerLawBench(), objectives=("error", "energy_kwh"))
    facade = full_fidelity(tmp_path, budget_kwh=0.06, target=target, n_startup_trials=6)
    front = facade.optimize()
    assert isinstance(front, list)
    costs = sorted(facade.runhistory.average_cost(c) for c in front)
    assert len(costs) >= 2
    assert [energy for _, energy in costs] == sorted((e for _, e in costs), reverse=True)
    assert facade.spent_kwh <= 0.1


def test_ask_and_tell_keeps_the_account(tmp_path: Path) -> None:
    facade = multi_fidelity(tmp_path, budget_kwh=0.01, n_startup_trials=50)
    target = SurrogateTarget(PowerLawBench())
    told = []
    while True:
        try:
            info = facade.ask()
        except StopIteration:
            break
        if len(told) < 3:  # evaluated by hand, for example on another machine
            cost, additional = target(info.config, budget=info.budget)
            value = TrialValue(cost=cost, additional_info=additional)
        else:
            value = facade.evaluate(info)
        told.append(value.additional_info["energy_kwh"])
        facade.tell(info, value)
    assert len(told) > 4
    assert facade.spent_kwh == pytest.approx(sum(told))
    assert facade.spent_kwh <= 0.01 * (1 + 1e-9)


def _asked(facade: Any) -> Iterator[Any]:
    """One more trial, or none when the budget refuses it."""
    with contextlib.suppress(StopIteration):
        yield facade.ask()


def test_two_trials_out_at_once_are_promised_different_energy(tmp_path: Path) -> None:
    facade = full_fidelity(tmp_path, budget_kwh=0.04, n_startup_trials=50)
    infos = list(iter(lambda: next(_asked(facade), None), None))
    assert len(infos) >= 2
    assert facade.account.balance().available_kwh(number=99) < 1.7e-3
    for info in infos:
        facade.tell(info, facade.evaluate(info))
    assert facade.spent_kwh <= 0.04 * (1 + 1e-9)


def test_the_journal_of_a_copied_history_is_restored(tmp_path: Path) -> None:
    first = multi_fidelity(tmp_path, budget_kwh=0.02, n_startup_trials=50)
    first.optimize()
    EnergyJournal(tmp_path / "run" / "1" / "energy").clear()
    again = multi_fidelity(tmp_path, budget_kwh=0.02, n_startup_trials=50)
    assert again.spent_kwh == pytest.approx(first.spent_kwh)


def test_a_run_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tests.eahas_plugins.smac.helpers import multi_fidelity\n"
        "from tests.eahas_plugins.smac.test_facade import stuck\n"
        "from eahas_plugins.smac import energy_scenario\n"
        "from tests.eahas_plugins.smac.test_facade import CRASHES\n"
        "folder = Path(sys.argv[1])\n"
        "scenario = energy_scenario(CRASHES, name='run', output_directory=folder, seed=1)\n"
        "f = multi_fidelity(folder, budget_kwh=0.05, target=stuck, scenario=scenario,"
        " n_startup_trials=50)\n"
        "f.optimize()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", script, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "STUCK": "1"},
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline().startswith("stuck")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    scenario = energy_scenario(CRASHES, name="run", output_directory=tmp_path, seed=1)
    facade = multi_fidelity(
        tmp_path, budget_kwh=0.05, target=stuck, scenario=scenario, n_startup_trials=50
    )
    before = sum(energies(facade.runhistory))
    assert facade.spent_kwh == pytest.approx(before + 1e-4)  # the killed trial's is not lost
    assert facade.account.balance().reserved_kwh == 0.0
    facade.optimize()
    assert facade.runhistory.running == 0
    assert 0.05 - 1.7e-3 < facade.spent_kwh <= 0.05 * (1 + 1e-9)
    assert facade.spent_kwh == pytest.approx(sum(energies(facade.runhistory)))


def stuck(config: Any, seed: int = 0, budget: float | None = None, attempt: Any = None) -> Any:
    """The fifth trial of a process started with STUCK never ends."""
    if "STUCK" in os.environ and attempt.grant.number == 4:
        attempt.report(1e-4)
        print("stuck", flush=True)
        time.sleep(600)
    return CRASHES(config, budget=budget, attempt=attempt)


def test_trials_that_were_out_when_a_run_died_are_run_again(tmp_path: Path) -> None:
    first = full_fidelity(tmp_path, budget_kwh=0.1, n_startup_trials=50)
    lost, done = first.ask(), first.ask()
    first.tell(done, first.evaluate(done))  # saves both
    stored = json.loads((tmp_path / "run" / "1" / "runhistory.json").read_text())
    assert [row["status"] for row in stored["data"]] == [StatusType.RUNNING, StatusType.SUCCESS]
    again = full_fidelity(tmp_path, budget_kwh=0.1, n_startup_trials=50)
    assert again.runhistory.running == 0
    again.optimize()
    assert lost.config in [again.runhistory.get_config(k.config_id) for k in again.runhistory]
    assert again.runhistory.running == 0


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"budget_kwh": 0.0}, "budget_kwh"),
        ({"budget_kwh": float("nan")}, "budget_kwh"),
        ({"budget_kwh": 1.0, "shortfall": "stop"}, "shortfall must be 'truncate' or 'skip'"),
        ({"budget_kwh": 1.0, "trial_limit_kwh": -1.0}, "trial_limit_kwh"),
        ({"budget_kwh": 1.0, "cooling": float("nan")}, "cooling must be finite"),
        ({"budget_kwh": 1.0, "reward_exponent": 0.1}, "reward_exponent must be at most 0"),
        ({"budget_kwh": 1.0, "target": "run.sh"}, "target_function must be callable"),
    ],
)
def test_arguments_are_checked(tmp_path: Path, kwargs: Any, message: str) -> None:
    scenario = energy_scenario(CRASHES, name="run", output_directory=tmp_path)
    with pytest.raises(ValueError, match=message):
        multi_fidelity(tmp_path, scenario=scenario, **kwargs)
