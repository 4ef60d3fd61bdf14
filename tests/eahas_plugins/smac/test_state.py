"""Files of a run whose main process died: torn, empty or missing, and really killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ConfigSpace import ConfigurationSpace, Float, Integer
from smac import Scenario
from smac.runhistory import RunHistory

from eahas_plugins.smac import EnergyMultiFidelityFacade, base_facade
from eahas_plugins.smac.state import LAST_STATE, faults_of
from tests.eahas_plugins.smac.helpers import QUIET, energies, trials

FILES = ("optimization.json", "runhistory.json", "intensifier.json", "scenario.json",
         "configspace.json")  # fmt: skip
STEP_KWH = 1e-3


def train(config: Any, seed: int = 0, budget: Any = None, attempt: Any = None) -> Any:
    attempt.report(STEP_KWH)
    return float(config["x"]), {"energy_kwh": STEP_KWH, "training_energy_kwh": STEP_KWH}


def uncut(config: Any, seed: int = 0, budget: Any = None) -> Any:
    return float(config["x"]), {"energy_kwh": STEP_KWH}


def facade(folder: Path, kwh: float, *, name: str | None = "run", **kwargs: Any) -> Any:
    space = ConfigurationSpace(seed=0)
    space.add([Float("x", (0.0, 1.0)), Integer("n", (1, 100), log=True)])
    settings: dict[str, Any] = {
        "name": name, "output_directory": folder, "min_budget": 1, "max_budget": 9, "seed": 1,
        "deterministic": True, "n_trials": 999, "crash_cost": 1.0, **kwargs,
    }  # fmt: skip
    target = settings.pop("target", train)
    limit_kwh = settings.pop("trial_limit_kwh", None)
    return EnergyMultiFidelityFacade(
        Scenario(settings.pop("space", space), **settings),
        target,
        budget_kwh=kwh,
        trial_limit_kwh=limit_kwh,
        logging_level=QUIET,
        n_startup_trials=60,
    )


def finished(folder: Path, kwh: float = 0.008) -> tuple[Path, Any]:
    first = facade(folder, kwh)
    first.optimize()
    return folder / "run" / "1", trials(first.runhistory)


@pytest.mark.parametrize("damage", ["half", "empty", "gone", "other"])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_restored_and_named(
    tmp_path: Path, said: Callable[[], str], name: str, damage: str
) -> None:
    folder, before = finished(tmp_path)
    file = folder / name
    if damage == "half":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    elif damage == "empty":
        os.truncate(file, 0)
    elif damage == "gone":
        file.unlink()
    else:
        file.write_text('{"other": 1}')
    again = facade(tmp_path, 0.012)
    assert name in said()
    assert trials(again.runhistory) == before
    assert again.spent_kwh == pytest.approx(0.008)
    again.optimize()
    assert trials(again.runhistory)[: len(before)] == before
    assert again.spent_kwh == pytest.approx(0.012)


def test_files_of_different_states_are_brought_together(tmp_path: Path) -> None:
    first = facade(tmp_path, 0.004)
    first.optimize()
    folder = tmp_path / "run" / "1"
    old = (folder / "runhistory.json").read_text()
    more = facade(tmp_path, 0.008)
    more.optimize()
    stored = json.loads((folder / "intensifier.json").read_text())
    stored["incumbent_ids"] = [8]
    (folder / "intensifier.json").write_text(json.dumps(stored))
    (folder / "runhistory.json").write_text(old)
    assert trials(facade(tmp_path, 0.008).runhistory) == trials(more.runhistory)


@pytest.mark.parametrize("name", FILES)
def test_without_a_whole_state_the_file_is_named(tmp_path: Path, name: str) -> None:
    folder, _ = finished(tmp_path)
    os.truncate(folder / name, 3)
    (folder / LAST_STATE).write_text("{")
    with pytest.raises(RuntimeError, match=rf"no whole state: .*{name} \(torn\).*overwrite=True"):
        facade(tmp_path, 0.012)


def test_a_run_that_was_killed_before_anything_was_kept_starts(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "1"
    folder.mkdir(parents=True)
    (folder / "scenario.json").write_text('{"se')
    host = facade(tmp_path, 0.004)
    host.optimize()
    assert host.spent_kwh == pytest.approx(0.004)


def test_energy_without_its_trials_counts_and_is_said(
    tmp_path: Path, said: Callable[[], str]
) -> None:
    folder, _ = finished(tmp_path)
    for name in (*FILES, LAST_STATE):
        (folder / name).unlink()
    again = facade(tmp_path, 0.012)
    assert "holds no trials but the energy" in said()
    assert again.spent_kwh == pytest.approx(0.008)


def test_what_is_left_of_a_save_is_cleared(tmp_path: Path) -> None:
    folder, before = finished(tmp_path)
    (folder / ".saving-1").mkdir()
    (folder / ".saving-1" / "runhistory.json").write_text('{"da')
    assert trials(facade(tmp_path, 0.012).runhistory) == before
    assert not list(folder.glob(".saving-*"))


def test_the_copy_is_whole_after_every_trial(tmp_path: Path) -> None:
    host = facade(tmp_path, 0.004)
    for _ in range(4):
        info = host.ask()
        host.tell(info, host.evaluate(info))
        texts = json.loads((tmp_path / "run" / "1" / LAST_STATE).read_text())
        assert not faults_of(texts)
        assert texts["runhistory.json"] == (tmp_path / "run" / "1" / "runhistory.json").read_text()
    assert len(json.loads(texts["runhistory.json"])["data"]) == 4


def test_overwriting_forgets_the_copy(tmp_path: Path) -> None:
    folder, _ = finished(tmp_path)
    space = facade(tmp_path, 1.0).scenario.configspace
    EnergyMultiFidelityFacade(
        Scenario(space, name="run", output_directory=tmp_path, min_budget=1, max_budget=9,
                 seed=1, crash_cost=1.0),
        train, budget_kwh=1.0, overwrite=True, logging_level=QUIET,
    )  # fmt: skip
    assert not json.loads(json.loads((folder / LAST_STATE).read_text())["runhistory.json"])["data"]


def test_a_training_may_change_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()

    def moves(config: Any, seed: int = 0, budget: Any = None) -> Any:
        os.chdir(tmp_path / "elsewhere")
        return float(config["x"]), {"energy_kwh": STEP_KWH}

    host = facade(Path("runs"), 0.004, target=moves)
    host.optimize()
    assert not any((tmp_path / "elsewhere").iterdir())
    monkeypatch.chdir(tmp_path)
    assert trials(facade(Path("runs"), 0.004, target=moves).runhistory) == trials(host.runhistory)
    assert len(host.runhistory) == 4


def test_two_at_once_do_not_overwrite_each_other(tmp_path: Path) -> None:
    first = facade(tmp_path, 0.009)
    info = first.ask()
    first.tell(info, first.evaluate(info))
    second = facade(tmp_path, 0.009)
    second.optimize()
    info = first.ask() if first.account.remaining_kwh > 0.0 else info
    with pytest.raises(RuntimeError, match="one process at a time must go on with the run"):
        first.tell(info, first.evaluate(info))
    third = facade(tmp_path, 0.009)
    assert trials(third.runhistory) == trials(second.runhistory)
    assert third.spent_kwh >= second.spent_kwh


def test_who_is_in_the_middle_of_a_save_hears_that_another_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = facade(tmp_path, 0.009)
    info = first.ask()
    save = RunHistory.save

    def opened_meanwhile(history: RunHistory, *args: Any) -> None:
        save(history, *args)
        monkeypatch.setattr(RunHistory, "save", save)
        facade(tmp_path, 0.009)

    value = first.evaluate(info)
    monkeypatch.setattr(RunHistory, "save", opened_meanwhile)
    with pytest.raises(RuntimeError, match="one process at a time must go on with the run"):
        first.tell(info, value)


def test_nothing_is_queued_again_before_the_first_run_is_kept_from_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = facade(tmp_path, 0.009)
    info = first.ask()
    value = first.evaluate(info)
    refused = []

    def writes_meanwhile(file: Path) -> None:
        with pytest.raises(RuntimeError, match="one process at a time") as raised:
            first.tell(info, value)
        refused.append(raised)

    monkeypatch.setattr(base_facade, "requeue_lost", writes_meanwhile)
    facade(tmp_path, 0.009)
    assert refused


@pytest.mark.parametrize("other", [{"min_budget": 3}, {"trial_limit_kwh": 0.1}])
def test_a_start_that_is_refused_does_not_end_the_run_that_is_there(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    first = facade(tmp_path, 0.009, target=uncut)
    with pytest.raises((RuntimeError, ValueError), match=r"must hold the same run|trial_limit_kwh"):
        facade(tmp_path, 0.009, target=uncut, **other)
    info = first.ask()
    first.tell(info, first.evaluate(info))
    assert len(first.runhistory) == 1


KILLED = """
import os, sys
from pathlib import Path
from smac.runhistory import RunHistory
from tests.eahas_plugins.smac.test_state import facade

