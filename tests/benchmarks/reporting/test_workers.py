import dataclasses

import pytest

from benchmarks.harness.results import Results
from benchmarks.reporting.workers import (
    over_one_worker,
    over_tasks,
    over_tasks_table,
    workers_table,
)
from tests.benchmarks.made_up_rows import HEADER, make_rows


def study(method, seed, workers, *, energy_aware=False, factor=1.0, lift=0.0):
    """Three trials of 0.1 kWh each, whose incumbents reach 0.6, 0.65 and 0.7."""
    return [
        dataclasses.replace(
            row,
            method=method,
            energy_aware=energy_aware,
            kwh=factor * row.kwh,
            incumbent_test_metric=0.6 + 0.05 * row.trial + lift,
            workers=workers,
        )
        for row in make_rows(seed=seed)
    ]


def results(*studies):
    return Results(header=HEADER, rows=tuple(row for rows in studies for row in rows))


def test_energy_with_several_workers_is_told_over_that_with_one():
    recorded = results(
        *(study("tpe", seed, 1) for seed in range(3)),
        *(study("ea-bohb", seed, 1, energy_aware=True, factor=0.5) for seed in range(3)),
        *(study("ea-bohb", seed, 4, energy_aware=True, factor=0.6) for seed in range(3)),
        *(study("ea-bohb", s, 16, energy_aware=True, lift=-0.02) for s in range(3)),
    )
    found = over_one_worker(recorded)
    assert found["target_of"] == "tpe"
    assert list(found["methods"]) == ["ea-bohb"]  # the other one had one worker alone
    by_n = found["methods"]["ea-bohb"]
    assert by_n["1"]["over_one"]["ratio"] == 1.0
    assert by_n["4"]["over_one"]["ratio"] == pytest.approx(1.2)
    assert by_n["16"]["over_one"]["ratio"] is None
    assert by_n["16"]["over_one"]["at_least"]["ratio"] == pytest.approx(0.5 / 0.15)
    assert by_n["16"]["final"] == pytest.approx(0.68)
    (row,) = workers_table(found, recorded).rows
    assert row == [
        *("ea-bohb", "0.7000"),
        *("0.7000", "1.20", "1.20 .. 1.20"),
        *("0.6800", ">3.33", ">3.33 .. >3.33"),
    ]


def test_a_method_that_does_not_get_there_with_one_worker_has_no_ratio():
    recorded = results(
        study("tpe", 0, 1), study("rs", 0, 1, lift=-0.1), study("rs", 0, 4), study("tpe", 0, 4)
    )
    found = over_one_worker(recorded)
    assert found["methods"]["rs"]["4"]["over_one"] is None
    table = workers_table(found, recorded)
    assert [row for row in table.rows if row[0] == "rs"] == [["rs", "0.6000", "0.7000", "-", "-"]]
    assert "final median of tpe with one worker" in table.caption


@pytest.mark.parametrize("workers", [(1,), (4,), (4, 16)])
def test_without_one_worker_and_several_there_is_nothing_to_tell(workers):
    assert over_one_worker(results(*(study("tpe", 0, n) for n in workers))) is None


def test_energy_aware_methods_alone_have_no_target():
    aware = [study("ea-bohb", 0, n, energy_aware=True) for n in (1, 4)]
    assert over_one_worker(results(*aware)) is None


def on_tasks(*studies, n_tasks=2):
    """The same studies on several tasks, each of which takes 100 s with one worker."""
    rows = [row for rows in studies for row in rows]
    timed = tuple(dataclasses.replace(r, runtime_s=25.0 * (r.trial + 2) / r.workers) for r in rows)
    return [
        Results(header=dataclasses.replace(HEADER, task=f"task-{n}"), rows=timed)
        for n in range(n_tasks)
    ]


def test_over_tasks_several_workers_are_told_over_one_and_over_the_best_plain_method():
    aware = {"energy_aware": True}
    found = over_tasks(
        on_tasks(
            *(study("tpe", seed, n) for seed in range(3) for n in (1, 4, 16)),
            *(study("ea-bohb", seed, 1, factor=0.5, **aware) for seed in range(3)),
            *(study("ea-bohb", seed, 4, factor=0.75, **aware) for seed in range(3)),
            *(study("ea-bohb", seed, 16, lift=-0.2, **aware) for seed in range(3)),
        )
    )
    assert found["numbers"] == ["1", "4", "16"]
    four, sixteen = (found["methods"]["ea-bohb"][n] for n in ("4", "16"))
    # after half of 0.5 kWh one worker has all its three trials, after 0.15 kWh
    assert four["over_one"]["ratio"] == pytest.approx(0.225 / 0.15)
    assert sixteen["over_one"]["ratio"] is None
    assert sixteen["over_one"]["at_least"]["ratio"] == pytest.approx(0.5 / 0.15)
    assert four["over_best_plain"]["ratio"] == pytest.approx(0.75)
    assert sixteen["regret"]["mean"] == pytest.approx(40.0)  # 0.5 where the best known is 0.9
    assert four["time_over_one"] == pytest.approx(0.25)
    rows = {row[0]: row[1:] for row in over_tasks_table(found).rows}
    assert rows["ea-bohb: energy over one worker's"] == [
        *("1.00 (1.00 .. 1.00)", "1.50 (1.50 .. 1.50)", ">3.33 (>3.33 .. >3.33)")
    ]
    assert rows["tpe: time over one worker's"] == ["1.00", "0.25", "0.06"]


def test_numbers_of_workers_that_some_task_lacks_are_left_out():
    some = on_tasks(study("rs", 0, 1), study("rs", 0, 4), study("rs", 0, 16), n_tasks=1)
    other = Results(header=HEADER, rows=(*study("rs", 0, 1), *study("rs", 0, 4)))
    assert over_tasks([*some, other])["numbers"] == ["1", "4"]
    assert over_tasks([*some, Results(header=HEADER, rows=tuple(study("rs", 0, 1)))]) is None


def test_times_that_nobody_knows_are_not_told():
    found = over_tasks([results(study("rs", 0, 1), study("rs", 0, 4))])
    assert found["methods"]["rs"]["4"]["time_over_one"] is None
    assert ["rs: time over one worker's", "-", "-"] in over_tasks_table(found).rows
