from collections import Counter

from benchmarks.collection.planned_runs import planned_run, planned_steps
from surrogate.space.tasks import check


def test_a_run_is_the_same_wherever_it_is_planned() -> None:
    first = planned_run("fashion-nano", 0)
    assert first == planned_run("fashion-nano", 0)
    assert first.seed == 81507585
    assert first.config["wa"] == 3.3
    assert first.config == check(first.config, "fashion-nano")


def test_the_first_300_runs_repeat_30_configurations_with_three_seeds() -> None:
    runs = [planned_run("fashion-nano", i) for i in range(320)]
    counts = Counter(run.config_run for run in runs)
    assert Counter(counts.values()) == {3: 30, 1: 230}
    assert len({run.seed for run in runs}) == 320
    for run in runs:
        assert run.config == runs[run.config_run].config


def test_runs_on_a_gpu_are_the_same_trainings() -> None:
    for run in range(12):
        assert planned_run("fashion-nano-gpu", run) == planned_run("fashion-nano", run)


def test_steps_are_measured_of_another_configuration_each() -> None:
    planned = [planned_steps("cifar10", run) for run in range(40)]
    assert planned[:20] == [planned_steps("cifar10", run) for run in range(20)]
    assert len({str(one.config) for one in planned}) == len({one.seed for one in planned}) == 40
    assert all(one.config == check(one.config, "cifar10") for one in planned)
    assert (planned[0].seed, planned[0].config["wa"]) == (666969176, 19.1)
