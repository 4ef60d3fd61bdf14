"""Runs that go on in their folder, whatever ended them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ConfigSpace import ConfigurationSpace
from smac import Scenario
from smac.runhistory import StatusType

from eahas_plugins.budget.journal import EnergyJournal
from eahas_plugins.smac import (
    SurrogateTarget,
    energy_scenario,
)
from tests.eahas_plugins.smac.bench import PowerLawBench
from tests.eahas_plugins.smac.helpers import (
    energies,
    full_fidelity,
    multi_fidelity,
    trials,
)

CRASHES = SurrogateTarget(PowerLawBench())


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


def test_a_function_that_was_edited_is_said_in_words(tmp_path: Path) -> None:
    def before(config: Any, seed: int = 0) -> tuple[float, dict[str, float]]:
        return config["x"], {"energy_kwh": 0.001}

    def after(config: Any, seed: int = 0) -> tuple[float, dict[str, float]]:
        return 2.0 * config["x"], {"energy_kwh": 0.001}

    space = ConfigurationSpace({"x": (0.0, 1.0)})
    scenario = Scenario(space, name="run", output_directory=tmp_path, crash_cost=1.0, seed=1)
    full_fidelity(tmp_path, budget_kwh=0.002, target=before, scenario=scenario).optimize()
    with pytest.raises(RuntimeError, match=r"with other code of the target function \(edited"):
        full_fidelity(tmp_path, budget_kwh=0.004, target=after, scenario=scenario)


def test_the_journal_of_a_copied_history_is_restored(tmp_path: Path) -> None:
    first = multi_fidelity(tmp_path, budget_kwh=0.02, n_startup_trials=50)
    first.optimize()
    EnergyJournal(tmp_path / "run" / "1" / "energy").clear()
    again = multi_fidelity(tmp_path, budget_kwh=0.02, n_startup_trials=50)
    assert again.spent_kwh == pytest.approx(first.spent_kwh)


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


def stuck(config: Any, seed: int = 0, budget: float | None = None, attempt: Any = None) -> Any:
    """The fifth trial of a process started with STUCK never ends."""
    if "STUCK" in os.environ and attempt.grant.number == 4:
        attempt.report(1e-4)
        print("stuck", flush=True)
        time.sleep(600)
    return CRASHES(config, budget=budget, attempt=attempt)


def test_a_run_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tests.eahas_plugins.smac.helpers import multi_fidelity\n"
        "from tests.eahas_plugins.smac.test_stored_runs import CRASHES, stuck\n"
        "from eahas_plugins.smac import energy_scenario\n"
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
