"""SMAC that begins with earlier studies."""

from __future__ import annotations

from pathlib import Path

import pytest

from eahas_plugins.models.kwh import Number
from eahas_plugins.smac import EarlierInitialDesign, SurrogateTarget, energy_scenario
from eahas_plugins.transfer import EarlierStudy, EarlierTrial
from tests.eahas_plugins.smac.bench import PowerLawBench
from tests.eahas_plugins.smac.helpers import multi_fidelity
from tests.imports import imported_with


def earlier() -> EarlierStudy:
    bench = PowerLawBench()
    trials = []
    for config in bench.space.sample_configuration(20):
        run = bench.query(config)
        trials.append(
            EarlierTrial(
                config=dict(config),
                value=float(run.val_accuracy[-1]),
                energy_kwh=float(run.energy_kwh[-1]),
            )
        )
    names = [n for n, v in trials[0].config.items() if isinstance(v, int | float)]
    parameters = {
        n: Number(
            low=min(float(t.config[n]) for t in trials),
            high=max(float(t.config[n]) for t in trials),
        )
        for n in names
    }
    return EarlierStudy(name="s", maximize=True, parameters=parameters, trials=tuple(trials))


def test_a_run_begins_with_what_was_good_before(tmp_path: Path) -> None:
    target = SurrogateTarget(PowerLawBench(), fidelity="schedule")
    scenario = energy_scenario(target, name="run", output_directory=tmp_path, seed=1)
    design = EarlierInitialDesign(scenario, [earlier()], n_configs=6)
    assert 1 <= len(design.first) <= 5
    chosen = design.select_configurations()
    assert chosen[: len(design.first)] == design.first
    assert len(chosen) == 6
    facade = multi_fidelity(
        tmp_path, budget_kwh=0.2, target=target, scenario=scenario, initial_design=design
    )
    facade.optimize()
    tried = facade.runhistory.get_configs()
    assert tried[: len(design.first)] == design.first
    assert design.meta["first"] == [dict(config) for config in design.first]


def test_a_design_has_a_configuration(tmp_path: Path) -> None:
    target = SurrogateTarget(PowerLawBench(), fidelity="schedule")
    scenario = energy_scenario(target, name="run", output_directory=tmp_path, seed=1)
    with pytest.raises(ValueError, match="n_configs must be at least 1 but got 0"):
        EarlierInitialDesign(scenario, [], n_configs=0)


def test_a_search_that_begins_with_no_earlier_study_draws_no_report() -> None:
    found = imported_with("eahas_plugins.smac")
    assert "eahas_plugins.transfer" in found
    assert "eahas_plugins.report" not in found
