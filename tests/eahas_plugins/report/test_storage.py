"""Errors of what is not there or has no energy, without any host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eahas_plugins.budget.account import RunAccount
from eahas_plugins.budget.journal import EnergyJournal
from eahas_plugins.report import read_run
from eahas_plugins.report.numbers import numbers_of


def smac(folder: Path, *rows: Any) -> Path:
    """A folder as SMAC writes it: configuration, budget, cost, energy, status of each trial."""
    folder.mkdir(parents=True)
    data = [
        {
            **{"config_id": number, "instance": None, "seed": 0, "budget": budget, "cost": cost},
            **{"time": 1.0, "status": status, "endtime": float(place)},
            "additional_info": {} if kwh is None else {"energy_kwh": kwh},
        }
        for place, (number, budget, cost, kwh, status) in enumerate(rows)
    ]
    configs = {str(number): {"x": number} for number, *_ in rows}
    history = {"stats": {}, "data": data, "configs": configs}
    (folder / "runhistory.json").write_text(json.dumps(history))
    (folder / "scenario.json").write_text(json.dumps({"name": "n", "seed": 0, "objectives": "c"}))
    return folder


def test_a_run_of_smac_without_a_journal(tmp_path: Path) -> None:
    folder = smac(tmp_path / "n" / "0", (1, None, 0.5, 1.0, 1), (2, None, 9.0, 2.0, 2))
    run = read_run(folder)
    assert (run.host, run.name, run.spent_kwh, run.cap_kwh) == ("SMAC", "n, seed 0", 3.0, None)
    assert [t.state for t in run.trials] == ["complete", "failed"]
    assert read_run(tmp_path) == read_run(tmp_path / "n") == run


def test_a_run_of_smac_with_a_journal(tmp_path: Path) -> None:
    folder = smac(tmp_path / "0", (1, 10.0, 0.5, 1.0, 1), (1, 40.0, 0.4, 4.0, 1))
    account = RunAccount(20.0, shortfall="truncate")
    account.attach(EnergyJournal(folder / "energy"))
    for config, budget, kwh in ((1, 10.0, 1.0), (1, 40.0, 4.0), (2, 10.0, 0.25)):
        journal = account.journal
        assert journal is not None
        journal.open(account.grant((config, None, 0, budget))).finish(kwh)
    run = read_run(folder)
    assert run.cap_kwh == 20.0
    assert run.unlisted_kwh == 0.25  # killed: in no row of the history
    assert run.spent_kwh == 5.25
    assert [t.eligible for t in run.trials] == [False, True]


@pytest.mark.parametrize(
    ("selection", "compared"),
    [
        ("any_budget", ["config 1, budget 10", "config 1, budget 40", "config 2, budget 10"]),
        ("highest_observed_budget", ["config 1, budget 40", "config 2, budget 10"]),
        ("highest_budget", ["config 1, budget 40"]),
    ],
)
def test_the_lengths_that_smac_compares(
    tmp_path: Path, selection: str, compared: list[str]
) -> None:
    rows = ((1, 10.0, 0.5, 1.0, 1), (1, 40.0, 0.4, 4.0, 1), (2, 10.0, 0.3, 1.0, 1))
    folder = smac(tmp_path / "0", *rows, (3, 90.0, 0.1, 9.0, 2))
    meta = {"intensifier": {"incumbent_selection": selection}}
    (folder / "scenario.json").write_text(json.dumps({"_meta": meta}))
    assert [t.name for t in read_run(folder).trials if t.eligible] == compared


def test_a_rung_of_a_refused_trial_was_not_a_failure(tmp_path: Path) -> None:
    folder = smac(tmp_path / "0", (1, None, 0.5, 1.0, 1), (2, None, 9.0, 0.0, 2))
    history = json.loads((folder / "runhistory.json").read_text())
    history["data"][1]["additional_info"]["error"] = "EnergyExhaustedError: nothing is left"
    (folder / "runhistory.json").write_text(json.dumps(history))
    assert [t.state for t in read_run(folder).trials] == ["complete", "cut"]


def test_several_runs_of_smac_are_named(tmp_path: Path) -> None:
    for seed in (0, 1):
        smac(tmp_path / "n" / str(seed), (1, None, 0.5, 1.0 + seed, 1))
    with pytest.raises(ValueError, match=r"holds the runs 'n/0', 'n/1': name one .*or give its"):
        read_run(tmp_path)
    assert read_run(tmp_path, study="n/1").spent_kwh == 2.0
    with pytest.raises(ValueError, match="must hold the run 'm' but holds n/0, n/1"):
        read_run(tmp_path, study="m")


def test_a_run_of_hpbandster(tmp_path: Path) -> None:
    lines = {
        "configs.json": [[[0, 0, 0], {"x": 1}, {}], [[0, 0, 1], {"x": 2}, {}]],
        "results.json": [
            [[0, 0, 0], 1.0, {"started": 0.0, "finished": 1.0}, {"loss": 0.5, "info": {}}, None],
            [[0, 0, 1], 1.0, {"started": 0.0, "finished": 2.0}, None, "Traceback"],
        ],
        "energy.json": [
            {"config_id": [0, 0, 0], "budget": 1.0, "energy_kwh": 3.0},
            {"config_id": [0, 0, 1], "budget": 1.0, "energy_kwh": 1.0, "energy_estimated": True},
        ],
    }
    for name, rows in lines.items():
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    with (tmp_path / "results.json").open("a") as file:
        file.write("[[0, 0, 2], 1.0, {")  # what a crash leaves
    run = read_run(tmp_path)
    assert (run.host, run.spent_kwh) == ("HpBandSter", 4.0)
    assert [t.state for t in run.trials] == ["complete", "failed"]
    assert [t.by_expectation for t in run.trials] == [False, True]
    assert len(run.notes) == 1
    assert "line 3" in run.notes[0]
    with pytest.raises(ValueError, match="energies of 'other' but has none"):
        read_run(tmp_path, study="other")


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there must be a study or run"):
        read_run(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="must hold a run of SMAC"):
        read_run(tmp_path)
    (tmp_path / "energy_a").mkdir()
    with pytest.raises(ValueError, match="energies of a run of HpBandSter but not its results"):
        read_run(tmp_path)


def test_a_run_without_energies_is_an_error(tmp_path: Path) -> None:
    folder = smac(tmp_path / "0", (1, None, 0.5, None, 1))
    with pytest.raises(ValueError, match="must have energies but none of 1 has one"):
        numbers_of(read_run(folder))


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", '{"data": 1}', '{"data": [1], "configs": {}}'),
        *(
            '{"data": [{}], "configs": {}}',
            '{"data": [{"config_id": 1, "budget": "x"}], "configs": {}}',
        ),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, content: str) -> None:
    smac(tmp_path / "0", (1, None, 0.5, 1.0, 1))
    (tmp_path / "0" / "runhistory.json").write_text(content)
    with pytest.raises(ValueError, match=r"runhistory\.json"):
        read_run(tmp_path / "0")


@pytest.mark.parametrize("line", ["1", "[]", '[1, "x", 2, 3, 4]', "[[0], 1.0, {}, 5, null]"])
def test_damaged_lines_are_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "configs.json").write_text("")
    (tmp_path / "results.json").write_text(line + "\n")
    with pytest.raises(ValueError, match=r"results\.json"):
        read_run(tmp_path)
