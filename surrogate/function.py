"""A benchmark as a plain function of a configuration, for any optimiser."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from surrogate.benchmark import Benchmark
from surrogate.records import Run

METRICS: Mapping[str, str] = {
    "accuracy": "maximize",
    "train_accuracy": "maximize",
    "val_accuracy": "maximize",
    "test_accuracy": "maximize",
    "energy_kwh": "minimize",
    "runtime_s": "minimize",
    "inference_energy_kwh": "minimize",
}
"""What can be returned, and which way is better. Of a curve: its last value. ``"accuracy"`` is that
on the validation set where the benchmark knows it, else on the test set: the official checkpoints
know no other."""


def as_function(
    bench: Benchmark, *, metrics: Sequence[str] = ("accuracy",), seed: int | None = None
) -> Callable[[Mapping[str, Any]], tuple[float, ...]]:
    """A function from a configuration to the metrics of its whole training.

    Example:
        >>> import surrogate
        >>> bench = surrogate.load("fashion-nano")
        >>> f = as_function(bench, metrics=["accuracy", "energy_kwh"])
        >>> accuracy, energy = f(bench.space.get_default_configuration())

    Args:
        bench: The benchmark.
        metrics: Some of :data:`METRICS`.
        seed: Noise of the benchmark; None for its mean.

    Returns:
        A function that raises ValueError for a configuration outside the space, or if the
        benchmark does not know a metric.

    Raises:
        ValueError: If a metric is unknown or there is none.
    """
    chosen = tuple(metrics)
    if isinstance(metrics, str) or not chosen or (unknown := set(chosen) - METRICS.keys()):
        wrong = metrics if isinstance(metrics, str) or not chosen else sorted(unknown)
        raise ValueError(f"metrics must be a list of some of {', '.join(METRICS)} but got {wrong}.")

    def evaluate(config: Mapping[str, Any]) -> tuple[float, ...]:
        run = bench.query(config, seed=seed)
        return tuple(_last(run, name) for name in chosen)

    return evaluate


def _last(run: Run, name: str) -> float:
    value = _value(run, name)
    if value is None:
        known = [other for other in METRICS if _value(run, other) is not None]
        raise ValueError(f"this benchmark does not know {name}: use some of {', '.join(known)}.")
    return float(value if name == "inference_energy_kwh" else value[-1])


def _value(run: Run, name: str) -> Any:
    if name == "accuracy":
        return run.test_accuracy if run.val_accuracy is None else run.val_accuracy
    return getattr(run, name)
