"""A user's own training as the objective of an Optuna study, metered and stopped by energy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from ConfigSpace import ConfigurationSpace
from optuna import Trial, TrialPruned

from eahas_plugins.arguments import check_counts
from eahas_plugins.budget.attributes import ENERGY_ATTR, TRAINING_ATTR
from eahas_plugins.energy import EnergyMeter
from eahas_plugins.energy.meter_argument import check_meter
from eahas_plugins.models.length import is_number
from eahas_plugins.optuna.continuation import ManagedCheckpoint
from eahas_plugins.optuna.samplers._schedules import check_schedules
from eahas_plugins.optuna.tracker import EnergyTracker
from eahas_plugins.optuna.trial_training import TrialTraining
from eahas_plugins.spaces import Config, ForbiddenConfigurationError, OptunaSpace
from eahas_plugins.spaces.values import native
from eahas_plugins.targets.checkpoints import Checkpoint, checked_folder
from eahas_plugins.targets.energy_target import Train
from eahas_plugins.targets.metric import Direction, metric_of
from eahas_plugins.targets.objectives import check_objectives
from eahas_plugins.targets.scratch import Scratch
from eahas_plugins.targets.signature import check_train, values_of


class EnergyObjective:
    """Your training as an Optuna objective: the function that SMAC and HpBandSter run too.

    ``train(config, training)`` trains epoch by epoch, and after each calls
    ``training.report(accuracy)``; when that returns True, pruner or budget want the trial to end,
    and it returns. What is reported is an accuracy in [0, 1], unless ``metric`` and ``direction``
    name another number. Everything that is reported or returned by name becomes an attribute of
    the trial, beside those of `EnergyTracker`. ``training.checkpoint`` is an empty folder for the
    time of the trial, unless ``fidelity`` is ``"continue"``: then a trial that trains an earlier
    one's configuration longer finds that one's state there (``training.resumed``), as it was after
    ``training.epochs`` epochs, pays only the difference, and has the attributes of
    `TrialCheckpoint`.

    Example:
        >>> import optuna
        >>> from ConfigSpace import ConfigurationSpace
        >>> from eahas_plugins.optuna import EnergyObjective, energy_study
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> def train(config, training):
        ...     for epoch in range(config["epochs"]):
        ...         n = sum(1 for _ in range(50_000))       # train for one epoch, evaluate
        ...         loss = abs(config["lr"] - 0.1) + n / 50_000 / (epoch + 1)
        ...         if training.report(loss=loss):
        ...             return
        >>> objective = EnergyObjective(
        ...     train, ConfigurationSpace({"lr": (0.0, 1.0)}), metric="loss", direction="minimize",
        ...     fidelity_param="epochs", schedules=[2, 8],
        ... )
        >>> study, budget = energy_study(kwh=1e-6, directions=objective.directions, seed=0)
        >>> study.optimize(budget.guard(objective), n_trials=2, callbacks=[budget])
        >>> study.trials[0].user_attrs["loss"] == study.trials[0].value
        True

    Args:
        train: The training.
        space: What is searched: a ConfigSpace space, or a function that asks the trial,
            ``suggest(trial) -> config``.
        metric: What the training is judged by, by its name; None for an accuracy.
        direction: ``"maximize"`` or ``"minimize"``; an accuracy needs none.
        objectives: The metric's name, or ``(name, "energy_kwh")`` for both.
        fidelity_param: The name under which the configuration holds how long a complete training
            is, ``"epochs"`` or the like, in what ``training.report`` counts: at its end nothing is
            stopped.
        schedules: Lengths of complete trainings, shortest first, that the trial chooses from under
            that name, as the rungs of SMAC's ``EnergyTarget(fidelity="schedule")``. None where
            the space itself holds it.
        fidelity: ``"schedule"``: every length is a complete training from its start.
            ``"continue"``: a training pauses at a shorter length and goes on to a longer one, for
            trainings whose learning rate does not depend on their length.
        checkpoints: Where ``"continue"`` keeps them; see `TrialCheckpoint`.
        report_every: Epochs between two looks at the meter, the pruner and the budget, each of
            which takes a millisecond or two: more than 1 where an epoch takes less than some 50 ms.
        meter: ``"auto"`` for the best the machine has, or an ``EnergyMeter``.
        seed: What ``training.seed`` is.

    Raises:
        ValueError: If an argument is out of range, or ``train`` does not take
            ``(config, training)``.
    """

    def __init__(
        self,
        train: Train,
        space: ConfigurationSpace | Callable[[Trial], Config],
        *,
        metric: str | None = None,
        direction: Direction | None = None,
        objectives: str | Sequence[str] | None = None,
        fidelity_param: str | None = None,
        schedules: Sequence[int | float] | None = None,
        fidelity: Literal["schedule", "continue"] = "schedule",
        checkpoints: str | Path | None = None,
        report_every: int = 1,
        meter: EnergyMeter | Literal["auto"] = "auto",
        seed: int = 0,
    ) -> None:
        self.metric = metric_of(metric, direction)
        self._is_named = metric is not None
        check_train(train, self.metric)
        if not isinstance(space, ConfigurationSpace) and not callable(space):
            raise ValueError(
                f"space must be a ConfigurationSpace, or suggest(trial) -> config, but got {space}."
            )
        name = self.metric.name
        self.objectives = check_objectives(objectives or name, cost_name=name)
        if schedules is not None and not isinstance(schedules, str):
            schedules = [native(length) for length in schedules]  # NumPy's, too
        check_schedules(schedules, promotion_share=0.0)
        if not all(is_number(length) and 0 < length < math.inf for length in schedules or ()):
            raise ValueError(
                "schedules must be lengths of trainings, positive finite numbers such as [2, 8], "
                f"but got {schedules!r}."
            )
        in_space = isinstance(space, ConfigurationSpace) and fidelity_param in space
        if schedules is not None and (fidelity_param is None or in_space):
            raise ValueError(
                "schedules must be given with a fidelity_param that is not in the space but got "
                f"{fidelity_param!r}: the trial chooses one of them under that name."
            )
        if fidelity not in ("schedule", "continue"):
            raise ValueError(f"fidelity must be 'schedule' or 'continue' but got {fidelity!r}.")
        if fidelity == "continue" and not all(float(n).is_integer() for n in schedules or ()):
            raise ValueError(
                "schedules must be whole numbers of steps with fidelity 'continue', at which a "
                f"training can pause, but got {schedules!r}."
            )
        if fidelity == "continue" and fidelity_param is None:
            raise ValueError(
                "fidelity_param must be given with fidelity 'continue' but is None: it names the "
                "parameter that is the length of the training."
            )
        check_counts(1, report_every=report_every)
        check_counts(0, seed=seed)
        if meter != "auto" and not isinstance(meter, EnergyMeter):
            raise ValueError(f"meter must be 'auto' or an EnergyMeter but got {meter!r}.")
        check_meter(meter)  # nor the class of one
        self.train = train
        self.space = space
        self.fidelity_param = fidelity_param
        self.schedules = None if schedules is None else tuple(schedules)
        self.fidelity = fidelity
        # A training may change the working directory.
        self.checkpoints = checked_folder(checkpoints)
        self.report_every = report_every
        self.meter = meter
        self.seed = seed
        self._suggest = (
            OptunaSpace(space).suggest if isinstance(space, ConfigurationSpace) else space
        )

    @property
    def directions(self) -> list[str]:
        """The directions for ``energy_study`` and ``optuna.create_study``."""
        own = "maximize" if self.metric.maximize else "minimize"
        return [own, "minimize"][: len(self.objectives)]

    def __call__(self, trial: Trial) -> float | tuple[float, float]:
        """Run one trial.

        Raises:
            TrialPruned: If pruner or budget end it, or the space forbids what was suggested.
            ValueError: If the study has other directions, or the training ends without its metric,
                or it is not known what a value means.
            MeterError: If the training is seen to use no energy.
        """
        self._check_directions(trial)
        try:
            config = self._suggest(trial)
        except ForbiddenConfigurationError as error:
            trial.set_user_attr(ENERGY_ATTR, 0.0)
            raise TrialPruned(str(error)) from error
        if self.schedules is not None:
            name = str(self.fidelity_param)
            config = {**config, name: trial.suggest_categorical(name, self.schedules)}
        with EnergyTracker(trial, meter=self.meter) as own, self._checkpoint(trial, own) as copy:
            training = TrialTraining(
                own,
                trial,
                checkpoint=copy,
                keeps_checkpoint=self.fidelity == "continue",
                seed=self.seed,
                budget=self._length(config),
                metric=self.metric,
                report_every=self.report_every,
            )
            values: dict[str, float] = {}
            try:
                returned = self.train(config, training)
                training.pause()
                if training.pruned is not None:
                    raise training.pruned
                values = values_of(returned, training.reported, self.metric, named=self._is_named)
            finally:
                _leave_record(trial, values or dict(*training.reported[-1:]), training.epochs)
        value = values[self.metric.name]
        total_kwh = training.paid_kwh + own.energy_kwh
        if self.fidelity == "continue":
            trial.set_user_attr(TRAINING_ATTR, total_kwh)
        return value if len(self.objectives) == 1 else (value, total_kwh)

    @contextmanager
    def _checkpoint(self, trial: Trial, energy: EnergyTracker) -> Iterator[Checkpoint | Scratch]:
        """The trial's copy of its configuration's checkpoint, or an empty folder."""
        if self.fidelity == "continue":
            with ManagedCheckpoint(
                trial,
                energy,
                fidelity_param=str(self.fidelity_param),
                checkpoints=self.checkpoints,
                seed=self.seed,
            ) as kept:
                yield kept.copy
        else:
            with Scratch() as empty:
                yield empty

    def _length(self, config: Config) -> float | None:
        if self.fidelity_param is None:
            return None
        if self.fidelity_param not in config:
            raise ValueError(
                f"fidelity_param must be in the configuration but {self.fidelity_param!r} is not "
                f"in {config!r}: give schedules, or a space that holds it."
            )
        length = native(config[self.fidelity_param])  # NumPy's, too
        if not is_number(length) or not 0 < length < math.inf:
            raise ValueError(
                f"{self.fidelity_param} must be the length of a training, a positive number, but "
                f"the configuration has {length!r}."
            )
        if self.fidelity == "continue" and not float(length).is_integer():
            raise ValueError(
                f"{self.fidelity_param} must be a whole number of steps with fidelity 'continue', "
                f"at which a training can pause, but the configuration has {length}."
            )
        return float(length)

    def _check_directions(self, trial: Trial) -> None:
        directions = getattr(getattr(trial, "study", None), "directions", None)
        if directions is None:  # a FixedTrial
            return
        if (found := [d.name.lower() for d in directions]) != self.directions:
            raise ValueError(
                f"the study must search {' and '.join(self.objectives)} by {self.directions} but "
                f"has the directions {found}: create it with directions=objective.directions."
            )


def _leave_record(trial: Trial, values: dict[str, float], epochs: int) -> None:
    for name, value in {**values, "epochs": epochs}.items():
        trial.set_user_attr(name, value)
