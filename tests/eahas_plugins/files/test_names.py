"""A file or folder that nobody named is not the current folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eahas_plugins.budget.journal import EnergyJournal
from eahas_plugins.energy import FakeMeter, RaplMeter, RecordingMeter, ReplayMeter
from eahas_plugins.energy.exports import EnergyRecord, append_emissions_csv
from eahas_plugins.files import (
    LineFile,
    path_argument,
    read_arrays,
    read_bytes,
    read_json,
    read_lines,
    write_atomically,
    write_json,
)
from eahas_plugins.report import Objective, Report, RunSummary, TrialSummary, read_run
from eahas_plugins.targets import EnergyTarget
from eahas_plugins.targets.checkpoints import CheckpointStore
from eahas_plugins.transfer import EarlierStudy, read_study, write_study

STUDY = EarlierStudy(name="a", maximize=True, parameters={}, trials=())
TRIAL = TrialSummary(name="0", state="complete", energy_kwh=1.0, values=(0.5,), eligible=True)
RUN = RunSummary(name="a", host="optuna", objectives=(Objective(name="loss"),), trials=(TRIAL,))
RECORD = EnergyRecord(name="a", energy_kwh=1.0)
TAKING: dict[str, Callable[[Any], Any]] = {
    "checkpoints": lambda path: EnergyTarget(lambda config, training: 0.5, checkpoints=path),
    "CheckpointStore": CheckpointStore,
    "EnergyJournal": EnergyJournal,
    "RecordingMeter": lambda path: RecordingMeter(FakeMeter(), path),
    "ReplayMeter": ReplayMeter,
    "RaplMeter": RaplMeter,
    "append_emissions_csv": lambda path: append_emissions_csv(RECORD, path, g_per_kwh=1.0),
    "read_run": read_run,
    "save": lambda path: Report.of(RUN).save(path),
    "read_study": read_study,
    "write_study": lambda path: write_study(STUDY, path),
    "LineFile": LineFile,
    "read_arrays": read_arrays,
    "read_bytes": lambda path: read_bytes(path, limit=9),
    "read_json": read_json,
    "read_lines": lambda path: list(read_lines(path)),
    "write_atomically": lambda path: write_atomically(path, ""),
    "write_json": lambda path: write_json(path, {}),
}


@pytest.mark.parametrize("what", TAKING)
def test_an_empty_name_is_refused(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"must name a file or folder but got ''; the current"):
        TAKING[what]("")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [3, None, True, 0.5, b""])
def test_only_a_path_is_one(value: Any) -> None:
    with pytest.raises(ValueError, match=f"folder must name a file or folder but got {value!r}."):
        path_argument("folder", value)


def test_every_other_name_is_taken_as_it_is() -> None:
    for name in (".", " ", "a/b", Path("a")):
        assert path_argument("folder", name) == Path(name)
