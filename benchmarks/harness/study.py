"""One study: a method spends a budget on a benchmark, and every trial becomes a row.

A method is handed a :class:`Setting` and returns what it trained: configurations and the energy
each one was given. Everything else in a row follows from these two numbers and the benchmark, in
the same way for every host framework. Where the training was run, its host says what came of it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.harness.bench import SeededBench, plain_config
from benchmarks.harness.live import LiveBench, LiveOutcome
from benchmarks.harness.rows import Row
from benchmarks.harness.seeds import derive_seed
from eahas_plugins.targets.metric import metric_of
from surrogate.record_fields import Curve

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a method trained.

    Args:
        config: The configuration, complete.
        energy_kwh: Energy spent on it, kWh. Not known is an error: it is not 0.
        epochs: Epochs it has been trained for. By default those that the energy pays for; a
            host that goes on with an earlier training must say.
        outcome: What came of a live training; None where it was replayed, or has not reported.
        study_kwh: Energy that the study had spent when it ended, kWh, with that of trainings that
            ran on. By default the sum until then.
        study_s: When it ended, s after the study began. By default the sum until then.

    Raises:
        ValueError: If the energy is unknown, negative or not finite.
    """

    config: Mapping[str, Any]
    energy_kwh: float
    epochs: int | None = None
    outcome: LiveOutcome | None = None
    study_kwh: float | None = None
    study_s: float | None = None

    def __post_init__(self) -> None:
        known = isinstance(self.energy_kwh, int | float | np.number)
        if not (known and 0.0 <= self.energy_kwh < math.inf):
            raise ValueError(
                "energy_kwh of an evaluation must be finite and not negative but got "
                f"{self.energy_kwh!r}: a method must say what it spent."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a method is given.

    Args:
        bench: The benchmark as this study sees it: noisy, the noise fixed by the study's seed; or
            a live task.
        budget_kwh: Energy the study may spend, kWh.
        seed: The study's number.
        workers: Trainings that run at once.
    """

    bench: SeededBench | LiveBench
    budget_kwh: float
    seed: int
    workers: int = 1

    @property
    def host_seed(self) -> int:
        """Seed of samplers, below 2**32; the same for all methods, so that studies are paired."""
        return derive_seed("sampler", self.seed, bits=32)

    def check_one_objective(self, host: str) -> None:
        """Refuse a task with several objectives, for hosts that search one.

        Raises:
            ValueError: If it has several.
        """
        if len(self.bench.objectives) > 1:
            raise ValueError(
                f"{host} searches one objective but the task has "
                f"{' and '.join(self.bench.objectives)}: use a method of the suite 'fronts'."
            )

    def check_starts_anew(self, host: str) -> None:
        """Refuse a task whose trainings go on, for hosts that train every rung from its start.

        Raises:
            ValueError: If they do.
        """
        if isinstance(self.bench, SeededBench) and self.bench.goes_on:
            raise ValueError(
                f"{host} replays every schedule from its start, but this task's trainings go on "
                "and pay the difference: use methods that Optuna hosts, or a task with "
                "schedules, such as yahpo-lcbench-schedules."
            )


RunMethod = Callable[[Setting], Iterable[Evaluation]]


def run_study(
    run: RunMethod, setting: Setting, *, name: str, energy_aware: bool, host: str
) -> list[Row]:
    """Run one study and return its rows, in the order in which the trials ended.

    Trials in which not even one epoch was paid for leave no row.

    Raises:
        RuntimeError: If the method trained nothing, or spent more than its budget and one epoch.
        ValueError: If an energy of the method or the benchmark is unknown, negative or not finite.
    """
    bench = setting.bench
    metric = bench.metric if isinstance(bench, LiveBench) else metric_of(None, None)
    rows: list[Row] = []
    spent, seconds, longest_step = 0.0, 0.0, 0.0
    sign = 1.0 if metric.maximize else -1.0
    best, incumbent_test = -math.inf, math.nan
    for evaluation in run(setting):
        found = _result(bench, evaluation)
        spent += evaluation.energy_kwh
        study_kwh = spent if evaluation.study_kwh is None else evaluation.study_kwh
        longest_step = max(longest_step, found.step_kwh)
        if found.epochs == 0:
            continue
        if sign * found.val > best:
            best, incumbent_test = sign * found.val, found.test
        if found.runtime_s is not None:
            seconds += found.runtime_s
            seconds -= found.earlier_s
        study_s = seconds if evaluation.study_s is None else evaluation.study_s
        rows.append(
            Row(
                method=name,
                energy_aware=energy_aware,
                host=host,
                seed=setting.seed,
                trial=len(rows),
                final=False,
                kwh=study_kwh,
                runtime_s=None if found.runtime_s is None else study_s,
                trial_kwh=evaluation.energy_kwh,
                epochs=found.epochs,
                planned_epochs=found.planned_epochs,
                val_metric=found.val,
                test_metric=found.test,
                incumbent_test_metric=incumbent_test,
                inference_energy_kwh=found.inference_energy_kwh,
                config=plain_config(evaluation.config),
                workers=setting.workers,
                metric=metric.name,
            )
        )
    if not rows:
        raise RuntimeError(
            f"{name} trained nothing for {setting.budget_kwh:.3g} kWh: the budget must pay for at "
            "least one epoch, so raise it."
        )
    if not spent <= (setting.budget_kwh + longest_step) * (1.0 + _ROUNDING):
        raise RuntimeError(
            f"{name} must not spend more than {setting.budget_kwh:.6g} kWh and one epoch but "
            f"spent {spent:.6g} kWh (seed {setting.seed})."
        )
    rows[-1] = dataclasses.replace(rows[-1], final=True)
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """What came of an evaluation; ``step_kwh`` is the most that one epoch of it took."""

    epochs: int
    step_kwh: float
    planned_epochs: int = 0
    val: float = math.nan
    test: float = math.nan
    runtime_s: float | None = None
    earlier_s: float = 0.0
    inference_energy_kwh: float | None = None


def incumbents(rows: Sequence[Row], *, maximize: bool) -> list[Row]:
    """The trials of a study that were better than all before them, and its last one."""
    values = np.array([row.val_metric for row in rows]) * (1.0 if maximize else -1.0)
    before = np.maximum.accumulate(np.append(-np.inf, values[:-1]))
    return [row for row, better in zip(rows, values > before, strict=True) if better or row.final]


def _result(bench: SeededBench | LiveBench, evaluation: Evaluation) -> _Result:
    if isinstance(bench, LiveBench):
        return _live(evaluation)
    observed = bench.query(evaluation.config)
    truth = bench.truth(evaluation.config)
    energy = observed.energy_kwh
    assert energy is not None  # SeededBench checks it
    epochs = evaluation.epochs
    if epochs is None:
        epochs = _epochs_paid(energy, evaluation.energy_kwh)
    step_kwh = float(np.diff(energy, prepend=0.0).max())
    if epochs == 0:
        return _Result(epochs=0, step_kwh=step_kwh)
    last = epochs - 1
    assert observed.val_accuracy is not None
    assert truth.test_accuracy is not None
    runtime_s, earlier_s = None, 0.0
    if observed.runtime_s is not None:
        earlier = _epochs_paid(energy, float(energy[last]) - evaluation.energy_kwh)
        runtime_s = float(observed.runtime_s[last])
        earlier_s = float(observed.runtime_s[earlier - 1]) if earlier else 0.0
    return _Result(
        epochs=epochs,
        step_kwh=step_kwh,
        planned_epochs=len(energy),
        val=float(observed.val_accuracy[last]),
        test=float(truth.test_accuracy[last]),
        runtime_s=runtime_s,
        earlier_s=earlier_s,
        inference_energy_kwh=truth.inference_energy_kwh,
    )


def _live(evaluation: Evaluation) -> _Result:
    """The longest epoch of a live training is taken to be twice its mean one."""
    outcome, epochs = evaluation.outcome, evaluation.epochs or 0
    if outcome is None or not epochs:
        return _Result(epochs=0, step_kwh=evaluation.energy_kwh)
    return _Result(
        epochs=epochs,
        step_kwh=min(1.0, 2.0 / epochs) * outcome.training_kwh,
        planned_epochs=outcome.planned_epochs,
        val=outcome.val_metric,
        test=outcome.test_metric,
        runtime_s=outcome.runtime_s,
    )


def _epochs_paid(energy: Curve, kwh: float) -> int:
    """Epochs whose cumulative energy is at most ``kwh``."""
    return int(np.searchsorted(energy, kwh + _ROUNDING * float(energy[-1]), side="right"))
