"""Runs of SMAC and HpBandSter as earlier studies."""

import json

import pytest

from eahas_plugins.models.kwh import Number
from eahas_plugins.report import Objective
from eahas_plugins.transfer import EarlierTrial, read_study
from eahas_plugins.transfer.reading import of_run, read_studies
from tests.eahas_plugins.report.runs import run, small, trial
from tests.eahas_plugins.report.test_storage import smac
from tests.eahas_plugins.transfer.studies import made_up


def test_complete_trainings_of_all_lengths_are_taken():
    found = of_run(
        run(
            trial(0, energy_kwh=0.1, values=(0.8,), length=5.0, eligible=False),
            trial(1, energy_kwh=0.1, values=(0.9,), length=20.0, training_kwh=0.4),
            trial(2, values=(float("inf"),)),
            trial(3, "failed", energy_kwh=1.0),
        )
    )
    assert found.trials == (
        EarlierTrial(config={"x": 0}, value=0.8, energy_kwh=0.1, length=5.0),
        EarlierTrial(config={"x": 1}, value=0.9, energy_kwh=0.4, length=20.0),
    )
    assert found.maximize
    assert found.parameters == {"x": Number(low=0, high=1)}
    assert len(of_run(small()).trials) == 2


def test_several_objectives_are_refused():
    both = (Objective(name="loss"), Objective(name="size"))
    with pytest.raises(ValueError, match="must have one objective but 'hand-made' has 2"):
        of_run(run(trial(0, values=(1.0, 2.0)), objectives=both))


def test_a_run_of_smac(tmp_path):
    folder = smac(tmp_path / "n" / "0", (1, 10.0, 0.5, 1.0, 1), (2, 40.0, 0.2, None, 1))
    found = read_study(folder)
    assert found == read_study(str(tmp_path))
    assert not found.maximize
    assert [t.length for t in found.trials] == [10.0, 40.0]
    assert [t.energy_kwh for t in found.trials] == [1.0, None]


def test_a_run_of_hpbandster(tmp_path):
    (tmp_path / "configs.json").write_text('[[0, 0, 0], {"x": 0.5, "k": "a"}, {}]\n')
    rows = [
        [[0, 0, 0], 9.0, {"submitted": 0, "started": 1, "finished": 2}, answer, None]
        for answer in ({"loss": 0.25, "info": {"energy_kwh": 2.0}}, None)
    ]
    (tmp_path / "results.json").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (found,) = read_study(tmp_path).trials
    assert found == EarlierTrial(
        config={"x": 0.5, "k": "a"}, value=0.25, energy_kwh=2.0, length=9.0
    )


def test_a_study_without_complete_trials_is_left_out_and_named(caplog):
    kept = made_up(3)
    assert read_studies([made_up(name="only failed", trials=()), kept]) == [kept]
    assert "earlier study 'only failed' says nothing and is left out: it has no comp" in caplog.text
    caplog.clear()
    assert read_studies([kept]) == [kept]
    assert caplog.text == ""


def test_which_of_several_is_said_as_python_says_it(tmp_path):
    for seed in (0, 1):
        smac(tmp_path / "n" / str(seed), (1, None, 0.5, 1.0, 1))
    with pytest.raises(ValueError, match=r"runs 'n/0', 'n/1': give read_study\(.*study='n/0'\) in"):
        read_studies([tmp_path])
    assert read_studies([read_study(tmp_path, study="n/1")])
