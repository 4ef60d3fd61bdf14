"""A user's own training as target function of SMAC or HpBandSter, stopped by energy."""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
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
from eahas_plugins.targets.objectives import ERROR, Objectives, check_objectives, cost_of
from eahas_plugins.targets.training import EnergyTraining, progress_of

if TYPE_CHECKING:
    from collections.abc import Iterator

Train = Callable[[dict[str, Any], EnergyTraining], float | None]


class EnergyTarget:
    """Your training as a target function whose budget is energy.

    ``train(config, training)`` trains epoch by epoch, saves its state in the folder
    ``training.checkpoint``, and after each epoch calls ``training.report(accuracy)``; when that
    returns True, it returns. If the folder holds a checkpoint (``training.resumed``), it goes on
    from there: the host has promoted the configuration, and energy already paid is not paid again.
    A function that saves nothing is retrained from the start, and the whole retraining charged.

    Example:
        >>> def train(config, training):
        ...     for epoch in range(training.epochs, 20):
        ...         accuracy = 1.0 - 1.0 / (epoch + 2)      # train for one epoch, save, evaluate
        ...         if training.report(accuracy):
        ...             break
        >>> target = EnergyTarget(train, meter="auto")

    Args:
        train: The training. Importable by name where workers are other processes.
        meter: ``"auto"`` for the best the machine has, or an ``EnergyMeter``.
        fidelity: What the host's budget means: ``"kwh"``, the energy of the whole training, or
            ``"epochs"``, its length.
        objectives: ``"error"``, or ``("error", "energy_kwh")`` for both.
        checkpoints: Folder of the checkpoints, on a file system that the workers share; by
            default inside the run's folder, and a temporary one without an energy budget.
        heartbeat_s: How often energy is written down between reports, s, so that a long epoch
            is charged even if the worker is killed in it. Positive.

    Raises:
        ValueError: If an argument is out of range (NaN included).
    """

    def __init__(
        self,
        train: Train,
        meter: EnergyMeter | Literal["auto"] = "auto",
        *,
        fidelity: Literal["kwh", "epochs"] = "kwh",
        objectives: Objectives = ERROR,
        checkpoints: Path | None = None,
        heartbeat_s: float = 60.0,
    ) -> None:
        if fidelity not in ("kwh", "epochs"):
            raise ValueError(f"fidelity must be 'kwh' or 'epochs' but got {fidelity!r}.")
        if not heartbeat_s > 0.0:
            raise ValueError(f"heartbeat_s must be positive but got {heartbeat_s}.")
        if meter != "auto" and not isinstance(meter, EnergyMeter):
            raise ValueError(f"meter must be 'auto' or an EnergyMeter but got {meter!r}.")
        self.train = train
        self.meter = meter
        self.fidelity = fidelity
        self.objectives = check_objectives(objectives)
        self.checkpoints = checkpoints
        self.heartbeat_s = heartbeat_s

    @property
    def meta(self) -> dict[str, Any]:
        """What makes a resumed run the same run."""
        return {
            "name": type(self).__name__,
            "train": getattr(self.train, "__qualname__", type(self.train).__qualname__),
            "fidelity": self.fidelity,
            "objectives": list(self.objectives),
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
    ) -> tuple[float | dict[str, float], dict[str, Any]]:
        """Train: SMAC's cost and additional info, HpBandSter's loss and info.

        Raises:
            ValueError: If the training ends without an accuracy.
            MeterError: If the meter has counted nothing.
        """
        meter = meter_of(self.meter)
        with ExitStack() as stack:
            root = self.checkpoints
            if root is None:
                root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            training = EnergyTraining(
                meter=meter,
                folder=root / _key(config, seed),
                seed=seed,
                budget=budget,
                in_kwh=self.fidelity == "kwh",
                attempt=attempt,
            )
            with _heartbeat(training, self.heartbeat_s):
                returned = self.train(native_config(config), training)
            measured = training.measured()
        accuracy = training.accuracy if returned is None else float(returned)
        if accuracy is None:
            raise ValueError("a training must report or return an accuracy but ended without.")
        total_kwh = training.paid_kwh + measured.energy_kwh
        info = {
            ENERGY_ATTR: measured.energy_kwh,
            TRAINING_ATTR: total_kwh,
            "accuracy": accuracy,
            "epochs": training.epochs,
            "truncated": training.truncated,
            "resumed": training.resumed,
            "runtime_s": measured.seconds,
            "meter": measured.provenance.meter,
            "energy_kind": measured.provenance.kind,
        }
        return cost_of(accuracy, total_kwh, self.objectives), info


def keep_checkpoints(target: Any, folder: Path) -> None:
    """Let a target that keeps checkpoints keep them there, unless its user has said where."""
    if getattr(target, "checkpoints", folder) is None:
        target.checkpoints = folder


def meter_of(meter: EnergyMeter | str) -> EnergyMeter:
    """The meter; ``"auto"`` is decided on the machine that trains."""
    return auto_meter() if isinstance(meter, str) else meter


def _key(config: Mapping[str, Any], seed: int) -> str:
    text = json.dumps([sorted(native_config(config).items()), seed], default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextmanager
def _heartbeat(training: EnergyTraining, every_s: float) -> Iterator[None]:
    """Charge the training from time to time, and when it ends in whatever way."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(every_s):
            training.charge()

    thread = threading.Thread(target=beat, name="energy heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        training.finish()
