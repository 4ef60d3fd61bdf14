import pytest

from benchmarks.harness.bench import SeededBench
from benchmarks.harness.hosts.ask_tell import spend
from benchmarks.harness.study import Setting
from tests.benchmarks.synthetic import SyntheticBench


def test_the_last_training_is_cut_and_nothing_is_told_of_it():
    bench = SeededBench(SyntheticBench(), 0)
    bench.space.seed(1)
    configs = [dict(config) for config in bench.space.sample_configuration(3)]
    totals = [float(bench.query(config).energy_kwh[-1]) for config in configs]
    second = bench.query(configs[1]).energy_kwh
    left = float(second[4] + 0.5 * (second[5] - second[4]))  # five and a half epochs
    setting = Setting(bench=bench, budget_kwh=totals[0] + left, seed=0)
    asked, told = iter(configs), []
    found = spend(
        setting, ask=lambda: next(asked), tell=lambda config, accuracy, kwh: told.append(kwh)
    )
    assert told == totals[:1]
    assert [evaluation.epochs for evaluation in found] == [
        len(bench.query(configs[0]).energy_kwh),
        5,
    ]
    assert sum(evaluation.energy_kwh for evaluation in found) == pytest.approx(
        totals[0] + float(second[4])
    )
