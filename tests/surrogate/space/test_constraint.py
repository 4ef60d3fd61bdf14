"""Upstream's sweep constraints."""

from __future__ import annotations

import pytest

from surrogate.simulation.simulate import simulate
from surrogate.space.constraint import ConstrainedBenchmark, sample, violation
from surrogate.space.regnet import complexity, stages
from surrogate.space.task import Limits
from surrogate.space.tasks import check, get_space, get_task


class Simulated:
    """The simulation behind the interface of a benchmark."""

    provenance = "simulated"

    def __init__(self, task):
        self.space = get_space(task)

    def query(self, config, *, seed=None):
        return self.query_many([config], seed=seed)[0]

    def query_many(self, configs, *, seed=None):
        return simulate(configs, self.space.name, seed=seed or 0)


def test_samples_obey_the_sweep():
    configs = sample("cifar10", 40, seed=1)
    assert len(configs) == 40
    for config in configs:
        size = complexity(config, get_task("cifar10").trunk)
        assert 0.12e9 <= size.flops <= 0.13e9
        assert size.params <= 2e6
        assert size.activations <= 1e6
        assert len(stages(config)) == 2
        assert check(config, "cifar10") == config


def test_samples_repeat_with_their_seed():
    first, second, other = (sample("tinyimagenet", 30, seed=seed) for seed in (5, 5, 6))
    assert first == second != other
    assert sample("tinyimagenet", 7, seed=5) == first[:7]


@pytest.mark.parametrize(("task", "share"), [("cifar10", 0.79), ("tinyimagenet", 0.52)])
def test_share_of_two_stage_networks_is_the_published_one(task, share):
    configs = get_space(task, seed=1).sample_configuration(2000)
    allowed = [violation(config, task, limits=Limits()) is None for config in configs]
    assert sum(allowed) / len(allowed) == pytest.approx(share, abs=0.03)


def test_samples_follow_the_priors():
    """Narrow groups are twice as likely as the widest; two-stage networks keep that."""
    configs = sample("cifar10", 4000, limits=Limits())
    share = {g: sum(c["group_width"] == g for c in configs) / 4000 for g in (1, 32)}
    assert share[1] == pytest.approx(0.167, abs=0.03)
    assert share[32] == pytest.approx(0.069, abs=0.03)


def test_constrained_benchmark_answers_inside_and_refuses_outside():
    bench = ConstrainedBenchmark(Simulated("cifar10"))
    inside = bench.sample(3, seed=2)
    assert all(bench.is_allowed(config) for config in inside)
    assert len(bench.query_many(inside, seed=4)) == 3
    free = Simulated("cifar10").query(inside[0], seed=4)
    assert bench.query(inside[0], seed=4).val_accuracy.tolist() == free.val_accuracy.tolist()

    outside = bench.space.get_default_configuration()
    reason = bench.violation(outside)
    assert reason is not None
    assert not bench.is_allowed(outside)
    for ask in (lambda: bench.query(outside), lambda: bench.query_many([inside[0], outside])):
        with pytest.raises(ValueError, match=r"outside the constraints .*bench\.sample"):
            ask()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"w0": 48, "wa": 8.0, "depth": 6}, "multiply-adds must lie in 0.12 to 0.13 G"),
        ({"w0": 128, "wa": 32.0, "depth": 15}, "multiply-adds"),
    ],
)
def test_violation_says_what_is_wrong(change, reason):
    config = {**get_space("cifar10").get_default_configuration(), **change}
    assert reason in violation(config, "cifar10")


def test_more_than_two_stages_are_refused():
    configs = get_space("tinyimagenet", seed=0).sample_configuration(200)
    many = next(config for config in configs if len(stages(config)) > 2)
    assert "exactly 2 stages" in violation(many, "tinyimagenet")


def test_the_measured_task_has_no_constraints():
    with pytest.raises(ValueError, match="without them"):
        sample("fashion-nano", 1)
    with pytest.raises(ValueError, match="without them"):
        ConstrainedBenchmark(Simulated("fashion-nano"))
    with pytest.raises(ValueError, match="must not be negative"):
        sample("cifar10", -1)
