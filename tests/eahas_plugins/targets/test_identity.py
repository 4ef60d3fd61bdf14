"""Runs that share a name, a folder or a target, and no checkpoint."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ConfigSpace import ConfigurationSpace
from smac import Scenario

from eahas_plugins.smac import EnergyTarget, EnergyTraining
from eahas_plugins.targets.identity import identity_of
from tests.eahas_plugins.meters import Counter
from tests.eahas_plugins.smac.helpers import multi_fidelity


def test_workers_that_ask_at_once_are_told_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(identity_of, [tmp_path / "run"] * 16))
    assert len(found) == 1


def test_a_copy_has_the_identity_and_a_new_run_has_not(tmp_path: Path) -> None:
    first = identity_of(tmp_path / "run")
    shutil.copytree(tmp_path / "run", tmp_path / "cöpy of run")
    assert identity_of(tmp_path / "cöpy of run") == first
    shutil.rmtree(tmp_path / "run")
    assert identity_of(tmp_path / "run") != first


def test_two_facades_of_one_target_keep_their_checkpoints_apart(tmp_path: Path) -> None:
    meter = Counter()

    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        for epoch in range(training.epochs, 8):
            meter.energy_kwh += 1.0
            (training.checkpoint / "epoch").write_text(json.dumps(epoch))
            if training.report(0.5):
                return

    target = EnergyTarget(train, meter, fidelity="continue")
    facades = [
        multi_fidelity(
            tmp_path,
            budget_kwh=3.0,
            target=target,
            scenario=Scenario(
                ConfigurationSpace({"lr": (0.0, 1.0)}),
                name=name,
                output_directory=tmp_path,
                min_budget=2,
                max_budget=8,
                deterministic=True,
                n_trials=1000,
            ),
        )
        for name in ("first", "second")
    ]
    facades[0].optimize()
    assert {file.parts[-5] for file in tmp_path.rglob("latest.json")} == {"first"}
    assert target.checkpoint_folder is None  # what the user has made stays what it was
