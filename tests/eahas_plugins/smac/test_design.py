"""A search over complete schedules starts with as many configurations as it was asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import ConfigSpace as CS  # noqa: N817
from smac import Scenario
from smac.initial_design.latin_hypercube_design import LatinHypercubeInitialDesign

from eahas_plugins.smac import EarlierInitialDesign
from eahas_plugins.smac.design import StartupDesign

N = 12


def halved() -> CS.ConfigurationSpace:
    """A space of which a third is forbidden."""
    space = CS.ConfigurationSpace(seed=0)
    kind, size = CS.Categorical("kind", ["a", "b", "c"]), CS.Float("size", (0.0, 1.0))
    space.add([kind, size, CS.Integer("depth", (1, 50), log=True)])
    space.add(CS.EqualsCondition(space["depth"], kind, "a"))
    space.add(CS.ForbiddenEqualsClause(kind, "b"))
    return space


def scenario(folder: Path, space: CS.ConfigurationSpace) -> Scenario:
    return Scenario(space, output_directory=folder, seed=3, deterministic=True)


def test_what_is_forbidden_is_made_up_for_and_the_others_stay(tmp_path: Path) -> None:
    def smacs(kind: type[LatinHypercubeInitialDesign]) -> list[CS.Configuration]:
        return kind(
            scenario(tmp_path, halved()), n_configs=N, max_ratio=1.0
        ).select_configurations()

    theirs, ours = smacs(LatinHypercubeInitialDesign), smacs(StartupDesign)
    assert len(theirs) < N == len(ours)
    assert ours[: len(theirs)] == theirs
    assert len(set(ours)) == N
    assert ours == smacs(StartupDesign)
    earlier = EarlierInitialDesign(scenario(tmp_path, halved()), [], n_configs=N)
    assert len(earlier.select_configurations()) == N


def test_a_small_space_is_tried_whole(tmp_path: Path) -> None:
    space = CS.ConfigurationSpace({"a": [1, 2, 3], "b": [True, False]}, seed=0)
    design = StartupDesign(scenario(tmp_path, space), n_configs=N, max_ratio=1.0)
    assert len(design.select_configurations()) == 6


SEARCH = """
import sys
from pathlib import Path
from smac import Scenario
from eahas_plugins.smac import EnergyMultiFidelityFacade, ScheduleIntensifier
from smac.runhistory import TrialValue
from tests.eahas_plugins.smac.helpers import trials
from tests.eahas_plugins.smac.test_design import halved

setting = Scenario(halved(), output_directory=Path(sys.argv[1]), seed=1, deterministic=True,
                   min_budget=1, max_budget=4, crash_cost=5.0)
host = EnergyMultiFidelityFacade(setting, None, budget_kwh=1.0, logging_level=40,
                                 intensifier=ScheduleIntensifier(setting))
for _ in range(25):
    info = host.ask()
    cost = info.config["size"] + 0.01 * info.config.get("depth", 3) + 1.0 / info.budget
    host.tell(info, TrialValue(cost=cost, additional_info={"energy_kwh": 0.01 * info.budget}))
print(trials(host.runhistory))
"""


def test_a_seeded_search_does_not_depend_on_how_python_hashes_text(tmp_path: Path) -> None:
    found = set()
    for seed in ("0", "1"):
        child = subprocess.run(
            [sys.executable, "-c", SEARCH, str(tmp_path / seed)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            timeout=170,
        )
        assert child.returncode == 0, child.stderr[-2000:]
        found.add(child.stdout)
    assert len(found) == 1


def test_a_design_is_called_as_in_the_runs_that_are_there(tmp_path: Path) -> None:
    """SMAC resumes no run whose settings have changed, this name among them."""
    setting = scenario(tmp_path, halved())
    theirs = LatinHypercubeInitialDesign(setting, n_configs=N, max_ratio=1.0)
    assert StartupDesign(setting, n_configs=N, max_ratio=1.0).meta == theirs.meta
    assert EarlierInitialDesign(setting, [], n_configs=N).meta["name"] == "EarlierInitialDesign"
