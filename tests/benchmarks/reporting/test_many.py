import dataclasses

import numpy as np
import pytest
from matplotlib.image import imread

from benchmarks.harness.results import Results
from benchmarks.reporting.figures import draw_regret
from benchmarks.reporting.headline import headline
from benchmarks.reporting.many import mean_regrets, named_or_counted, pairs, short_names
from benchmarks.reporting.many_figure import draw_mean_regret
from benchmarks.reporting.overall import overall_tables
from benchmarks.reporting.ratios import energy_ratio, geometric_mean
from benchmarks.reporting.resampling import MANY
from benchmarks.reporting.summary import summarise, summarise_all
from benchmarks.reporting.traces import collect
from tests.benchmarks.made_up_rows import HEADER, make_rows
from tests.benchmarks.reporting.made_up_traces import method, trace


def task(number, finals, n_seeds=3, **header):
    rows = [
        dataclasses.replace(
            row,
            method=name,
            energy_aware=name.startswith("ea-"),
            incumbent_test_metric=start + 0.05 * row.trial + 0.01 * seed,
        )
        for name, start in finals.items()
        for seed in range(n_seeds)
        for row in make_rows(seed=seed)
    ]
    name = f"a-family-of-tasks-{number}"
    return Results(
        header=dataclasses.replace(HEADER, task=name, reference_test_metric=1.0, **header),
        rows=tuple(rows),
    )


def tasks(n=MANY):
    return [task(i, {"rs": 0.5, "ea-bohb": 0.5 + 0.01 * i}) for i in range(n)]


def test_a_mean_regret_is_over_tasks_and_studies_and_a_study_begins_with_its_first_training():
    found = tasks()
    tables = [collect(results) for results in found]
    budget = found[0].header.budget_kwh
    first = make_rows()[0].kwh / budget
    regrets = mean_regrets(found, tables, np.array([first / 2, first, 1.0]))
    last = make_rows()[-1].trial
    assert regrets["rs"].mean == pytest.approx([49.0, 49.0, 49.0 - 5.0 * last])
    lead = np.mean([1.0 * i for i in range(MANY)])
    assert regrets["ea-bohb"].mean == pytest.approx(regrets["rs"].mean - lead)
    # all tasks of rs are alike, and so is a seed's luck on each: of three seeds, all drawn are the
    # worst or the best in one resample of 27, which is more than the 2.5 % at each end
    assert regrets["rs"].low == pytest.approx(regrets["rs"].mean - 1.0)
    assert regrets["rs"].high == pytest.approx(regrets["rs"].mean + 1.0)
    # those of the other method are not alike
    assert (regrets["ea-bohb"].high - regrets["ea-bohb"].low > 2.0).all()
    assert (regrets["ea-bohb"].low < regrets["ea-bohb"].mean).all()


def test_pairs_have_the_same_task_and_seed():
    ours = method("ea", trace([1.0], [0.5]), trace([1.0], [0.7]), trace([1.0], [0.9]))
    theirs = method("rs", trace([1.0], [0.5]), trace([1.0], [0.8]))
    found = pairs([{"ea": ours, "rs": theirs}, {"rs": theirs}], "ea", "rs")
    assert (found.n, found.ahead, found.level) == (2, 0, 1)


def test_many_tasks_are_resampled_and_few_are_not():
    plain = method("rs", trace([1.0, 2.0], [0.5, 0.6]))
    ratios = [
        energy_ratio(method("ea", trace([2.0 / k], [0.6])), plain, budget_kwh=2.0)
        for k in range(1, MANY + 1)
    ]
    few, many = geometric_mean(ratios[:-1]), geometric_mean(ratios)
    assert few.interval == pytest.approx((few.value, few.value))
    low, high = many.interval
    assert low < many.value < high


def test_names_are_short_where_they_share_a_long_beginning():
    assert short_names(
        ["lcbench-schedules-1", "lcbench-schedules-2", "lcbench-schedules-3", "x-1"]
    ) == {
        "lcbench-schedules-1": "1",
        "lcbench-schedules-2": "2",
        "lcbench-schedules-3": "3",
        "x-1": "x-1",
    }
    paper = ["fashion-nano", "cifar10", "tinyimagenet"]
    assert short_names(paper) == {name: name for name in paper}


def test_many_tasks_are_counted_and_few_are_named():
    assert named_or_counted({"t1": "gp", "t2": "rs"}) == "gp on t1, rs on t2"
    many = {str(i): "gp" if i else "rs" for i in range(MANY)}
    assert named_or_counted(many) == f"gp on {MANY - 1}, rs on 1"


def test_the_tables_of_many_tasks_say_each_ratio_and_the_mean_regrets():
    found = tasks()
    _, regrets, by_task, *_ = overall_tables(summarise_all(found))
    told = {row[0]: row for row in regrets.rows}
    assert told["rs"][-1] == f"{3 * (MANY - 1)} + 3 of {3 * MANY}"
    assert told["rs"][-2].startswith("39.0 (")
    assert [row[0] for row in by_task.rows] == [str(i) for i in range(MANY)]
    assert by_task.rows[2][1:5] == ["rs", "0.6100", "0.6300", by_task.rows[2][4]]
    assert float(by_task.rows[0][4]) == 1.0
    assert float(by_task.rows[-1][4]) < 1.0


def test_few_tasks_have_no_such_tables():
    assert len(overall_tables(summarise_all(tasks(3)))) == 1


def test_the_sentence_counts_many_tasks():
    found = tasks()
    said = headline([summarise(results) for results in found], summarise_all(found))
    assert f" on {MANY} tasks (energy " in said
    assert "a-family-of-tasks" not in said


def test_losses_have_no_mean_regret(tmp_path):
    found = [task(i, {"rs": 0.5}, metric="rmse", direction="minimize") for i in range(MANY)]
    assert summarise_all(found)["regrets"] is None
    assert not draw_mean_regret(found, tmp_path / "mean_regret")
    assert not list(tmp_path.iterdir())


def test_panels_of_many_tasks_stand_in_rows(tmp_path):
    found = tasks()
    draw_regret(found, tmp_path / "regret", targets=[None] * MANY)
    height, width, _ = imread(tmp_path / "regret.png").shape
    assert width < 4000
    assert height > 1200
    assert draw_mean_regret(found, tmp_path / "mean_regret")
    assert imread(tmp_path / "mean_regret.png").shape[1] > 1000
    assert (tmp_path / "mean_regret.svg").is_file()
