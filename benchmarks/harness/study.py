"""One study: a method spends a budget on a benchmark, and every trial becomes a row.

A method is handed a :class:`Setting` and returns what it trained: configurations and the energy
each one was given. Everything else in a row follows from these two numbers and the benchmark, in
the same way for every host framework.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.harness.bench import SeededBench, plain_config
from benchmarks.harness.rows import Row
from benchmarks.harness.seeds import derive_seed
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

    Raises:
        ValueError: If the energy is unknown, negative or not finite.
    """

    config: Mapping[str, Any]
    energy_kwh: float
    epochs: int | None = None

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
        bench: The benchmark as this study sees it: noisy, the noise fixed by the study's seed.
        budget_kwh: Energy the study may spend, kWh.
        seed: The study's number.
    """

    bench: SeededBench
    budget_kwh: float
    seed: int

    @property
    def host_seed(self) -> int:
        """Seed of samplers, below 2**32; the same for all methods, so that studies are paired."""
        return derive_seed("sampler", self.seed, bits=32)


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
    rows: list[Row] = []
    spent, seconds, longest_epoch = 0.0, 0.0, 0.0
    best, incumbent_test = -math.inf, math.nan
    for evaluation in run(setting):
        observed = setting.bench.query(evaluation.config)
        truth = setting.bench.truth(evaluation.config)
        energy = observed.energy_kwh
        assert energy is not None  # SeededBench checks it
        epochs = evaluation.epochs
        if epochs is None:
            epochs = _epochs_paid(energy, evaluation.energy_kwh)
        spent += evaluation.energy_kwh
        longest_epoch = max(longest_epoch, float(np.diff(energy, prepend=0.0).max()))
        if epochs == 0:
            continue
        last = epochs - 1
        assert observed.val_accuracy is not None
        assert truth.test_accuracy is not None
        val, test = float(observed.val_accuracy[last]), float(truth.test_accuracy[last])
        if val > best:
            best, incumbent_test = val, test
        if observed.runtime_s is not None:
            earlier = _epochs_paid(energy, float(energy[last]) - evaluation.energy_kwh)
            seconds += float(observed.runtime_s[last])
            seconds -= float(observed.runtime_s[earlier - 1]) if earlier else 0.0
        rows.append(
            Row(
                method=name,
                energy_aware=energy_aware,
                host=host,
                seed=setting.seed,
                trial=len(rows),
                final=False,
                kwh=spent,
                runtime_s=None if observed.runtime_s is None else seconds,
                trial_kwh=evaluation.energy_kwh,
                epochs=epochs,
                planned_epochs=len(energy),
                val_accuracy=val,
                test_accuracy=test,
                incumbent_test_accuracy=incumbent_test,
                inference_energy_kwh=truth.inference_energy_kwh,
                config=plain_config(evaluation.config),
            )
        )
    if not rows:
        raise RuntimeError(
            f"{name} trained nothing for {setting.budget_kwh:.3g} kWh: the budget must pay for at "
            "least one epoch, so raise it."
        )
    if not spent <= (setting.budget_kwh + longest_epoch) * (1.0 + _ROUNDING):
        raise RuntimeError(
            f"{name} must not spend more than {setting.budget_kwh:.6g} kWh and one epoch but "
            f"spent {spent:.6g} kWh (seed {setting.seed})."
        )
    rows[-1] = dataclasses.replace(rows[-1], final=True)
    return rows


def _epochs_paid(energy: Curve, kwh: float) -> int:
    """Epochs whose cumulative energy is at most ``kwh``."""
    return int(np.searchsorted(energy, kwh + _ROUNDING * float(energy[-1]), side="right"))
