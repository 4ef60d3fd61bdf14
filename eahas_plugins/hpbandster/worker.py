"""Workers that train, measure their energy and stop where the budget ends."""

from __future__ import annotations

import copy
import logging
import uuid
from pathlib import Path
from typing import Any, Literal

import Pyro4
from hpbandster.core.worker import Worker

from eahas_plugins.arguments import check_counts
from eahas_plugins.benchmark import Accuracy, Benchmark
from eahas_plugins.energy import EnergyMeter
from eahas_plugins.hpbandster.grants import CHECKPOINTS, open_grant
from eahas_plugins.hpbandster.name_server import check_run_id
from eahas_plugins.spaces.values import plain
from eahas_plugins.targets import EnergyTarget, SurrogateTarget, Train
from eahas_plugins.targets.metric import Direction


class TargetWorker(Worker):
    """A worker around a target of `eahas_plugins.targets`, the same object that SMAC takes.

    Args:
        target: What trains a configuration.
        run_id: The run, as for the master.
        seed: Seed of every training.
        id: What tells it from other workers of its process; None for one that no other has.
        **kwargs: Arguments of HpBandSter's ``Worker``: ``nameserver``, ``nameserver_port`` ...

    Raises:
        ValueError: If the target has several objectives, or a name has a blank or an "@".
    """

    def __init__(
        self,
        target: SurrogateTarget | EnergyTarget,
        *,
        run_id: str,
        seed: int = 0,
        id: object = None,
        logger: logging.Logger | None = None,
        **kwargs: Any,
    ) -> None:
        check_run_id(run_id)
        id = uuid.uuid4().hex[:8] if id is None else id  # of one name only the last would be found
        check_run_id(id, name="id")
        check_counts(0, seed=seed)
        objectives = tuple(getattr(target, "objectives", ()))
        if len(objectives) > 1:
            raise ValueError(
                f"HpBandSter minimises one loss but the target has the objectives {objectives}: "
                "give it one, or take SMAC or Optuna."
            )
        # Without a logger HpBandSter would have everything of everybody shown, down to DEBUG.
        logger = logger or logging.getLogger("hpbandster")
        super().__init__(run_id, id=id, logger=logger, **kwargs)
        self.target = target
        self.seed = seed

    @Pyro4.expose  # type: ignore[untyped-decorator]
    def traits(self) -> dict[str, Any]:
        """What a master asks a worker that it has found."""
        return {"fidelity": getattr(self.target, "fidelity", None)}

    def compute(
        self,
        config_id: Any,
        config: dict[str, Any],
        budget: float,
        working_directory: str,
        grant: str | None = None,
    ) -> dict[str, Any]:
        """Train; HpBandSter calls this.

        Args:
            config_id: HpBandSter's id of the configuration.
            config: The configuration.
            budget: The rung.
            working_directory: The run's folder.
            grant: Where a master with an energy budget has written what this job may spend.

        Raises:
            FileNotFoundError: If that is not there: nothing would limit the training.
            EnergyExhaustedError: If what the job may spend does not pay for one epoch.
            RuntimeError: If the training has left by ``sys.exit`` or the like.
        """
        attempt = None if grant is None else open_grant(Path(grant))
        target = self.target
        if attempt is not None and isinstance(target, EnergyTarget):
            target = copy.copy(target)  # workers of other runs may train with it meanwhile
            target.keep_checkpoints(attempt.folder / CHECKPOINTS, run=str(self.run_id))
        try:
            loss, info = target(config, seed=self.seed, budget=budget, attempt=attempt)
        except BaseException as error:
            if isinstance(target, EnergyTarget):  # HpBandSter promotes none that has failed
                target.discard(config, self.seed)
            if not isinstance(error, Exception):  # it would end the thread without an answer
                raise RuntimeError(f"the training has ended with {error!r}.") from error
            raise
        finally:
            if attempt is not None:
                attempt.close()
        return {"loss": plain(loss), "info": plain(info)}

    def _run(self) -> None:
        try:
            super()._run()
        except Pyro4.errors.PyroError as error:  # to sign off: the name server ended first
            if self.thread is None or not hasattr(self, "pyro_daemon"):
                raise
            self.logger.info("the name server was gone before the worker was: %s", error)


class SurrogateWorker(TargetWorker):
    """Trainings of a benchmark; the loss is ``1 - accuracy``.

    Search ``worker.target.space``: with fidelity "schedule" the schedule is not in it.

    Args:
        bench: Anything with ``.space`` and ``.query(config)``.
        run_id: The run, as for the master.
        fidelity: What a budget means: ``"cut"`` epochs, complete ``"schedule"``, or ``"kwh"``.
        fidelity_param: As in `SurrogateTarget`, like ``resume`` and ``accuracy``.
        resume: See there.
        accuracy: See there.
        seed: Seed of every training.
        **kwargs: Arguments of HpBandSter's ``Worker``.
    """

    target: SurrogateTarget

    def __init__(
        self,
        bench: Benchmark,
        *,
        run_id: str,
        fidelity: Literal["cut", "schedule", "kwh"] = "cut",
        fidelity_param: str = "max_epoch",
        resume: bool = True,
        accuracy: Accuracy = "auto",
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        target = SurrogateTarget(
            bench,
            fidelity=fidelity,
            fidelity_param=fidelity_param,
            resume=resume,
            accuracy=accuracy,
        )
        super().__init__(target, run_id=run_id, seed=seed, **kwargs)


class EnergyWorker(TargetWorker):
    """Your own training, metered; ``train(config, training)`` as in `EnergyTarget`.

    Args:
        train: The training: it reports after each epoch and stops when told to.
        run_id: The run, as for the master.
        meter: ``"auto"`` for the best the machine has, or an ``EnergyMeter``.
        fidelity: What a budget means: ``"kwh"`` or ``"continue"``, where a training goes on from
            rung to rung, or the length of a complete ``"schedule"``.
        fidelity_param: As in `EnergyTarget`, like all from here to ``heartbeat_s``.
        metric: See there.
        direction: See there.
        checkpoints: See there.
        report_every: See there.
        heartbeat_s: See there.
        seed: Seed of every training.
        **kwargs: Arguments of HpBandSter's ``Worker``.
    """

    target: EnergyTarget

    def __init__(
        self,
        train: Train,
        *,
        run_id: str,
        meter: EnergyMeter | Literal["auto"] = "auto",
        fidelity: Literal["kwh", "continue", "schedule"] = "kwh",
        fidelity_param: str | None = None,
        metric: str | None = None,
        direction: Direction | None = None,
        checkpoints: str | Path | None = None,
        report_every: int = 1,
        heartbeat_s: float | None = None,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        target = EnergyTarget(
            train,
            meter,
            fidelity=fidelity,
            fidelity_param=fidelity_param,
            metric=metric,
            direction=direction,
            checkpoints=checkpoints,
            report_every=report_every,
            heartbeat_s=heartbeat_s,
        )
        super().__init__(target, run_id=run_id, seed=seed, **kwargs)
