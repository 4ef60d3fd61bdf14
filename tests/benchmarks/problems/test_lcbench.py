"""LCBench with a made-up surrogate in the place of YAHPO Gym's; onnxruntime is not needed."""

import json

import numpy as np
import pytest

from benchmarks.harness.bench import SeededBench, find_reference
from benchmarks.harness.in_full import in_full as only_in_full
from benchmarks.harness.study import Setting, run_study
from benchmarks.methods import get_method
from benchmarks.problems import yahpo_lcbench, yahpo_lcbench_goes_on, yahpo_lcbench_schedules
from benchmarks.problems._lcbench import LCBench, lcbench_space

pytestmark = pytest.mark.filterwarnings("ignore:.*experimental")
CONFIG = {
    "batch_size": 64,
    "learning_rate": 0.01,
    "momentum": 0.9,
    "weight_decay": 0.01,
    "num_layers": 3,
    "max_units": 128,
    "max_dropout": 0.5,
}


def made_up(codes, numbers):
    """Seconds with one step down, accuracy that rises with the epoch and the code."""
    epoch, batch_size, learning_rate = numbers[:, :3].astype(float).T
    seconds = 1000.0 * epoch / batch_size - 30.0 * (epoch == 10)
    percent = 90.0 * (1.0 - np.exp(-epoch / 20.0)) - 5.0 * abs(np.log10(learning_rate) + 2.0)
    others = np.full((len(epoch), 4), np.nan)
    return np.column_stack([seconds, percent + codes[:, 0], others]).astype(np.float32)


def bench(*, schedules=False, goes_on=False, predict=made_up):
    return LCBench(predict, 3, task="7", schedules=schedules or goes_on, goes_on=goes_on)


def test_a_training_has_52_epochs_whose_time_never_falls_and_energy_is_250_watts():
    run = bench().query(CONFIG)
    assert len(run.val_accuracy) == len(run.energy_kwh) == 52
    assert run.runtime_s[8] == run.runtime_s[9] == pytest.approx(9 * 1000 / 64)
    assert run.runtime_s[-1] == pytest.approx(52 * 1000 / 64)
    np.testing.assert_allclose(run.energy_kwh, run.runtime_s * 250 / 3.6e6)
    assert run.val_accuracy[-1] == pytest.approx(0.9 * (1 - np.exp(-2.6)) + 0.03)
    np.testing.assert_array_equal(run.test_accuracy, run.val_accuracy)


@pytest.mark.parametrize("n_epochs", [7, 17, 52])
def test_a_schedule_is_a_training_of_its_own_that_begins_like_a_longer_one(n_epochs):
    run = bench(schedules=True).query({**CONFIG, "max_epoch": n_epochs})
    whole = bench().query(CONFIG)
    np.testing.assert_array_equal(run.val_accuracy, whole.val_accuracy[:n_epochs])
    np.testing.assert_array_equal(run.energy_kwh, whole.energy_kwh[:n_epochs])


def test_many_are_the_same_as_one_by_one_and_there_is_no_noise():
    space = lcbench_space(schedules=True)
    space.seed(0)
    configs = [dict(config) for config in space.sample_configuration(20)]
    one = bench(schedules=True)
    for config, run in zip(configs, one.query_many(configs), strict=True):
        np.testing.assert_array_equal(run.val_accuracy, one.query(config, seed=5).val_accuracy)


@pytest.mark.parametrize("name", ["rs", "bohb", "ea-bohb"])
@pytest.mark.parametrize("schedules", [False, True])
def test_methods_search_it(name, schedules):
    reference = find_reference(bench(schedules=schedules), n_prior=50, rounds=1)
    setting = Setting(
        bench=SeededBench(bench(schedules=schedules), 0),
        budget_kwh=4.0 * reference.mean_training_kwh,
        seed=0,
    )
    rows = run_study(get_method(name).run, setting, name=name, energy_aware=False, host="")
    assert rows[-1].kwh <= setting.budget_kwh * (1.0 + 1e-9)
    assert {row.planned_epochs for row in rows} <= ({7, 17, 52} if schedules else {52})


