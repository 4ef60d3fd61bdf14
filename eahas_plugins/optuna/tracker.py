"""The energy of a user's own training, in an Optuna trial."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal

from optuna import TrialPruned
from optuna.trial import BaseTrial

from eahas_plugins.arguments import check_made, check_whole_numbers
from eahas_plugins.energy.auto import auto_meter
from eahas_plugins.energy.inference import InferenceCost, measure_inference
from eahas_plugins.energy.meter_argument import check_meter
from eahas_plugins.energy.readings import EnergyMeter, MeterError, Reading
from eahas_plugins.optuna._trial_energy import METER_ATTR, PARTS_ATTR, RUNTIME_ATTR, TrialEnergy
from eahas_plugins.optuna._trial_names import owner_of

__all__ = ["METER_ATTR", "PARTS_ATTR", "RUNTIME_ATTR", "EnergyTracker"]


class EnergyTracker:
    """Counts the energy of one trial's training and lets pruner and budget act on it.

    The trial gets the attributes ``energy_kwh`` (so far, after a report and at the end, also of a
    failed one; to a slow storage not after each report), ``energy_meter`` (what measured or
    estimated it, and how), and at the end ``energy_parts_kwh`` and ``runtime_s``. A budget counts
    if the objective is wrapped by ``EnergyBudget.guard``.

    Inside the ``with`` the trial's own ``report`` and ``should_prune`` record the energy too, so
    that the pruning callbacks of ``optuna-integration`` (XGBoost, LightGBM, Keras, Lightning ...),
    which call them, obey the budget without further code.

    Trials that run at once, in threads or in processes of one machine, share its devices: each
    gets an equal part of what each device counted while they ran together. Several trackers of
    one trial (nested, in threads, one per fold) give it its energy, time and parts once. A trial
    of another study inside this one's ``with`` counts in both, and so does what is measured in a
    program that is started there.

    Data-parallel training: either rank 0 alone tracks, with the trial that the study gave it, and
    its meter should count the machine, not the process; or every rank tracks, each with its
    ``optuna_integration.TorchDistributedTrial``, and the trial gets what all of them have used,
    also on several nodes. A ``TorchDistributedTrial`` on rank 0 alone waits for the others.

    Example:
        >>> import optuna
        >>> from eahas_plugins.energy import CpuTimeMeter
        >>> meter = CpuTimeMeter(watts_per_core=10.0, idle_watts=0.0)
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> def objective(trial):
        ...     x = trial.suggest_float("x", 0.0, 1.0)
        ...     with EnergyTracker(trial, meter=meter) as energy:
        ...         for epoch in range(3):
        ...             energy.report(x, step=epoch)  # instead of trial.report and should_prune
        ...     return x
        >>> study = optuna.create_study()
        >>> study.optimize(objective, n_trials=1)
        >>> study.best_trial.user_attrs["energy_kwh"] > 0.0
        True

    Args:
        trial: The trial being run.
        meter: The meter, one per process for all its trials, or "auto" for the best one that the
            machine has (`eahas_plugins.energy.auto_meter`, which logs its choice).

    Raises:
        MeterError: When the training is seen to use no energy.
        TypeError: If ``trial`` is no trial or ``meter`` no meter.
        ValueError: If ``meter`` is another word than "auto".
    """

    def __init__(self, trial: BaseTrial, *, meter: EnergyMeter | Literal["auto"] = "auto") -> None:
        check_made(BaseTrial, trial=trial)
        check_meter(meter)
        self._trial = trial
        self._meter = meter
        self._energy: TrialEnergy | None = None
        self._first: list[Reading] = []
        self._latest_kwh: float | None = None

    def __enter__(self) -> EnergyTracker:
        """Start to count. A trial that comes back goes on where it stood; a retry starts at 0."""
        if self._energy is not None:
            raise RuntimeError("this tracker is running; make one EnergyTracker per `with`")
        meter = auto_meter() if isinstance(self._meter, str) else self._meter
        self._energy = TrialEnergy.enter(self._trial, meter)
        self._first = self._energy.readings()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write what the trial has used, also when it failed."""
        energy = self._running()
        problem = None
        try:
            if error is None:
                energy.check(self._first)
        except MeterError as found:
            problem = found
        finally:  # also if somebody interrupts it: who does not leave takes a part of later trials
            self._energy = None
            problem = energy.leave() or problem
            self._latest_kwh = energy.latest_kwh
        if problem is not None and error is None:
            raise problem

    def report(self, value: float | None = None, *, step: int) -> None:
        """Record the energy so far, report a value, and end the trial if pruner or budget say so.

        Args:
            value: What the study optimises, after this step. None only records the energy; so
                it must be in a study of several objectives, which Optuna does not prune.
            step: How far the training is, such as the epoch.

        Raises:
            MeterError: If the training is seen to use no energy.
            TrialPruned: If the pruner or the budget ends the trial.
            ValueError: If value or step is no number, or a study of several objectives gets one.
        """
        energy = self._running()
        self._check_value(value, step, f"report(step={step})")
        energy.ends_soon = False
        energy.write(self._first)
        if self.several_objectives:
            return  # a guarded trial has been ended by the line above
        energy.up_to_date = True
        if value is not None:
            self._trial.report(value, step=step)
        if self._trial.should_prune():
            raise TrialPruned(self._why_pruned(step))

    def report_last(self, value: float | None = None, *, step: int) -> None:
        """Report the value of a complete training: nothing ends the trial any more.

        Its energy may be written at the end of the ``with`` alone, so call this once, at the end.

        Args:
            value: As of `report`; nothing is recorded where it is None.
            step: The training's last step.

        Raises:
            MeterError: If the training is seen to use no energy.
            ValueError: If value or step is no number, or a study of several objectives gets one.
        """
        energy = self._running()
        self._check_value(value, step, f"report_last(step={step})")
        energy.ends_soon = True
        if value is not None:
            self._trial.report(value, step=step)

    def measure_inference(
        self, run: Callable[[], Any], *, n_samples: int, **how: Any
    ) -> InferenceCost:
        """Measure what the model's inference costs, with this tracker's meter.

        What that uses is the trial's energy too. Its energy may be one of several objectives.

        Args:
            run: One pass: takes nothing, computes the outputs of ``n_samples`` samples.
            n_samples: Samples in a pass.
            **how: Further arguments of `eahas_plugins.energy.measure_inference`.

        Raises:
            MeterError: If the meter does not move.
            RuntimeError: Outside the ``with``.
            ValueError: If an argument is out of range.
        """
        self._running()
        owner = owner_of(self._trial)
        return measure_inference(run, n_samples=n_samples, meter=self._meter, owner=owner, **how)

    def _check_value(self, value: float | None, step: int, call: str) -> None:
        check_whole_numbers(step=step)
        if isinstance(value, str | bool):
            raise ValueError(f"{call} must be given a number but got {value!r}.")
        if self.several_objectives and value is not None:
            raise ValueError(
                f"a study of several objectives takes no value at a step; call {call} without it"
            )

    def _why_pruned(self, step: int) -> str:
        explain = getattr(self._trial, "why_pruned", None)  # a guarded trial knows
        if explain is not None:
            return f"Ended after step {step}. {explain()}"
        pruner = getattr(getattr(self._trial, "study", None), "pruner", None)
        return f"Ended after step {step} by {type(pruner).__name__}."

    @property
    def several_objectives(self) -> bool:
        """Whether the trial's study has several; then it takes no value at a step."""
        return len(getattr(getattr(self._trial, "study", None), "directions", ())) > 1

    @property
    def energy_kwh(self) -> float:
        """Energy of the trial so far, kWh; after the ``with`` what it was at its end."""
        if self._energy is None and self._latest_kwh is not None:
            return self._latest_kwh
        return self._running().energy_kwh()

    def _running(self) -> TrialEnergy:
        if self._energy is None:
            raise RuntimeError(
                "the tracker is not running; use `with EnergyTracker(trial) as energy:`"
            )
        return self._energy
