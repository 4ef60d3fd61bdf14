"""A user's own training as target function of SMAC or HpBandSter, stopped by energy."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import CodeType
from typing import Any, Literal

from eahas_plugins.arguments import check_counts, check_positive, given
from eahas_plugins.budget.attributes import (
    CHECKPOINT_ATTR,
    ENERGY_ATTR,
    LIMITED_ATTR,
    SAVED_ATTR,
    TRAINING_ATTR,
)
from eahas_plugins.budget.journal import Attempt
from eahas_plugins.energy import EnergyMeter, auto_meter
from eahas_plugins.energy.meter_argument import check_meter
from eahas_plugins.spaces import native_config
from eahas_plugins.targets.checkpoints import Checkpoint, CheckpointStore, checked_folder
from eahas_plugins.targets.estimate import EnergyEstimate
from eahas_plugins.targets.identity import identity_of
from eahas_plugins.targets.journal_training import JournalTraining, heartbeat
from eahas_plugins.targets.metric import Direction, metric_of
from eahas_plugins.targets.objectives import ERROR, Objectives, check_objectives, cost_of
from eahas_plugins.targets.progress import key_of
from eahas_plugins.targets.rungs import whole_rung
from eahas_plugins.targets.scratch import Scratch
from eahas_plugins.targets.signature import check_train, values_of
from eahas_plugins.targets.training import EnergyTraining

Train = Callable[[dict[str, Any], EnergyTraining], Any]

_FIDELITIES = ("kwh", "continue", "schedule")


class EnergyTarget:
    """Your training as a target function whose budget is energy.

    ``train(config, training)`` trains epoch by epoch, saves its state in the folder
    ``training.checkpoint``, and after each epoch calls ``training.report(accuracy)``; when that
    returns True, it returns. If ``training.resumed``, the folder holds its state after
    ``training.epochs`` epochs, and it goes on from there: the host has promoted the configuration,
    and energy already paid is not paid again. A function that saves nothing is retrained from the
    start, and the whole retraining charged.

    What is reported is an accuracy in [0, 1], unless ``metric`` and ``direction`` name another
    number. A returned value counts where it has a name: ``metric`` is given, a dictionary holds
    it, or it has been reported. A model, or anything else that is no number, is ignored then. With
    another metric than an accuracy the scenario needs a ``crash_cost``.

    Example:
        >>> def train(config, training):
        ...     for epoch in range(training.epochs, 20):
        ...         accuracy = 1.0 - 1.0 / (epoch + 2)      # train for one epoch, save, evaluate
        ...         if training.report(accuracy):
        ...             break
        >>> target = EnergyTarget(train, meter="auto")
        >>> EnergyTarget(train, metric="loss", direction="minimize").metric.cost(2.5)
        2.5

    Args:
        train: The training. Importable by name where workers are other processes.
        meter: ``"auto"`` for the best the machine has, or an ``EnergyMeter``.
        fidelity: What the host's budget means. ``"kwh"``: train until the whole training has
            spent so much. ``"continue"``: train to so many epochs, or whatever
            ``fidelity_param`` counts. Both go on from the checkpoint of the rung below.
            ``"schedule"``: a complete training that is planned for this length, from its start;
            SMAC then searches by EA-BOHB's recipe.
        fidelity_param: The name under which the configuration that ``train`` gets holds the
            length to train to: ``"epochs"``, ``"n_estimators"`` ... It is not in the space. With
            ``"schedule"`` it is needed; with ``"continue"`` a training that has none is told to
            stop when it has made so many reports.
        metric: What the training is judged by, by its name; None for an accuracy.
        direction: ``"maximize"`` or ``"minimize"``; an accuracy needs none.
        objectives: ``"error"``, or ``("error", "energy_kwh")`` for both; with another metric its
            name in place of the error.
        checkpoints: Folder of the checkpoints, on a file system that the workers share; each run
            has a folder of its own in it. By default they are inside the run's folder, and
            temporary without an energy budget.
        report_every: Epochs between two looks at the meter and the budget, each of which takes a
            millisecond or two: more than 1 where an epoch takes less than some 50 ms.
        heartbeat_s: How often energy is written down between reports, s, so that a long epoch
            is charged even if the worker is killed in it. Positive; None for a twentieth of the
            time that the training has taken, between a quarter of a second and a minute.

    Raises:
        ValueError: If an argument is out of range (NaN included), or ``train`` does not take
            ``(config, training)``.
    """

    def __init__(
        self,
        train: Train,
        meter: EnergyMeter | Literal["auto"] = "auto",
        *,
        fidelity: Literal["kwh", "continue", "schedule"] = "kwh",
        fidelity_param: str | None = None,
        metric: str | None = None,
        direction: Direction | None = None,
        objectives: Objectives | None = None,
        checkpoints: str | Path | None = None,
        report_every: int = 1,
        heartbeat_s: float | None = None,
    ) -> None:
        if fidelity not in _FIDELITIES:
            raise ValueError(
                f"fidelity must be 'kwh', 'continue' or 'schedule' but got {fidelity!r}."
            )
        if (fidelity, fidelity_param is None) in (("schedule", True), ("kwh", False)):
            raise ValueError(
                "fidelity_param must be given with fidelity 'schedule', may be with 'continue', "
                f"and must not with 'kwh', but got {fidelity_param!r} with {fidelity!r}: it names "
                "what holds the length."
            )
        check_counts(1, report_every=report_every)
        check_positive(**given(heartbeat_s=heartbeat_s))
        if meter != "auto" and not isinstance(meter, EnergyMeter):
            raise ValueError(f"meter must be 'auto' or an EnergyMeter but got {meter!r}.")
        check_meter(meter)  # nor the class of one
        self.metric = metric_of(metric, direction)
        self._is_named = metric is not None
        check_train(train, self.metric)
        self.train = train
        self.meter = meter
        self.fidelity, self.fidelity_param = fidelity, fidelity_param
        cost_name = ERROR if self.metric.is_accuracy else self.metric.name
        self.objectives = check_objectives(objectives or cost_name, cost_name=cost_name)
        # Workers, and the training itself, may be in another working directory.
        self.checkpoints = checked_folder(checkpoints)
        self._run_folder: Path | None = None
        self.report_every = report_every
        self.heartbeat_s = heartbeat_s

    @property
    def worst_cost(self) -> float | None:
        """The largest cost there is; None if only the user knows one."""
        return self.metric.worst_cost

    @property
    def meta(self) -> dict[str, Any]:
        """What makes a resumed run the same run."""
        return {
            "name": type(self).__name__,
            "train": getattr(self.train, "__qualname__", type(self.train).__qualname__),
            "fidelity": self.fidelity,
            "fidelity_param": self.fidelity_param,
            "objectives": list(self.objectives),
            "metric": self.metric.name,
            "maximize": self.metric.maximize,
        }

    @property
    def __code__(self) -> CodeType:
        """SMAC's own facades read the code of a target function for their metadata."""
        return type(self).__call__.__code__

    def estimate(
        self, config: Mapping[str, Any], *, seed: int | None, budget: float | None, paid_kwh: float
    ) -> EnergyEstimate:
        """What a trial needs, less what its checkpoint has paid; None where that is not known."""
        folder, budget = self.checkpoint_folder, self._rung(budget)
        if budget is None or self.fidelity == "schedule":
            return EnergyEstimate(total_kwh=None)
        if folder is None:
            return EnergyEstimate(total_kwh=budget if self.fidelity == "kwh" else None)
        saved = CheckpointStore(folder).progress(key_of(config, seed or 0))
        if self.fidelity == "continue":
            return EnergyEstimate(total_kwh=saved.difference_kwh(budget))
        paid_kwh = saved.energy_kwh if saved.leads_to(budget) else 0.0
        return EnergyEstimate(total_kwh=budget - paid_kwh)

    @property
    def checkpoint_folder(self) -> Path | None:
        """Where checkpoints are kept; None where they are temporary."""
        return self._run_folder or self.checkpoints

    def keep_checkpoints(self, default: Path, *, run: str) -> Path:
        """Keep checkpoints in a run's folder, or in one for the run where the user has said.

        Args:
            default: The folder in the run's own, which tells the run from others of its name.
            run: The run's name, as a file name.

        Returns:
            The folder.

        Raises:
            OSError: If the run's own folder cannot be written.
        """
        own = self.checkpoints
        folder = default if own is None else own / f"{run}-{identity_of(default.parent)}"
        self._run_folder = folder
        return folder

    def discard(
        self, config: Mapping[str, Any], seed: int = 0, instance: str | None = None
    ) -> None:
        """Remove the checkpoint of a configuration that no rung will go on with."""
        folder = self.checkpoint_folder
        if folder is not None:
            CheckpointStore(folder).discard(key_of(config, seed, instance))

    def __call__(
        self,
        config: Mapping[str, Any],
        seed: int = 0,
        budget: float | None = None,
        attempt: Attempt | None = None,
        instance: str | None = None,
    ) -> tuple[float | dict[str, float], dict[str, Any]]:
        """Train: SMAC's cost and additional info, HpBandSter's loss and info.

        Raises:
            ValueError: If the training ends without its metric, or it is not known what a value
                means.
            MeterError: If the meter has counted nothing.
        """
        budget = self._rung(budget)
        planned = self._planned(config, budget)
        meter = meter_of(self.meter)
        with ExitStack() as stack:
            root = self.checkpoint_folder
            if root is None:
                root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            store, key = CheckpointStore(root), key_of(config, seed, instance)
            keeps = self.fidelity != "schedule" and budget is not None
            copy: Checkpoint | Scratch = store.open(key, towards=budget) if keeps else Scratch()
            stack.enter_context(copy)
            training = JournalTraining(
                meter=meter,
                checkpoint=copy,
                seed=seed,
                budget=budget,
                in_kwh=self.fidelity == "kwh",
                attempt=attempt,
                metric=self.metric,
                instance=instance,
                cuts=self.fidelity_param is None,
                keeps_checkpoint=keeps,
                report_every=self.report_every,
            )
            with heartbeat(training, self.heartbeat_s):
                returned = self.train(planned, training)
                training.pause()
            measured = training.measured()
        values = values_of(returned, training.reported, self.metric, named=self._is_named)
        total_kwh = training.paid_kwh + measured.energy_kwh
        info = {
            **values,
            ENERGY_ATTR: measured.energy_kwh,
            TRAINING_ATTR: total_kwh,
            SAVED_ATTR: training.saved_kwh,
            "epochs": training.epochs,
            "truncated": training.truncated,
            LIMITED_ATTR: training.limited,
            "resumed": training.resumed,
            "runtime_s": measured.seconds,
            "meter": measured.provenance.meter,
            "energy_kind": measured.provenance.kind,
        }
        if training.saved_kwh and self.checkpoint_folder is not None:
            info[CHECKPOINT_ATTR] = str(store.root / key)
        cost = self.metric.cost(values[self.metric.name])
        return cost_of(cost, total_kwh, self.objectives), info

    def _rung(self, budget: float | None) -> float | None:
        """The host's budget; a training can only be continued to a whole number of steps."""
        return budget if budget is None or self.fidelity != "continue" else whole_rung(budget)

    def _planned(self, config: Mapping[str, Any], budget: float | None) -> dict[str, Any]:
        """What ``train`` gets: plain values, with the length of the schedule among them."""
        planned = dict(native_config(config))
        if self.fidelity_param is None:
            return planned
        if self.fidelity_param in planned:
            raise ValueError(
                f"{self.fidelity_param!r} must not be in the space, since the rungs are its values."
            )
        if budget is None:
            raise ValueError(
                f"fidelity {self.fidelity!r} needs a host with rungs: in SMAC "
                "EnergyMultiFidelityFacade, with min_budget and max_budget."
            )
        planned[self.fidelity_param] = _length(budget)
        return planned


def _length(budget: float) -> int | float:
    return int(budget) if float(budget).is_integer() else float(budget)


def meter_of(meter: EnergyMeter | str) -> EnergyMeter:
    """The meter; ``"auto"`` is decided on the machine that trains."""
    return auto_meter() if isinstance(meter, str) else meter
