"""A benchmark as the objective of an Optuna study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from optuna import TrialPruned
from optuna.trial import Trial, TrialState

from eahas_plugins.arguments import check_counts
from eahas_plugins.benchmark import Benchmark, BenchmarkRun, accuracy_curve, check_benchmark
from eahas_plugins.budget.attributes import CONTINUES_ATTR, PAID_ATTR, SAVED_ATTR, TRAINING_ATTR
from eahas_plugins.optuna._origin import open_account
from eahas_plugins.spaces import Config, ForbiddenConfigurationError, OptunaSpace

OBJECTIVES = {
    "accuracy": "maximize",
    "val_accuracy": "maximize",
    "test_accuracy": "maximize",
    "energy_kwh": "minimize",
    "inference_energy_kwh": "minimize",
}
_AUTO = "accuracy"
_ACCURACIES = ("val_accuracy", "test_accuracy")


class SurrogateObjective:
    """Replays the trainings of a benchmark, epoch by epoch, as if they ran.

    With one objective each epoch is reported and ``should_prune()`` is asked, so pruners work as
    they do on a real training. After every report ``energy_kwh`` holds what the trial has spent,
    pruned or not. Under ``EnergyBudget.guard`` the budget is told the exact energy of the whole
    training and of each next step, so it never overshoots. Trials without a guard count in a later
    budget of the study too.

    Each trial gets the attributes ``energy_kwh``, ``energy_reserved_kwh``, ``runtime_s``,
    ``epochs``, ``val_accuracy`` and ``test_accuracy`` (of the last epoch reached),
    ``accuracy_curve`` (which of the two was optimised) and ``provenance``, as far as the
    benchmark knows them.

    Example:
        >>> import optuna, surrogate  # doctest: +SKIP
        >>> objective = SurrogateObjective(surrogate.load("fashion-nano"))  # doctest: +SKIP
        >>> study = optuna.create_study(directions=objective.directions)  # doctest: +SKIP
        >>> study.optimize(objective, n_trials=20)  # doctest: +SKIP

    Args:
        bench: Any object with ``.space`` and ``.query(config)``.
        objectives: What is optimised: ``"accuracy"`` at the end of the training (validation where
            the benchmark knows it, else test, as with imported official checkpoints; or one of
            them by ``"val_accuracy"`` and ``"test_accuracy"``), ``"energy_kwh"`` of the training
            and ``"inference_energy_kwh"``. With more than one Optuna reports and prunes nothing.
        report_every: Epochs between two reports. Larger saves writes to the storage, but
            pruners and budgets then act that much more coarsely.
        noise_seed: Seed of the benchmark's noise; trial *n* gets ``noise_seed + n``. None asks
            for no noise. The benchmark's ``query`` must then take ``seed=``.
        fidelity: ``"schedule"``: every trial is a training from its start. ``"continue"``: a trial
            that trains the configuration of a complete one longer goes on where that ended and
            pays the difference, with the attributes of `TrialCheckpoint`; for benchmarks in which
            a shorter training is the beginning of a longer one.
        fidelity_param: The hyperparameter that holds the length of the training.

    Raises:
        TypeError: If ``bench`` is no benchmark.
        ValueError: If an argument is out of range, or trainings that go on shall be noisy: each
            part would have a noise of its own.
    """

    def __init__(
        self,
        bench: Benchmark,
        *,
        objectives: Sequence[str] = (_AUTO,),
        report_every: int = 1,
        noise_seed: int | None = None,
        fidelity: Literal["schedule", "continue"] = "schedule",
        fidelity_param: str = "max_epoch",
    ) -> None:
        check_benchmark(bench)
        unknown = [name for name in objectives if name not in OBJECTIVES]
        if unknown or not objectives or isinstance(objectives, str):
            raise ValueError(
                f"objectives must be a sequence of some of {', '.join(OBJECTIVES)} "
                f"but got {objectives!r}."
            )
        check_counts(1, report_every=report_every)
        if noise_seed is not None:
            check_counts(0, noise_seed=noise_seed)
        if fidelity not in ("schedule", "continue"):
            raise ValueError(f"fidelity must be 'schedule' or 'continue' but got {fidelity!r}.")
        if fidelity == "continue" and noise_seed is not None:
            raise ValueError(
                f"noise_seed must be None with fidelity 'continue' but got {noise_seed!r}: each "
                "part of a training would have a noise of its own."
            )
        if fidelity == "continue" and fidelity_param not in bench.space:
            raise ValueError(
                f"fidelity_param must be in the space but {fidelity_param!r} is not: it has "
                f"{', '.join(bench.space)}."
            )
        self.bench = bench
        self.fidelity = fidelity
        self.fidelity_param = fidelity_param
        self.objectives = tuple(objectives)
        self.report_every = report_every
        self.noise_seed = noise_seed
        self._space = OptunaSpace(bench.space)

    @property
    def directions(self) -> list[str]:
        """The directions for ``optuna.create_study``."""
        return [OBJECTIVES[name] for name in self.objectives]

    def __call__(self, trial: Trial) -> float | tuple[float, ...]:
        """Run one trial."""
        open_account(trial)
        try:
            config = self._space.suggest(trial)
        except ForbiddenConfigurationError as error:
            trial.set_user_attr("energy_kwh", 0.0)
            raise TrialPruned(str(error)) from error
        run = self._query(config, trial.number)
        names = [accuracy_curve(run)[0] if n == _AUTO else n for n in self.objectives]
        reported = names[0] if len(names) == 1 and names[0] in _ACCURACIES else None
        start = self._start(trial) if self.fidelity == "continue" else None
        progress = _Progress(trial, run, start)
        try:
            self._train(trial, run, reported, progress)
        finally:
            progress.leave_record(
                accuracy_curve=next((name for name in names if name in _ACCURACIES), None),
                provenance=self._provenance(run),
            )
        values = tuple(self._value(name, run) for name in names)
        return values if len(values) > 1 else values[0]

    def _query(self, config: Config, number: int) -> BenchmarkRun:
        if self.noise_seed is None:
            return self.bench.query(config)
        return self.bench.query(config, seed=self.noise_seed + number)  # type: ignore[call-arg]

    def _train(
        self, trial: Trial, run: BenchmarkRun, reported: str | None, progress: _Progress
    ) -> None:
        curve = None if reported is None else _curve(run, reported)
        n_epochs = _n_epochs(run)
        stops = [*range(self.report_every, n_epochs, self.report_every), n_epochs]
        progress.reserve()
        for epoch in (stop for stop in stops if stop > progress.epoch):
            progress.announce(epoch)
            progress.advance(epoch)
            if curve is None:
                continue
            trial.report(float(curve[epoch - 1]), step=epoch)
            if epoch < n_epochs and trial.should_prune():
                raise TrialPruned

    def _start(self, trial: Trial) -> _Start:
        """The longest training of this configuration that is complete and shorter."""
        name, start = self.fidelity_param, _Start(None, 0)
        others = {n: value for n, value in trial.params.items() if n != name}
        study = getattr(trial, "study", None)  # a FixedTrial has none
        done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)) if study else ()
        for other in done:
            epochs = other.user_attrs.get("epochs", 0)
            if (
                start.epochs < epochs
                and other.params.get(name, np.inf) < trial.params[name]
                and all(other.params.get(n) == value for n, value in others.items())
            ):
                start = _Start(other.number, epochs)
        return start

    def _value(self, name: str, run: BenchmarkRun) -> float:
        if name == "inference_energy_kwh":
            if run.inference_energy_kwh is None:
                raise ValueError("the benchmark must know inference_energy_kwh to optimise it.")
            return float(run.inference_energy_kwh)
        return float(_curve(run, name)[-1])

    def _provenance(self, run: BenchmarkRun) -> str | dict[str, str] | None:
        """One word where all quantities agree, else one for each; the benchmark's own if none."""
        kinds = getattr(run, "provenance", None)
        if isinstance(kinds, Mapping) and kinds:
            words = {str(kind) for kind in kinds.values()}
            return words.pop() if len(words) == 1 else {name: str(k) for name, k in kinds.items()}
        provenance = getattr(self.bench, "provenance", None)
        if isinstance(provenance, Mapping):
            provenance = provenance.get("kind")
        else:
            provenance = getattr(provenance, "kind", provenance)
        return None if provenance is None else str(provenance)


