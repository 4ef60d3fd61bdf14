"""Trainings that are run: what a study sees of them, in Optuna and SMAC."""

import dataclasses
import json

import pytest
from ConfigSpace import ConfigurationSpace

from benchmarks.harness.live import LiveBench, LiveTask, measure_reference
from benchmarks.harness.results import load
from benchmarks.harness.row_file import RowFile
from benchmarks.harness.rows import Header, line_of
from benchmarks.harness.study import Setting
from benchmarks.methods import get_method
from eahas_plugins.energy import FakeMeter
from eahas_plugins.targets.metric import metric_of
from tests.benchmarks.harness.hosts.live_contract import check_goes_on, check_live
from tests.benchmarks.made_up_rows import HEADER, make_rows
from tests.benchmarks.synthetic_live import STEP_KWH, Training, live_bench

pytestmark = pytest.mark.filterwarnings("ignore:.*experimental")


@pytest.mark.parametrize("name", ["rs", "tpe", "bohb", "ea-tpe", "smac"])
def test_every_host_stops_trainings_at_the_budget_and_records_them(name):
    check_live(name)


@pytest.mark.parametrize("name", ["ea-bohb", "ea-smac"])
def test_the_recipe_tries_short_schedules_first(name):
    rows, _ = check_live(name)
    assert rows[0].planned_epochs == 2
    assert 18 in {row.planned_epochs for row in rows}


def test_a_promoted_training_goes_on_where_it_was_cut():
    rows, _ = check_live("smac-mf")
    alone = [row.epochs * row.config["width"] * STEP_KWH for row in rows]
    # it has paid the difference alone
    assert any(row.trial_kwh < 0.9 * kwh for row, kwh in zip(rows, alone, strict=True))


def test_seeds_of_trainings_belong_to_study_and_configuration():
    meter = FakeMeter()  # one clock: a trial of a study that is over shares with nobody
    first, again, other = Training(meter), Training(meter), Training(meter)
    for training, seed in ((first, 0), (again, 0), (other, 1)):
        setting = Setting(bench=live_bench(training, seed=seed), budget_kwh=0.02, seed=0)
        get_method("rs").run(setting)
    assert first.seen == again.seen
    assert [config for config, _ in first.seen] == [config for config, _ in other.seen]
    assert all(a[1] != b[1] for a, b in zip(first.seen, other.seen, strict=True))


def test_the_pilot_runs_full_trainings_and_is_the_same_again():
    training = Training()
    bench = live_bench(training)
    before = bench.space.random.get_state()[1].tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmarks.harness.live.auto_meter", lambda: training.meter)
        reference = measure_reference(bench.task, n_trainings=4)
    assert {config["max_epoch"] for config, _ in training.seen} == {18}
    widths = [config["width"] for config, _ in training.seen]
    assert reference.mean_full_training_kwh == pytest.approx(
        18 * STEP_KWH * sum(widths) / 4, rel=1e-5
    )
    assert reference.test_metric is None
    assert bench.space.random.get_state()[1].tolist() == before


def test_a_live_task_must_have_schedules():
    with pytest.raises(ValueError, match="max_epoch"):
        LiveTask(
            space=ConfigurationSpace({"x": (0.0, 1.0)}),
            train=Training(),
            metric=metric_of("loss", "minimize"),
            worst=1.0,
            data_set="",
        )


def test_rows_of_a_loss_are_called_so_and_come_back(tmp_path):
    header = dataclasses.replace(
        HEADER,
        metric="rmse",
        direction="minimize",
        reference_test_metric=None,
        mean_full_training_kwh=0.2,
    )
    rows = [dataclasses.replace(row, metric="rmse", val_metric=47.5) for row in make_rows()]
    path = tmp_path / "rows.jsonl"
    with RowFile(path, header) as file:
        file.append(rows)
    found = load(path)
    assert found.header == header
    assert list(found.rows) == rows
    assert '"val_rmse": 47.5' in path.read_text()
    assert "accuracy" not in path.read_text()
    assert found.header.budget_trainings == pytest.approx(2.5)


def test_the_header_of_accuracies_says_no_more_than_it_did():
    fields = set(dataclasses.asdict(HEADER)) - {
        "metric",
        "direction",
        "mean_full_training_kwh",
        "incumbents_only",
    }
    names = {name.replace("_metric", "_accuracy") for name in fields}
    assert set(json.loads(line_of(HEADER))) == names


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_is_finite(value):
    with pytest.raises(ValueError, match="val_loss must be finite"):
        dataclasses.replace(make_rows()[0], metric="loss", val_metric=value)
    with pytest.raises(ValueError, match="reference_test_loss must be finite"):
        Header(
            **{
                **dataclasses.asdict(HEADER),
                "metric": "loss",
                "direction": "minimize",
                "reference_test_metric": value,
            }
        )


@pytest.mark.parametrize("name", ["ea-bohb", "ea-smac"])
def test_where_trainings_go_on_a_longer_one_pays_the_difference(name):
    check_goes_on(name)


def test_a_training_without_a_test_value_is_told_what_it_lacks():
    training = Training()

    def without(config, reporting):
        training.meter.advance(kwh=STEP_KWH, seconds=1.0)
        reporting.report(0.5)

    bench = live_bench(training)
    bench = LiveBench(dataclasses.replace(bench.task, train=without), 0, meter=training.meter)
    with pytest.raises(ValueError, match=r"its loss on test data, too.*test=\.\.\."):
        get_method("rs").run(Setting(bench=bench, budget_kwh=0.02, seed=0))