def study(name, *, trainings=6.0, in_full=False):
    task = bench(goes_on=True)
    reference = find_reference(task, n_prior=50, rounds=1)
    setting = Setting(
        bench=SeededBench(only_in_full(task) if in_full else task, 0),
        budget_kwh=trainings * reference.mean_full_training_kwh,
        seed=0,
    )
    rows = run_study(get_method(name).run, setting, name=name, energy_aware=False, host="")
    assert rows[-1].kwh == pytest.approx(sum(row.trial_kwh for row in rows))
    assert rows[-1].kwh <= setting.budget_kwh * (1.0 + 1e-9)
    return rows[:-1]  # the last one is cut by the budget


def test_a_promoted_training_goes_on_and_pays_the_difference():
    rows, went_on = study("ea-bohb"), 0
    for row in rows:
        whole = bench(goes_on=True).query(row.config)
        paid_kwh = whole.energy_kwh[row.epochs - 1] - row.trial_kwh
        seconds_before = rows[row.trial - 1].runtime_s if row.trial else 0.0
        if paid_kwh > 1e-9:
            went_on += 1
            before = [r for r in rows[: row.trial] if r.config == {**row.config, "max_epoch": 7}]
            assert before
            assert paid_kwh == pytest.approx(whole.energy_kwh[6])
        paid_s = whole.runtime_s[row.epochs - 1] - (row.runtime_s - seconds_before)
        assert paid_s == pytest.approx(whole.runtime_s[6] if paid_kwh > 1e-9 else 0.0, abs=1e-6)
    assert went_on


def test_going_on_costs_something_where_the_surrogate_says_it_takes_no_time():
    energy = bench(goes_on=True).query(CONFIG).energy_kwh
    assert np.diff(energy).min() > 0.0  # the tenth epoch
    np.testing.assert_allclose(energy, bench().query(CONFIG).energy_kwh, rtol=1e-6)


def test_methods_that_know_no_shorter_trainings_pay_for_full_ones():
    rows = study("rs", in_full=True)
    for row in rows:
        assert row.epochs == row.planned_epochs == 52
        assert row.trial_kwh == pytest.approx(bench().query(row.config).energy_kwh[-1])


@pytest.mark.parametrize(
    ("name", "package"), [("ea-smac", "smac"), ("ea-hpbandster-bohb", "hpbandster")]
)
def test_who_would_train_anew_at_every_rung_is_refused(name, package):
    pytest.importorskip(package)
    with pytest.raises(ValueError, match="yahpo-lcbench-schedules"):
        study(name)


def test_rows_say_which_task_they_are_of():
    assert bench().provenance["problem"] == "yahpo-lcbench-7"
    assert bench(schedules=True).provenance["problem"] == "yahpo-lcbench-schedules-7"
    assert bench(goes_on=True).provenance["problem"] == "yahpo-lcbench-goes-on-7"


@pytest.mark.parametrize(
    ("predict", "message"),
    [
        (lambda codes, numbers: np.zeros((len(numbers), 6)), "positive time"),
        (lambda codes, numbers: np.full((len(numbers), 6), np.nan), "finite"),
        (lambda codes, numbers: np.ones((3, 6)), "a row of numbers for each of 52"),
        (lambda codes, numbers: np.ones(len(numbers)), "a row of numbers"),
    ],
)
def test_an_answer_that_cannot_be_is_refused(predict, message):
    with pytest.raises(ValueError, match=message):
        bench(predict=predict).query(CONFIG)


@pytest.mark.parametrize(
    "load", [yahpo_lcbench.load, yahpo_lcbench_schedules.load, yahpo_lcbench_goes_on.load]
)
def test_a_source_that_has_no_such_task_says_what_must_hold(load, tmp_path):
    with pytest.raises(ValueError, match="DIR/NUMBER"):
        load(None)
    with pytest.raises(ValueError, match=r"model\.onnx is no file"):
        load(tmp_path / "7")
    (tmp_path / "model.onnx").write_bytes(b"no model")
    (tmp_path / "encoding.json").write_text(json.dumps({"OpenML_task_id": {"#na#": 0, "7": 1}}))
    with pytest.raises(ValueError, match="the task must be one of 7 but got '8'"):
        load(tmp_path / "8")
    (tmp_path / "encoding.json").write_text("[" * 5000)
    with pytest.raises(ValueError, match=r"encoding\.json"):
        load(tmp_path / "7")
