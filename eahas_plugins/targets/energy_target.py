"""A user's own training as target function of SMAC or HpBandSter, stopped by energy."""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any, Literal

from eahas_plugins.budget.attributes import ENERGY_ATTR, TRAINING_ATTR
from eahas_plugins.budget.journal import Attempt
from eahas_plugins.energy import EnergyMeter, auto_meter
from eahas_plugins.spaces import native_config
from eahas_plugins.targets.estimate import EnergyEstimate
from eahas_plugins.targets.journal_training import JournalTraining, progress_of
from eahas_plugins.targets.metric import Direction, metric_of
from eahas_plugins.targets.objectives import ERROR, Objectives, check_objectives, cost_of
from eahas_plugins.targets.signature import check_train, values_of
from eahas_plugins.targets.training import EnergyTraining

if TYPE_CHECKING:
    from collections.abc import Iterator

Train = Callable[[dict[str, Any], EnergyTraining], Any]

_BEAT_SHARE, _FIRST_BEAT_S, _SLOWEST_BEAT_S = 0.05, 0.25, 60.0


class EnergyTarget:
    """Your training as a target function whose budget is energy.

    ``train(config, training)`` trains epoch by epoch, saves its state in the folder
    ``training.checkpoint``, and after each epoch calls ``training.report(accuracy)``; when that
    returns True, it returns. If the folder holds a checkpoint (``training.resumed``), it goes on
    from there: the host has promoted the configuration, and energy already paid is not paid again.
    A function that saves nothing is retrained from the start, and the whole retraining charged.

    What is reported is an accuracy in [0, 1], unless ``metric`` and ``direction`` name another
    number. A returned value counts where it has a name: ``metric`` is given, a dictionary holds
    it, or it has been reported. With another metric than an accuracy the scenario needs a
    ``crash_cost``.

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
        fidelity: What the host's budget means: ``"kwh"``, the energy of the whole training;
            ``"epochs"``, where it is cut; or ``"schedule"``, the length that it is planned with,
            from its start: SMAC then searches by EA-BOHB's recipe.
        fidelity_param: With ``"schedule"``, the name under which the configuration that ``train``
            gets holds that length: ``"epochs"``, ``"n_estimators"`` ... It is not in the space.
        metric: What the training is judged by, by its name; None for an accuracy.
        direction: ``"maximize"`` or ``"minimize"``; an accuracy needs none.
        objectives: ``"error"``, or ``("error", "energy_kwh")`` for both; with another metric its
            name in place of the error.
        checkpoints: Folder of the checkpoints, on a file system that the workers share; by
            default inside the run's folder, and a temporary one without an energy budget.
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
        fidelity: Literal["kwh", "epochs", "schedule"] = "kwh",
        fidelity_param: str | None = None,
        metric: str | None = None,
        direction: Direction | None = None,
        objectives: Objectives | None = None,
        checkpoints: Path | None = None,
        heartbeat_s: float | None = None,
    ) -> None:
        if fidelity not in ("kwh", "epochs", "schedule"):
            raise ValueError(
                f"fidelity must be 'kwh', 'epochs' or 'schedule' but got {fidelity!r}."
            )
        if (fidelity == "schedule") != (fidelity_param is not None):
            raise ValueError(
                "fidelity_param must be given with fidelity 'schedule', and only there, but got "
                f"{fidelity_param!r} with {fidelity!r}: it names what holds the length."
            )
        if heartbeat_s is not None and not heartbeat_s > 0.0:
            raise ValueError(f"heartbeat_s must be positive but got {heartbeat_s}.")
        if meter != "auto" and not isinstance(meter, EnergyMeter):
            raise ValueError(f"meter must be 'auto' or an EnergyMeter but got {meter!r}.")
        self.metric = metric_of(metric, direction)
        self._is_named = metric is not None
        check_train(train, self.metric)
        self.train = train
        self.meter = meter
        self.fidelity, self.fidelity_param = fidelity, fidelity_param
        cost_name = ERROR if self.metric.is_accuracy else self.metric.name
        self.objectives = check_objectives(objectives or cost_name, cost_name=cost_name)
        self.checkpoints = checkpoints
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
        """A rung in kWh says itself what a trial needs, less what its checkpoint has paid."""
        if budget is None or self.fidelity != "kwh":
            return EnergyEstimate(total_kwh=None)
        paid = 0.0
        if self.checkpoints is not None:
            paid = progress_of(self.checkpoints / _key(config, seed or 0)).energy_kwh
        return EnergyEstimate(total_kwh=max(0.0, budget - paid))

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
        planned = self._planned(config, budget)
        meter = meter_of(self.meter)
        with ExitStack() as stack:
            root = self.checkpoints
            if root is None:
                root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            training = JournalTraining(
                meter=meter,
                folder=root / _key(planned, seed, instance),
                seed=seed,
                budget=budget,
                in_kwh=self.fidelity == "kwh",
                attempt=attempt,
                metric=self.metric,
                instance=instance,
                cuts=self.fidelity != "schedule",
            )
            with _heartbeat(training, self.heartbeat_s):
                returned = self.train(planned, training)
            measured = training.measured()
        values = values_of(returned, training.reported, self.metric, named=self._is_named)
        total_kwh = training.paid_kwh + measured.energy_kwh
        info = {
            **values,
            ENERGY_ATTR: measured.energy_kwh,
            TRAINING_ATTR: total_kwh,
            "epochs": training.epochs,
            "truncated": training.truncated,
            "resumed": training.resumed,
            "runtime_s": measured.seconds,
            "meter": measured.provenance.meter,
            "energy_kind": measured.provenance.kind,
        }
        cost = self.metric.cost(values[self.metric.name])
        return cost_of(cost, total_kwh, self.objectives), info

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
                "fidelity 'schedule' needs a host with rungs: in SMAC EnergyMultiFidelityFacade, "
                "with min_budget and max_budget."
            )
        planned[self.fidelity_param] = _length(budget)
        return planned


def _length(budget: float) -> int | float:
    return int(budget) if float(budget).is_integer() else float(budget)


def keep_checkpoints(target: Any, folder: Path) -> None:
    """Let a target that keeps checkpoints keep them there, unless its user has said where."""
    if getattr(target, "checkpoints", folder) is None:
        target.checkpoints = folder


def meter_of(meter: EnergyMeter | str) -> EnergyMeter:
    """The meter; ``"auto"`` is decided on the machine that trains."""
    return auto_meter() if isinstance(meter, str) else meter


def _key(config: Mapping[str, Any], seed: int, instance: str | None = None) -> str:
    parts: list[Any] = [sorted(native_config(config).items()), seed]
    if instance is not None:
        parts.append(instance)
    text = json.dumps(parts, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextmanager
def _heartbeat(training: JournalTraining, every_s: float | None) -> Iterator[None]:
    """Charge the training from time to time, and when it ends in whatever way."""
    over = threading.Event()
    start_s = time.monotonic()

    def pause_s() -> float:
        if every_s is not None:
            return every_s
        # A killed worker then loses a twentieth of its energy at most, and beats stay few.
        age_s = time.monotonic() - start_s
        return min(_SLOWEST_BEAT_S, max(_FIRST_BEAT_S, _BEAT_SHARE * age_s))

    def beat() -> None:
        while not over.wait(pause_s()):
            training.charge()

    thread = threading.Thread(target=beat, name="energy heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        training.finish()