kind, number, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
saves = 0

def count(self, *args, original=RunHistory.save):
    global saves
    saves += 1
    original(self, *args)
    if saves == number and kind == "after the first of three":
        os.kill(os.getpid(), 9)

RunHistory.save = count
if kind == "between two files":
    def replace(self, target, original=Path.replace):
        original(self, target)
        if saves == number:
            os.kill(os.getpid(), 9)
    Path.replace = replace
facade(folder, 1.0).optimize()
"""


@pytest.mark.parametrize("kind", ["after the first of three", "between two files"])
def test_a_main_process_killed_while_it_saves_is_resumed(tmp_path: Path, kind: str) -> None:
    """Five times in a row; every kill is in the middle of a save."""
    burnt = 0
    for number in range(3, 8):
        run = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", KILLED, kind, str(number), tmp_path],
            check=False,
            capture_output=True,
            text=True,
        )
        assert run.returncode == -signal.SIGKILL, run.stderr
        host = facade(tmp_path, 1.0)
        assert host.spent_kwh == pytest.approx(sum(e for e in energies(host.runhistory)), abs=2e-3)
        assert host.spent_kwh >= burnt
        burnt = host.spent_kwh
    last = facade(tmp_path, burnt + 5 * STEP_KWH)
    before = trials(last.runhistory)
    assert len(before) >= 8
    last.optimize()
    assert trials(last.runhistory)[: len(before)] == before
    assert last.spent_kwh == pytest.approx(burnt + 5 * STEP_KWH)
