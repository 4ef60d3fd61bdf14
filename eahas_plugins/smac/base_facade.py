"""What SMAC's facades share: an energy budget, and a run that can be resumed."""

from __future__ import annotations

import atexit
import copy
import dataclasses
import functools
import math
import shutil
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ConfigSpace import Configuration
from dask.distributed import Client
from smac.callback.callback import Callback
from smac.intensifier.abstract_intensifier import AbstractIntensifier
from smac.runhistory import TrialInfo, TrialValue
from smac.scenario import Scenario

from eahas_plugins.arguments import check_not_negative, check_reward_exponent
from eahas_plugins.budget.account import Shortfall
from eahas_plugins.budget.attributes import DEFAULT_LEASE_S
from eahas_plugins.budget.journal import EnergyJournal
from eahas_plugins.models.price import PriceEnd
from eahas_plugins.policy import PAPER_EXPONENT
from eahas_plugins.smac._compat import EnergySMBO, FacadeHook
from eahas_plugins.smac.acquisition import EnergyEI
from eahas_plugins.smac.admission import BudgetedIntensifier
from eahas_plugins.smac.budget import EnergyBudgetCallback
from eahas_plugins.smac.components import check_startup_trials
from eahas_plugins.smac.dask_runner import EnergyDaskRunner
from eahas_plugins.smac.outcome import (
    FailureWatch,
    best_that_finished,
    end_of,
    is_result,
    plain_config,
)
from eahas_plugins.smac.price import EnergyPriceCallback
from eahas_plugins.smac.resume import (
    adopt_unnamed,
    check_same_run,
    requeue_lost,
    take_over,
    with_crash_cost,
)
from eahas_plugins.smac.runner import EnergyRunner, arguments_of
from eahas_plugins.smac.state import HISTORY, DurableSMBO, forget, restore
from eahas_plugins.smac.told import check_target
from eahas_plugins.targets.checkpoints import CheckpointStore
from eahas_plugins.targets.energy_target import EnergyTarget

_JOURNAL, _CHECKPOINTS = "energy", "checkpoints"


