"""One contract for every live task: real trainings, short ones."""

import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.harness.bench import SCHEDULE, plain_config
from benchmarks.harness.live import TEST, LiveTask
from benchmarks.problems import all_declared, get_problem
from eahas_plugins.energy import CpuTimeMeter
from eahas_plugins.targets.checkpoints import CheckpointStore
from eahas_plugins.targets.journal_training import JournalTraining

LIVE = [name for name in all_declared() if name.startswith("live-")]
METER = CpuTimeMeter(watts_per_core=10.0, idle_watts=0.0)


def run(task: LiveTask, config, folder: Path, *, seed=0, budget=None):
    with CheckpointStore(folder).open("training", towards=budget) as copy:
        training = JournalTraining(
            meter=METER,
            checkpoint=copy,
            seed=seed,
            budget=budget,
            in_kwh=False,
            attempt=None,
            metric=task.metric,
            keeps_checkpoint=budget is not None,
        )
        try:
            returned = task.train(dict(config), training)
            training.pause()
        finally:
            training.finish()
    return training, returned or dict(training.reported[-1])


def draw(task, *, length=2):
    task.space.seed(1)
    return plain_config(task.space.sample_configuration()) | {SCHEDULE: length}


@pytest.fixture(scope="module", params=LIVE)
def named(request):
    return request.param, get_problem(request.param).load()


def test_there_are_three_and_one_that_goes_on():
    assert len(LIVE) == 4
    assert [n for n in LIVE if get_problem(n).load().goes_on] == ["live-boosting-goes-on"]
    assert {all_declared()[name].direction for name in LIVE} == {"maximize", "minimize"}


def test_its_file_says_what_it_is(named):
    name, task = named
    said = all_declared()[name]
    assert isinstance(task, LiveTask)
    assert (said.metric, said.direction == "maximize") == (task.metric.name, task.metric.maximize)
    lengths = task.space[SCHEDULE].sequence
    assert lengths[0] <= lengths[-1] / 6
    assert said.counts_full
    found = task.provenance(name)
    assert found["kind"] == "measured"
    assert found["energy"] in ("measured", "estimated")
    assert found["meter"]["name"]
    assert found == task.provenance(name)


def test_a_training_reports_both_values_after_each_epoch_and_is_the_same_again(named, tmp_path):
    _, task = named
    config = draw(task)
    training, _ = run(task, config, tmp_path / "a")
    assert len(training.reported) == 2
    assert all({task.metric.name, TEST} == set(values) for values in training.reported)
    assert all(math.isfinite(value) for values in training.reported for value in values.values())
    again, _ = run(task, config, tmp_path / "b")
    assert again.reported == training.reported
    other, _ = run(task, config, tmp_path / "c", seed=1)
    assert other.reported != training.reported


def test_a_paused_training_goes_on_as_if_it_had_not_paused(named, tmp_path):
    name, task = named
    config = draw(task, length=6)
    whole, _ = run(task, config, tmp_path / "whole")
    first, _ = run(task, config, tmp_path / "paused", budget=2.0)
    assert first.epochs == 2
    rest, told = run(task, config, tmp_path / "paused", budget=6.0)
    assert rest.resumed
    found = [*first.reported, *rest.reported]
    # XGBoost forgets where its draws of columns stood
    rel = 0.02 if name.startswith("live-boosting") else 0.0
    for values, expected in zip(found, whole.reported, strict=True):
        assert values == pytest.approx(expected, rel=rel)
    _, once_more = run(task, config, tmp_path / "paused", budget=18.0)
    assert once_more == told  # its schedule is at its end: it says what it was


def test_longer_schedules_are_better_for_a_sound_configuration(named, tmp_path):
    _, task = named
    config = dict(plain_config(task.space.get_default_configuration()))
    scores = []
    for length in (2, 18):
        _, told = run(task, config | {SCHEDULE: length}, tmp_path / str(length))
        scores.append(-task.metric.cost(told[task.metric.name]))
    assert scores[1] > scores[0]


@pytest.mark.parametrize("name", ["live-characters"])
def test_what_diverges_reports_the_worst_and_goes_on(name, tmp_path):
    task = get_problem(name).load()
    config = draw(task) | {"learning_rate": 1e30, "batch_size": 16}
    training, told = run(task, config, tmp_path)
    assert training.epochs == 2
    assert told[task.metric.name] == task.worst


def test_no_pixel_of_one_band_is_seen_from_another():
    from benchmarks.problems import live_boosting

    x, y = live_boosting.data()
    n = live_boosting.N_TRAIN + live_boosting.N_VAL + live_boosting.N_TEST
    assert x.shape == (n, 24)
    assert y.shape == (n,)
    assert np.isfinite(x).all()
