"""SMAC's facades with an energy budget and energy-aware decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smac.facade.hyperparameter_optimization_facade import HyperparameterOptimizationFacade
from smac.facade.multi_fidelity_facade import MultiFidelityFacade
from smac.intensifier.abstract_intensifier import AbstractIntensifier
from smac.scenario import Scenario

from eahas_plugins.smac.base_facade import EnergyFacade
from eahas_plugins.smac.components import schedule_components
from eahas_plugins.smac.intensifier import EnergyHyperband, EnergyIntensifier
from eahas_plugins.smac.schedule_intensifier import has_schedules
from eahas_plugins.targets.rungs import check_whole_rungs

_DEFAULT_ETA = 3


class EnergyHyperparameterOptimizationFacade(EnergyFacade, HyperparameterOptimizationFacade):
    """SMAC's hyperparameter optimisation within an energy budget: complete trainings."""

    __doc__ = f"{__doc__}\n{(EnergyFacade.__doc__ or '').partition(chr(10))[2]}"

    @staticmethod
    def get_intensifier(scenario: Scenario, **kwargs: Any) -> EnergyIntensifier:
        """SMAC's intensifier with admission; takes the arguments of ``Intensifier``."""
        return EnergyIntensifier(scenario, **{"max_config_calls": 3, **kwargs})

    @classmethod
    def _energy_intensifier(
        cls, scenario: Scenario, target: Any, reward_exponent: float
    ) -> AbstractIntensifier:
        return cls.get_intensifier(scenario)


class EnergyMultiFidelityFacade(EnergyFacade, MultiFidelityFacade):
    """SMAC with several fidelities within an energy budget: rungs in kWh, epochs or schedules.

    Where rungs are complete schedules (``SurrogateTarget(fidelity="schedule")``, one objective),
    it is the search of ``ea_bohb``: `ScheduleIntensifier`, whose Gaussian process learns from all
    rungs and chooses in place of SMAC's model, and a Latin hypercube of ``n_startup_trials`` (by
    default ten) configurations to begin with. Where a training goes on from rung to rung, it is
    `EnergyHyperband` and SMAC's random forest. ``reward_exponent`` is for the latter.
    """

    __doc__ = f"{__doc__.rstrip()}\n{(EnergyFacade.__doc__ or '').partition(chr(10))[2]}"

    @staticmethod
    def get_intensifier(  # type: ignore[override]  # as SMAC's own does
        scenario: Scenario, *, eta: float = _DEFAULT_ETA, **kwargs: Any
    ) -> EnergyHyperband:
        """Hyperband with admission and energy-aware promotion; see :class:`EnergyHyperband`."""
        return EnergyHyperband(scenario, eta, **kwargs)

    @classmethod
    def _energy_components(
        cls, scenario: Scenario, target: Any, given: Mapping[str, Any], **how: Any
    ) -> dict[str, Any]:
        fidelity = getattr(target, "fidelity", None)
        if fidelity in ("continue", "schedule") and scenario.instances:
            raise ValueError(
                f"instances must not be given with fidelity {fidelity!r} but are "
                f"{scenario.instances}: with instances SMAC's budgets are numbers of them, not "
                "lengths. Let one training go through all, or take "
                "EnergyHyperparameterOptimizationFacade and fidelity='kwh'."
            )
        if fidelity != "schedule" or not has_schedules(scenario):
            found = super()._energy_components(scenario, target, given, **how)
            if fidelity == "continue" and isinstance(found["intensifier"], EnergyHyperband):
                check_whole_rungs(found["intensifier"].rungs)
            return found
        found = schedule_components(
            scenario,
            cooling=how["cooling"],
            n_startup_trials=how["n_startup_trials"],
            given=given,
        )
        # SMAC makes the others, and asks them nothing unless the intensifier does.
        acquisition = cls.get_acquisition_function(scenario, cooling=how["cooling"])
        return {"acquisition_function": acquisition, **found}

    @classmethod
    def _energy_intensifier(
        cls, scenario: Scenario, target: Any, reward_exponent: float
    ) -> AbstractIntensifier:
        eta = getattr(target, "eta", None) or _DEFAULT_ETA
        return cls.get_intensifier(scenario, eta=eta, reward_exponent=reward_exponent)