class EnergyFacade(FacadeHook):
    """What both facades share: the account, the runner and a resume that never asks.

    Args:
        scenario: SMAC's scenario. ``crash_cost`` must be finite, except for our targets, whose
            largest error is 1: SMAC's model cannot learn from an infinite cost.
        target_function: A callable that returns ``cost, {"energy_kwh": ...}``; None for
            ask-and-tell alone.
        budget_kwh: The most all trials together may spend, kWh. Positive. A resumed run counts
            what it has spent; give it more to go on.
        shortfall: ``"truncate"`` starts a trial that is not fully paid and cuts it short,
            ``"skip"`` tries others, and ends the run when none fits.
        trial_limit_kwh: The most one trial may spend, kWh.
        price_kwh: What one kWh must bring, in units of the cost: the run ends when the best next
            training is expected to bring less. See :class:`EnergyPriceCallback`; None for no price.
        reward_exponent: Exponent of the energy in promotion, at most 0; 0 is SMAC's decision.
        cooling: Weight of the energy in the acquisition; 0 is SMAC's expected improvement. With
            both weights 0 a run takes SMAC's decisions bit for bit (where rungs are schedules, with
            SMAC's intensifier as well).
        n_startup_trials: Configurations before the model counts; None for SMAC's ten per
            hyperparameter (ten in all where rungs are schedules).
        lease_s: How long what is promised to a silent worker stays promised, s.
        callbacks: More callbacks.
        overwrite: Start anew where a run is stored already; its energy is forgotten.
        dask_client: Client of a Dask cluster; otherwise ``scenario.n_workers`` local processes.
        **components: SMAC's components: ``model``, ``intensifier``, ``acquisition_function`` ...
            Where rungs are schedules, those that would have nothing to do are refused.

    Raises:
        ValueError: If an argument is out of range (NaN included).
        RuntimeError: If the folder holds a run with other settings (SMAC would ask on stdin).
    """

    def __init__(
        self,
        scenario: Scenario,
        target_function: Callable[..., Any] | None,
        *,
        budget_kwh: float,
        shortfall: Shortfall = "truncate",
        trial_limit_kwh: float | None = None,
        price_kwh: float | None = None,
        reward_exponent: float = PAPER_EXPONENT,
        cooling: float = 1.0,
        n_startup_trials: int | None = None,
        lease_s: float = DEFAULT_LEASE_S,
        callbacks: Sequence[Callback] = (),
        overwrite: bool = False,
        dask_client: Client | None = None,
        **components: Any,
    ) -> None:
        self.account = EnergyBudgetCallback(
            budget_kwh, shortfall=shortfall, trial_limit_kwh=trial_limit_kwh
        )
        check_target(target_function, trial_limit_kwh=trial_limit_kwh)
        if isinstance(target_function, EnergyTarget):
            target_function = copy.copy(target_function)  # another facade keeps checkpoints too
        self._target = target_function
        self._lease_s = lease_s
        self._worker: EnergyRunner | None = None
        scenario = with_crash_cost(scenario, target_function)
        # The number of workers is not part of what a run is: resume with another.
        alone = scenario if scenario.n_workers == 1 else dataclasses.replace(scenario, n_workers=1)
        self._price = None if price_kwh is None else EnergyPriceCallback(price_kwh, alone)
        check_reward_exponent(reward_exponent)
        check_not_negative(cooling=cooling)
        check_startup_trials(n_startup_trials)
        components = self._energy_components(
            alone,
            target_function,
            {name: component for name, component in components.items() if component is not None},
            reward_exponent=reward_exponent,
            cooling=cooling,
            n_startup_trials=n_startup_trials,
        )
        intensifier = components["intensifier"]
        self._chosen, self._starts_anew = components, overwrite
        self._is_unnamed = scenario.name is None
        runner: EnergyRunner | EnergyDaskRunner | None = None
        if target_function is not None:
            self._worker = runner = EnergyRunner(
                scenario, target_function, arguments_of(intensifier), self.account
            )
            if scenario.n_workers > 1 or dask_client is not None:
                runner = EnergyDaskRunner(self._worker, dask_client=dask_client)
        self._close_workers: Callable[[], Any] | None = None
        if isinstance(runner, EnergyDaskRunner):
            self._close_workers = weakref.finalize(self, runner.close)
            atexit.register(self._close_workers)  # SMAC's own end waits for Dask's dead threads
        try:
            super().__init__(
                alone,
                runner,
                callbacks=[
                    self.account,
                    FailureWatch(),
                    *([] if self._price is None else [self._price]),
                    *callbacks,
                ],
                overwrite=overwrite,
                **components,
            )
        except BaseException:
            self.close()
            raise

    @property
    def spent_kwh(self) -> float:
        """Energy of all trials in every state, kWh."""
        return self.account.spent_kwh

    @property
    def price_end(self) -> PriceEnd | None:
        """Why the price has ended the run; None while it has not."""
        return None if self._price is None else self._price.end

    def optimize(
        self, *, data_to_scatter: dict[str, Any] | None = None
    ) -> Configuration | list[Configuration]:
        """Run until the energy is spent or not worth its price, or SMAC's limits are reached.

        Returns:
            The best configuration; with several objectives, those on the front. See
            `best_config` for plain values.

        Raises:
            RuntimeError: If every trial has failed; the message has the first error.
        """
        found = super().optimize(data_to_scatter=data_to_scatter)
        # Trials may have needed less than was promised to them: what they gave back is left.
        loop = self.optimizer
        while isinstance(loop, EnergySMBO) and not (loop.stopped or loop.budget_exhausted):
            found = super().optimize(data_to_scatter=data_to_scatter)
        best = end_of(
            self.runhistory,
            found if isinstance(found, list) else [found] if found is not None else [],
            spent_kwh=self.spent_kwh,
            cap_kwh=self.account.budget_kwh,
            why=self.price_end,
        )
        return best if isinstance(found, list) else best[0] if best else found

    @property
    def best_config(self) -> dict[str, Any] | None:
        """The incumbent in plain Python, with the schedule it was trained with; None without one.

        With several objectives it is the first on the front.
        """
        best = next(iter(self.intensifier.get_incumbents()), None)
        if not is_result(self.runhistory, best):
            best = next(iter(best_that_finished(self.runhistory)), None)
        if best is None:
            return None
        is_length = getattr(self._target, "fidelity", None) in ("schedule", "continue")
        name = getattr(self._target, "fidelity_param", None) if is_length else None
        return plain_config(self.runhistory, best, fidelity_param=name)

    def evaluate(self, info: TrialInfo) -> TrialValue:
        """Run a trial that was asked for, here and within its limits, for ask-and-tell.

        Raises:
            ValueError: If the facade has no target function.
        """
        if self._worker is None:
            raise ValueError("target_function must be given to evaluate trials but is None.")
        return self._worker.run_wrapper(self._worker.granted(info))[1]

    def close(self) -> None:
        """Shut down the local workers, if the facade has started any."""
        if self._close_workers is not None:
            self._close_workers()

    @classmethod
    def _energy_components(
        cls,
        scenario: Scenario,
        target: Any,
        given: Mapping[str, Any],
        *,
        reward_exponent: float,
        cooling: float,
        n_startup_trials: int | None,
    ) -> dict[str, Any]:
        """The user's components, and those that are not SMAC's own in place of missing ones."""
        found = dict(given)
        if "acquisition_function" not in given:
            found["acquisition_function"] = cls.get_acquisition_function(scenario, cooling=cooling)
        if "intensifier" not in given:
            found["intensifier"] = cls._energy_intensifier(scenario, target, reward_exponent)
        if n_startup_trials is not None and "initial_design" not in given:
            design: Callable[..., Any] = cls.get_initial_design
            found["initial_design"] = design(scenario, n_configs=n_startup_trials, max_ratio=1.0)
        return found

    @classmethod
    def _energy_intensifier(
        cls, scenario: Scenario, target: Any, reward_exponent: float
    ) -> AbstractIntensifier:
        raise NotImplementedError

    def make_optimizer(self) -> EnergySMBO:
        """Make SMAC's main loop: open the account and check the folder first."""
        if self._is_unnamed and not self._starts_anew:
            adopt_unnamed(self.scenario)
        folder = Path(self.scenario.output_directory).absolute()
        journal = EnergyJournal(folder / _JOURNAL, lease_s=self._lease_s)
        fence = take_over(self.scenario, folder, anew=self._starts_anew)
        self.main_loop = functools.partial(DurableSMBO, fence=fence)
        if self._starts_anew:
            journal.clear()
            forget(folder)
        elif restore(folder, spent_kwh=math.fsum(e.charged_kwh for e in journal.entries())):
            check_same_run(self.scenario, folder)
            requeue_lost(folder / HISTORY)
        if isinstance(self._target, EnergyTarget):
            self._open_checkpoints(self._target, folder)
        loop = super().make_optimizer()
        self.account.attach(loop.runhistory, journal, self._target)
        if self._worker is not None:
            self._worker.journal = journal
        if isinstance(self._chosen["intensifier"], BudgetedIntensifier):
            self._chosen["intensifier"].account = self.account
        if isinstance(self._chosen["acquisition_function"], EnergyEI):
            self._chosen["acquisition_function"].attach(
                self.scenario, loop.runhistory, self.account
            )
        loop.reopen()
        return loop

    def _open_checkpoints(self, target: EnergyTarget, folder: Path) -> None:
        kept = target.keep_checkpoints(folder / _CHECKPOINTS, run="-".join(folder.parts[-2:]))
        if self._starts_anew:
            shutil.rmtree(kept, ignore_errors=True)
        else:
            CheckpointStore(kept).sweep()

    @staticmethod
    def get_acquisition_function(
        scenario: Scenario, *, xi: float = 0.0, cooling: float = 1.0, min_observations: int = 10
    ) -> EnergyEI:
        """Expected improvement per kWh; see :class:`EnergyEI`."""
        return EnergyEI(xi=xi, log=True, cooling=cooling, min_observations=min_observations)
