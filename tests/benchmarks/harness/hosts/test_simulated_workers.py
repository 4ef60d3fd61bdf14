"""Many workers in one loop: the real budget, samplers and pruners, a clock that is made up."""

from itertools import pairwise

import optuna
import pytest

from benchmarks.harness.bench import SeededBench
from benchmarks.harness.hosts.optuna import optimise, paper_hyperband
from benchmarks.harness.hosts.simulated_workers import SimulatedBudget, simulate
from benchmarks.harness.study import Setting, run_study
from benchmarks.methods import get_method
from eahas_plugins.optuna.budget import EnergyBudget
from eahas_plugins.optuna.samplers.ea_bohb import ea_bohb
from tests.benchmarks.synthetic import SyntheticBench, TestOnlyBench

pytestmark = pytest.mark.filterwarnings("ignore:.*experimental")


def setting(workers=1, budget_kwh=0.6, bench=None):
    return Setting(
        bench=SeededBench(bench or SyntheticBench(), 0),
        budget_kwh=budget_kwh,
        seed=0,
        workers=workers,
    )


def rows_of(method, workers, **options):
    run = get_method(method).run
    return run_study(
        run, setting(workers, **options), name=method, energy_aware=False, host="optuna"
    )


SAMPLERS = {
    "tpe": lambda given: (optuna.samplers.TPESampler(seed=0), None),
    "bohb": lambda given: (optuna.samplers.TPESampler(seed=0), paper_hyperband(given.bench)),
    "ea-bohb": lambda given: ea_bohb(seed=0),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_one_simulated_worker_trains_what_a_real_one_does(name):
    given = setting()
    sampler, pruner = SAMPLERS[name](given)
    real = optimise(given, sampler=sampler, pruner=pruner)
    sampler, pruner = SAMPLERS[name](given)
    study = optuna.create_study(
        study_name="study-0",
        direction="maximize",
        sampler=sampler,
        pruner=pruner or optuna.pruners.NopPruner(),
    )
    found = simulate(study, given.bench, EnergyBudget(kwh=given.budget_kwh), workers=1)
    assert len(real) > 10
    assert [(e.config, e.energy_kwh) for e in found] == [(e.config, e.energy_kwh) for e in real]
    total_kwh = sum(e.energy_kwh for e in found)
    assert found[-1].study_kwh == pytest.approx(total_kwh)
    assert found[-1].study_s == pytest.approx(total_kwh * 3.6e4)  # as this benchmark's times are


@pytest.mark.parametrize("method", ["rs", "bohb", "ea-bohb"])
def test_workers_share_the_energy_and_the_same_seed_gives_the_same_study(method):
    rows = rows_of(method, 4)
    assert rows == rows_of(method, 4)
    assert {row.workers for row in rows} == {4}
    one = rows_of(method, 1)
    assert rows[-1].kwh == pytest.approx(sum(row.trial_kwh for row in rows))
    assert rows[-1].kwh <= 0.6 * (1.0 + 1e-9)  # every next epoch's energy is known
    assert rows[-1].kwh > 0.9 * one[-1].kwh
    assert one[-1].runtime_s / 5 < rows[-1].runtime_s < one[-1].runtime_s / 2.5


def test_what_other_trainings_have_spent_by_then_counts():
    rows = rows_of("rs", 4)
    assert all(a.kwh <= b.kwh and a.runtime_s <= b.runtime_s for a, b in pairwise(rows))
    assert rows[0].kwh > 1.5 * rows[0].trial_kwh  # three others ran meanwhile


def test_no_more_trainings_run_at_once_than_there_are_workers():
    ends = [(row.runtime_s, row.trial_kwh * 3.6e4) for row in rows_of("rs", 4)]
    for now_s, _ in ends:
        running = sum(
            end_s - took_s < now_s - 1e-6 and end_s > now_s - 1e-6 for end_s, took_s in ends
        )
        assert running <= 4


def test_a_budget_for_less_than_all_workers_is_kept():
    rows = rows_of("rs", 64, budget_kwh=0.02)
    assert 0.0 < rows[-1].kwh <= 0.02 * (1.0 + 1e-9)


def test_a_simulated_worker_is_neither_waited_for_nor_thought_dead():
    rules = SimulatedBudget(1.0)._rules
    rules.sleep(1e9)
    assert rules.clock() == rules.clock()


def test_times_that_nobody_knows_are_refused():
    with pytest.raises(ValueError, match="does not know how long a training takes"):
        rows_of("rs", 2, bench=TestOnlyBench())


def test_several_objectives_are_refused():
    bench = SyntheticBench()
    bench.provenance = {**bench.provenance, "objectives": ["accuracy", "energy_kwh"]}
    with pytest.raises(ValueError, match="simulated workers searches one objective"):
        rows_of("rs", 2, bench=bench)


def test_trainings_that_go_on_are_refused():
    bench = SyntheticBench()
    bench.provenance = {**bench.provenance, "goes_on": True}
    with pytest.raises(ValueError, match="where trainings go on from shorter ones but got 2"):
        rows_of("rs", 2, bench=bench)
