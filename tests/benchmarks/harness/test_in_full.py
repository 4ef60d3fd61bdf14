import surrogate
from benchmarks.harness.bench import SCHEDULE
from benchmarks.harness.in_full import in_full, only_longest
from tests.benchmarks.synthetic_live import SCHEDULES, Training, live_bench


def test_only_the_longest_schedule_is_left_and_all_else_is_as_it_was():
    bench = surrogate.load("fashion-nano")
    space, full = bench.space, in_full(bench).space
    assert list(full) == list(space)
    assert tuple(full[SCHEDULE].sequence) == (max(space[SCHEDULE].sequence),)
    assert all(full[name] == space[name] for name in full if name != SCHEDULE)
    assert len(space[SCHEDULE].sequence) > 1


def test_trainings_are_those_of_the_task():
    bench = surrogate.load("fashion-nano")
    full = in_full(bench)
    config = full.space.get_default_configuration()
    assert len(full.query(config).energy_kwh) == max(bench.space[SCHEDULE].sequence)
    assert full.query(config).energy_kwh.tolist() == bench.query(config).energy_kwh.tolist()
    assert full.query_many([config])[0].val_accuracy is not None
    assert full.provenance == bench.provenance


def test_a_live_task_and_a_space_without_schedules():
    live = in_full(live_bench(Training()).task)
    assert tuple(live.space[SCHEDULE].sequence) == (SCHEDULES[-1],)
    full = only_longest(surrogate.load("fashion-nano").space)
    with_none = type(full)()
    with_none.add([full[name] for name in full if name != SCHEDULE])
    assert only_longest(with_none) is with_none
