"""The table, of rows whose numbers are known."""

from dataclasses import replace

import pytest

from benchmarks.harness.results import Results
from benchmarks.transfer.conditions import Condition
from benchmarks.transfer.run import TaskResults
from benchmarks.transfer.table import NOTHING, TRAININGS, as_json, lines_of, markdown
from tests.benchmarks.made_up_rows import HEADER, make_rows

ALL = Condition(n=None)
FULL = replace(HEADER, mean_full_training_kwh=0.0125, budget_kwh=0.5)  # 40 trainings
THIRD = replace(FULL, budget_kwh=0.2)  # or so


def study(method, seed, *tests):
    """A trial per 0.1 kWh, each the incumbent."""
    rows = make_rows(method, seed, n_trials=len(tests))
    return [
        replace(row, test_metric=test, incumbent_test_metric=test)
        for row, test in zip(rows, tests, strict=True)
    ]


def task(name, *studies, plain=(0.4, 0.5)):
    return TaskResults(
        task=name,
        new=Results(header=FULL, rows=tuple(row for rows in studies for row in rows)),
        plain=Results(header=THIRD, rows=tuple(study("gp", 0, *plain))),
    )


def tasks(*with_all):
    """On both tasks and seeds 0.5, 0.6, 0.7 without earlier studies."""
    return [
        task(
            name,
            *(study(NOTHING.name, seed, 0.5, 0.6, 0.7) for seed in (0, 1)),
            *(study(ALL.name, seed, *with_all) for seed in (0, 1)),
        )
        for name in "ab"
    ]


def test_energies_are_relative_to_those_that_others_need():
    without, with_all = lines_of(tasks(0.7, 0.7, 0.7), (NOTHING, ALL))
    assert (without.to_plain, without.to_end, without.worse_by) == (0.5, 1.0, 0.0)
    assert with_all.to_plain == pytest.approx(0.5)  # 0.5 is there after 0.1 of 0.2 kWh
    assert with_all.to_end == pytest.approx(1.0 / 3.0)
    assert with_all.to_end_interval == pytest.approx((1.0 / 3.0, 1.0 / 3.0))
    assert (with_all.worse_by, with_all.n_never) == (0.0, 0)
    assert (with_all.n_tasks, with_all.n_seeds) == (2, 2)


def test_who_never_gets_there_needs_at_least_all():
    _, line = lines_of(tasks(0.3, 0.3, 0.45), (NOTHING, ALL))
    assert line.to_plain == pytest.approx(0.5 / 0.2)
    assert line.to_end == pytest.approx(0.5 / 0.3)
    assert line.n_never == 2
    assert line.worse_by == pytest.approx(25.0)
    assert line.worse_by_interval == pytest.approx((25.0, 25.0))


def test_regrets_are_to_the_best_known_after_so_many_trainings():
    without, with_all = lines_of(tasks(0.3, 0.8, 0.85), (NOTHING, ALL))
    spent_kwh = [0.0125 * n for n in TRAININGS]
    expected = [0.6 if kwh < 0.2 else 0.1 if kwh < 0.3 else 0.05 for kwh in spent_kwh]
    assert with_all.regrets == pytest.approx([100.0 * r for r in expected])
    assert without.regrets[0] == pytest.approx(40.0)


def test_it_is_written_with_intervals():
    lines = lines_of(tasks(0.3, 0.3, 0.45), (NOTHING, ALL))
    text = markdown(lines, plain="GP")
    assert "part of GP's third" in text
    assert "| all earlier studies | 60.0 |" in text
    assert "2.50 (2.50 to 2.50, never on 2)" in text
    assert "+25.00 (+25.00 to +25.00)" in text
    assert as_json(lines)[1]["to_plain_interval"] == lines[1].to_plain_interval
