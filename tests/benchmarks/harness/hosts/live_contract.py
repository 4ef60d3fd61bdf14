"""What every host must make of a live task."""

import pytest

from benchmarks.harness.study import Setting, run_study
from benchmarks.methods import get_method
from tests.benchmarks.synthetic_live import START_KWH, STEP_KWH, Training, live_bench, loss_of

BUDGET_KWH = 6.0 * 18 * 2.5 * STEP_KWH
"""Of six mean complete trainings."""


def check_live(name, *, goes_on=False):
    training = Training()
    bench = live_bench(training, goes_on=goes_on)
    setting = Setting(bench=bench, budget_kwh=BUDGET_KWH, seed=0)
    method = get_method(name)
    rows = run_study(
        method.run, setting, name=name, energy_aware=method.energy_aware, host=method.host
    )
    spent = rows[-1].kwh
    assert 0.5 * BUDGET_KWH < spent <= BUDGET_KWH + 4 * STEP_KWH * (1.0 + 1e-9)
    used = 18 * STEP_KWH * sum(config["width"] for config, _ in training.seen)
    assert spent < used  # trainings are stopped, not replayed
    assert [row.final for row in rows] == [False] * (len(rows) - 1) + [True]
    best = None
    for row in rows:
        assert row.metric == "loss"
        assert row.planned_epochs == row.config["max_epoch"]
        assert 1 <= row.epochs <= row.planned_epochs
        loss = loss_of(row.config, row.epochs)
        assert row.val_metric == pytest.approx(loss)
        assert row.test_metric == pytest.approx(loss + 0.5)
        best = row.val_metric if best is None else min(best, row.val_metric)
        assert row.incumbent_test_metric == pytest.approx(best + 0.5)
        assert row.trial_kwh <= row.epochs * row.config["width"] * STEP_KWH + 2.0 * START_KWH
    assert len({row.planned_epochs for row in rows}) > 1
    return rows, training


def check_goes_on(name):
    """What is promoted pays the difference; whatever it does not pay, an earlier trial has paid."""
    rows, _ = check_live(name, goes_on=True)
    paid_before = {}
    for row in rows:
        config = tuple((key, value) for key, value in row.config.items() if key != "max_epoch")
        whole_kwh = row.epochs * row.config["width"] * STEP_KWH
        before = whole_kwh - row.trial_kwh
        if before > 4.0 * START_KWH:
            assert before == pytest.approx(paid_before[config], rel=1e-3)
        else:
            assert row.trial_kwh == pytest.approx(whole_kwh, rel=1e-3)
        paid_before[config] = whole_kwh
    assert any(row.trial_kwh < 0.9 * row.epochs * row.config["width"] * STEP_KWH for row in rows)
