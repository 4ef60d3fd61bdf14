"""Methods hosted by Optuna: a sampler, a pruner and the energy budget make a study."""

from __future__ import annotations

from typing import Any

import optuna
from optuna.pruners import BasePruner, HyperbandPruner, NopPruner
from optuna.samplers import BaseSampler
from optuna.study import StudyDirection

from benchmarks.harness.bench import SCHEDULE, HasSpace, longest_schedule
from benchmarks.harness.hosts.simulated_workers import SimulatedBudget, simulate
from benchmarks.harness.live import LiveBench
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.budget.attributes import ENERGY_ATTR
from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
from eahas_plugins.optuna.objective import SurrogateObjective
from eahas_plugins.optuna.training_objective import EnergyObjective
from eahas_plugins.spaces import OptunaSpace


def optimise(
    setting: Setting, *, sampler: BaseSampler, pruner: BasePruner | None = None
) -> list[Evaluation]:
    """Run an Optuna study of the task's objectives until its energy is spent.

    The study lives in memory, in one process; several workers are simulated. Its name is fixed,
    because Optuna's Hyperband draws brackets from it.

    Args:
        setting: What the method is given.
        sampler: Any sampler.
        pruner: Any pruner; none by default.

    Raises:
        ValueError: If there are several workers, and the task is live, has several objectives or
            trainings that go on.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    bench = setting.bench
    if isinstance(bench, LiveBench):
        objective: EnergyObjective | SurrogateObjective = _live(bench)
    else:
        objective = SurrogateObjective(
            bench,
            objectives=bench.objectives,
            fidelity="continue" if bench.goes_on else "schedule",
            fidelity_param=SCHEDULE,
        )
    study = optuna.create_study(
        study_name=f"study-{setting.seed}",
        directions=[StudyDirection[name.upper()] for name in objective.directions],
        sampler=sampler,
        pruner=pruner or NopPruner(),
    )
    if setting.workers > 1:
        setting.check_one_objective("a study with simulated workers")
        if isinstance(bench, LiveBench):
            raise ValueError(
                f"workers must be 1 where trainings are run but got {setting.workers}: several are "
                "simulated by the times of replayed trainings."
            )
        if bench.goes_on:
            raise ValueError(
                "workers must be 1 where trainings go on from shorter ones but got "
                f"{setting.workers}: simulated ones train from scratch."
            )
        cap = SimulatedBudget(setting.budget_kwh)
        return simulate(study, bench, cap, workers=setting.workers)
    budget = EnergyBudget(kwh=setting.budget_kwh)
    study.optimize(budget.guard(objective), callbacks=[budget])
    space = OptunaSpace(bench.space)
    found = []
    for trial in study.get_trials(deepcopy=False):
        # 0 stands there before the first report: of a trial that trained, nobody knows it
        energy: Any = trial.user_attrs.get(ENERGY_ATTR) or None
        if trial.intermediate_values or energy is not None:  # else it was refused
            config, told = space.to_config(trial.params), trial.user_attrs
            epochs, outcome = None, None  # those that the energy pays for
            if isinstance(bench, LiveBench) and trial.intermediate_values:
                epochs, outcome = int(told["epochs"]), bench.outcome(config, told)
            elif bench.goes_on:
                epochs = int(told.get("epochs", 0))
            found.append(
                Evaluation(config=config, energy_kwh=energy, epochs=epochs, outcome=outcome)
            )
    return found


def _live(bench: LiveBench) -> EnergyObjective:
    """The objective of a user's own training."""
    return EnergyObjective(
        bench.train,
        bench.space,
        metric=bench.metric.name,
        direction=bench.direction,
        fidelity="continue" if bench.goes_on else "schedule",
        fidelity_param=SCHEDULE,
        meter=bench.meter,
    )


def paper_hyperband(bench: HasSpace) -> HyperbandPruner:
    """Hyperband as the paper sets it: factor 3, from 4 of 200 epochs (here a fiftieth) upwards."""
    highest = longest_schedule(bench)
    return HyperbandPruner(
        min_resource=max(1, round(highest * 4 / 200)), max_resource=highest, reduction_factor=3
    )
