"""SMAC within an energy budget: log, incumbents and a figure.

    python examples/smac_energy.py --budget-kwh 2e-3 --figure smac_energy.png

Run it again with a larger budget to go on where it stopped.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from smac.callback.callback import Callback
from smac.main.smbo import SMBO
from smac.runhistory import RunHistory, StatusType, TrialInfo, TrialValue

import surrogate
from eahas_plugins.smac import EnergyMultiFidelityFacade, SurrogateTarget, energy_scenario
from eahas_plugins.spaces import native_config

log = logging.getLogger("smac_energy")


class LogTrials(Callback):
    """One line per trial, and one more when the incumbent changes."""

    def __init__(self) -> None:
        super().__init__()
        self._spent_kwh = 0.0
        self._incumbent: object = None

    def on_start(self, smbo: SMBO) -> None:
        """Count what an earlier run has spent."""
        self._spent_kwh = sum(v.additional_info["energy_kwh"] for v in smbo.runhistory.values())

    def on_tell_end(self, smbo: SMBO, info: TrialInfo, value: TrialValue) -> bool | None:
        """Log the trial."""
        energy_kwh = value.additional_info["energy_kwh"]
        self._spent_kwh += energy_kwh
        log.info(
            "trial %d: schedule of %g epochs, error %.4f, %.3g kWh, %.3g kWh in all",
            smbo.runhistory.finished,
            info.budget or 0.0,
            value.cost,
            energy_kwh,
            self._spent_kwh,
        )
        incumbent = smbo.intensifier.get_incumbent()
        if incumbent != self._incumbent:
            self._incumbent = incumbent
            log.info("new incumbent: %s", native_config(incumbent or {}))
        return None


def draw(history: RunHistory, path: Path, budget_kwh: float) -> None:
    """Error of every trial and the best complete training so far, over the energy spent."""
    longest = max(key.budget or 0.0 for key in history)
    spent_kwh, best = 0.0, 1.0
    points: dict[float, tuple[list[float], list[float]]] = {}
    line: tuple[list[float], list[float]] = ([], [])
    for key, value in history.items():
        spent_kwh += value.additional_info["energy_kwh"]
        if value.status != StatusType.SUCCESS or not isinstance(value.cost, float):
            continue
        at, errors = points.setdefault(key.budget or 0.0, ([], []))
        at.append(spent_kwh)
        errors.append(value.cost)
        if key.budget == longest:
            best = min(best, value.cost)
            line[0].append(spent_kwh)
            line[1].append(best)
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for budget, (at, errors) in sorted(points.items()):
        axes.scatter(at, errors, s=14, label=f"{budget:g} epochs")
    axes.step(*line, where="post", color="black", label="best")
    axes.axvline(budget_kwh, color="grey", linestyle="--", label="budget")
    axes.set(xlabel="energy of all trainings (kWh)", ylabel="validation error", yscale="log")
    axes.legend()
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main() -> None:
    """Run SMAC on the default benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", default="fashion-nano", help="name or folder of a benchmark")
    parser.add_argument("--budget-kwh", type=float, default=None, help="default: 25 trainings")
    parser.add_argument("--output", type=Path, default=Path("smac3_output"))
    parser.add_argument("--figure", type=Path, default=Path("smac_energy.png"))
    parser.add_argument("--n-workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("smac").setLevel(logging.WARNING)

    bench = surrogate.load(arguments.task)
    target = SurrogateTarget(bench, fidelity="schedule")
    scenario = energy_scenario(
        target,
        name=arguments.task,
        output_directory=arguments.output,
        seed=arguments.seed,
        n_workers=arguments.n_workers,
    )
    budget_kwh = arguments.budget_kwh
    if budget_kwh is None:
        sample = bench.space.sample_configuration(50)
        mean_kwh = sum(float(bench.query(c).energy_kwh[-1]) for c in sample) / len(sample)
        budget_kwh = 25 * mean_kwh
    facade = EnergyMultiFidelityFacade(
        scenario,
        target,
        budget_kwh=budget_kwh,
        n_startup_trials=20,
        callbacks=[LogTrials()],
        logging_level=False,  # keep the handlers of this script
    )
    try:
        incumbent = facade.optimize()
    finally:
        facade.close()
    log.info("spent %.4g of %.4g kWh", facade.spent_kwh, budget_kwh)
    if not isinstance(incumbent, list):  # one objective, one incumbent
        log.info("incumbent: %s", native_config(incumbent))
    draw(facade.runhistory, arguments.figure, budget_kwh)
    log.info("figure: %s", arguments.figure)


if __name__ == "__main__":
    main()
