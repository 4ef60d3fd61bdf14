"""One contract for every file in ``benchmarks/methods``."""

import math
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pytest

from benchmarks.comparison.suites import SUITES, methods_of
from benchmarks.harness.bench import SeededBench
from benchmarks.harness.study import Setting, run_study
from benchmarks.methods import all_declared, check_method, declared, get_method, method_names
from benchmarks.problems import get_problem
from benchmarks.problems._fronts import FrontTask
from tests.benchmarks.problems.made_up_zeus import write_tables
from tests.benchmarks.synthetic import SyntheticBench

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*experimental"),
]

MEAN_TRAINING_KWH = 0.031


def installed(package):
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def lacks(name):
    """The first package that a method needs and this environment does not have."""
    return next((p for p in declared(name).requires if not installed(p)), None)


def run(name, *, seed=0, trainings=5.0):
    method = get_method(name)
    budget_kwh = trainings * MEAN_TRAINING_KWH
    setting = Setting(bench=SeededBench(SyntheticBench(), seed), budget_kwh=budget_kwh, seed=seed)
    rows = run_study(
        method.run,
        setting,
        name=name,
        energy_aware=method.energy_aware,
        host=method.host,
    )
    return rows, setting


def test_a_method_is_a_file():
    assert {"rs", "tpe", "bohb", "ea-bohb"} <= set(method_names())
    assert not any("_" in name for name in method_names())


@pytest.mark.parametrize("name", method_names())
def test_what_a_file_declares_fits_the_others(name):
    said = declared(name)
    assert said.label
    assert said.description.endswith((".", ":"))
    assert said.suites
    assert set(said.suites) <= set(SUITES)
    if said.ablation_of is not None:
        whole = declared(said.ablation_of)
        assert whole.ablation_of is None
        assert said.energy_aware == whole.energy_aware
    if said.plain is not None:
        assert said.energy_aware
        assert not declared(said.plain).energy_aware
    if said.energy_aware and said.paper_place is not None:
        assert said.plain is not None


def test_places_in_the_papers_figures_are_taken_once():
    places = [
        (said.energy_aware, said.paper_place)
        for said in all_declared().values()
        if said.paper_place is not None
    ]
    assert len(set(places)) == len(places)


def test_every_method_is_in_a_suite():
    listed = [name for suite in SUITES if suite != "smoke" for name in methods_of(suite)]
    assert sorted(set(listed)) == method_names()


@pytest.mark.parametrize(("name", "hint"), [("ea-bhob", "ea-bohb"), ("TPE", None), ("", None)])
def test_unknown_method_is_refused_with_a_hint(name, hint):
    with pytest.raises(ValueError, match="method must be one of") as error:
        check_method(name)
    assert hint is None or f"Did you mean '{hint}'?" in str(error.value)


@pytest.mark.parametrize("name", [name for name in method_names() if lacks(name)])
def test_a_method_whose_package_is_missing_says_so(name):
    with pytest.raises(ValueError, match=f"needs a package .*{lacks(name)}"):
        get_method(name)


@pytest.mark.parametrize("name", [name for name in method_names() if not lacks(name)])
def test_contract(name):
    rows, setting = run(name, trainings=5.0)
    spent = rows[-1].kwh
    epochs = [setting.bench.query(row.config).energy_kwh[0] for row in rows]
    # nobody spends more than the budget and one epoch, nobody leaves half of it
    assert 0.5 * setting.budget_kwh < spent <= setting.budget_kwh + max(epochs)
    for row in rows:
        assert set(row.config) == set(setting.bench.space)
        energy = setting.bench.query(row.config).energy_kwh
        assert row.trial_kwh <= energy[row.epochs - 1] * (1.0 + 1e-9)
        assert row.planned_epochs == row.config["max_epoch"]
    assert spent == pytest.approx(math.fsum(row.trial_kwh for row in rows), rel=1e-9)
    assert np.all(np.diff([row.kwh for row in rows]) >= 0.0)


@pytest.mark.parametrize("name", ["rs", "ea-bohb"])
def test_a_study_is_the_same_every_time_and_another_with_another_seed(name):
    rows, _ = run(name, seed=1, trainings=3.0)
    again, _ = run(name, seed=1, trainings=3.0)
    other, _ = run(name, seed=2, trainings=3.0)
    assert rows == again
    assert [row.config for row in rows] != [row.config for row in other]


@pytest.mark.parametrize("name", ["tpe", "ls", "bananas", "bohb", "ea-tpe", "ea-hb", "ea-bohb"])
def test_a_problem_without_schedules_is_searched_too(name, tmp_path):
    bench = get_problem("zeus-v100", write_tables(tmp_path / "zeus") / "squad").load()
    mean_kwh = np.mean([record.energy_kwh[-1] for record in bench.records])
    method = get_method(name)
    setting = Setting(bench=SeededBench(bench, 0), budget_kwh=6.0 * mean_kwh, seed=0)
    rows = run_study(
        method.run, setting, name=name, energy_aware=method.energy_aware, host=method.host
    )
    assert len(rows) >= 5
    assert rows[-1].kwh <= setting.budget_kwh * (1.0 + 1e-9)
    assert set(rows[0].config) == {"batch_size", "power_limit_w"}


@pytest.mark.parametrize(
    "name", [name for name, said in all_declared().items() if said.ablation_of is not None]
)
def test_an_ablation_changes_something(name):
    whole, _ = run(declared(name).ablation_of, trainings=40.0)
    ablated, _ = run(name, trainings=40.0)
    assert [row.config for row in whole] != [row.config for row in ablated]


@pytest.mark.parametrize("energy", ["inference_energy_kwh", "energy_kwh"])
@pytest.mark.parametrize("name", [name for name in methods_of("fronts") if not lacks(name)])
def test_a_task_with_two_objectives_is_searched(name, energy):
    bench = SeededBench(FrontTask("synthetic", SyntheticBench(), energy), 0)
    assert bench.objectives == ("accuracy", energy)
    method = get_method(name)
    setting = Setting(bench=bench, budget_kwh=15.0 * MEAN_TRAINING_KWH, seed=0)
    rows = run_study(
        method.run, setting, name=name, energy_aware=method.energy_aware, host=method.host
    )
    assert len(rows) >= 5
    # the end of the budget may cut a training, and what is left then a cheaper one
    assert all(row.epochs == row.planned_epochs for row in rows[:-3])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", ["hpbandster-bohb", "hb", "bananas", "ea-hb"])
def test_who_searches_one_objective_says_so(name):
    if lacks(name):
        return
    bench = SeededBench(FrontTask("synthetic", SyntheticBench(), "energy_kwh"), 0)
    setting = Setting(bench=bench, budget_kwh=5.0 * MEAN_TRAINING_KWH, seed=0)
    if name == "hb":  # Optuna's own pruner is not asked, and says nothing
        assert get_method(name).run(setting)
        return
    with pytest.raises(ValueError, match="one objective but the"):
        get_method(name).run(setting)