class _Start(NamedTuple):
    """Where a training goes on: after so many epochs of an earlier trial, by its number."""

    trial: int | None
    epochs: int


class _Progress:
    """What a trial tells the storage, and through it the budget, about its training.

    Args:
        trial: The trial.
        run: The whole training.
        start: Where the trial goes on; None where trainings do not.
    """

    def __init__(self, trial: Trial, run: BenchmarkRun, start: _Start | None) -> None:
        self._trial = trial
        self._run = run
        self._energy = None if run.energy_kwh is None else np.asarray(run.energy_kwh)
        self._start = start
        self.epoch = self._first = 0 if start is None else start.epochs
        """The last one that is trained."""
        self._paid_kwh = self._spent(self._first)
        self._announced_kwh = -1.0

    def reserve(self) -> None:
        """Start from zero and promise the energy of the whole training, or of what is left."""
        if self._start is not None and self._start.trial is not None:
            self._trial.set_user_attr(CONTINUES_ATTR, self._start.trial)
            self._trial.set_user_attr(PAID_ATTR, self._paid_kwh)
        if self._energy is not None:
            self._trial.set_user_attr("energy_kwh", 0.0)
            whole_kwh = float(self._energy[-1])
            self._trial.set_user_attr("energy_reserved_kwh", whole_kwh - self._paid_kwh)

    def announce(self, epoch: int) -> None:
        """Tell the energy of the step that leads to ``epoch``, if it is news."""
        if self._energy is None:
            return
        step_kwh = self._spent(epoch) - self._spent(self.epoch)
        if abs(step_kwh - self._announced_kwh) > 1e-9 * abs(step_kwh):
            self._trial.set_user_attr("energy_step_kwh", step_kwh)
            self._announced_kwh = step_kwh

    def advance(self, epoch: int) -> None:
        """The training has reached ``epoch``."""
        self.epoch = epoch
        if self._energy is not None:
            self._trial.set_user_attr("energy_kwh", self._spent(epoch) - self._paid_kwh)

    def leave_record(
        self, *, accuracy_curve: str | None, provenance: str | dict[str, str] | None
    ) -> None:
        """Write once, at the end, what only the reader of the study needs."""
        last = self.epoch - 1
        record: dict[str, Any] = {"epochs": self.epoch}
        if self.epoch:
            for name in ("val_accuracy", "test_accuracy", "runtime_s"):
                curve = getattr(self._run, name)
                if curve is not None:
                    record[name] = float(curve[last])
            if self._first and self._run.runtime_s is not None:
                record["runtime_s"] -= float(self._run.runtime_s[self._first - 1])
        if self._start is not None and self._energy is not None:
            record[TRAINING_ATTR] = record[SAVED_ATTR] = self._spent(self.epoch)
        record |= {"accuracy_curve": accuracy_curve, "provenance": provenance}
        for name, value in record.items():
            if value is not None:
                self._trial.set_user_attr(name, value)

    def _spent(self, epoch: int) -> float:
        if self._energy is None or epoch == 0:
            return 0.0
        return float(self._energy[epoch - 1])


def _n_epochs(run: BenchmarkRun) -> int:
    for name in (*_ACCURACIES, "energy_kwh"):
        curve = getattr(run, name)
        if curve is not None and len(curve):
            return len(curve)
    raise ValueError("a run must have an accuracy or energy_kwh, but all are unknown.")


def _curve(run: BenchmarkRun, name: str) -> Sequence[float]:
    curve = getattr(run, name)
    if curve is None:
        raise ValueError(f"the benchmark must know {name} to optimise it.")
    return curve  # type: ignore[no-any-return]
