"""A run of HpBandSter, read from its result log; HpBandSter itself is not needed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eahas_plugins.budget.attributes import ENERGY_ATTR, TRAINING_ATTR, known_kwh, was_cut
from eahas_plugins.budget.entries import was_refused
from eahas_plugins.files import NotJsonError, parse_json, read_json_lines, read_lines
from eahas_plugins.report.energies import Energies, read_energies
from eahas_plugins.report.run import (
    EnergySource,
    Objective,
    RunSummary,
    SeveralStudiesError,
    State,
    TrialSummary,
)
from eahas_plugins.report.smac_folder import cut_if_no_other, on_the_highest_rung, source_of

CONFIGS, RESULTS, ENERGY_LOG, ENERGY_FOLDERS = (
    *("configs.json", "results.json", "energy.json", "energy_*"),
)
_Job = tuple[str, float]  # configuration and budget


def read_hpbandster(folder: Path, *, run_id: str | None = None) -> RunSummary:
    """The run in a folder with HpBandSter's ``configs.json`` and ``results.json``.

    ``energy.json`` of `EnergyResultLogger` and the folder of energies that `EnergyBOHB` keeps
    beside it are read as well, as far as they are there.

    Args:
        folder: The folder.
        run_id: Which run's energies, if the folder has those of several.

    Raises:
        ValueError: If a file cannot be read or is not HpBandSter's, or there are energies of
            several runs and none is named.
    """
    notes: list[str] = []
    configs = {json.dumps(row[0]): row[1] for row in _rows(folder / CONFIGS, length=3, notes=notes)}
    charged = _charges(folder / ENERGY_LOG, notes)
    trials = []
    for row in _rows(folder / RESULTS, length=5, notes=notes):
        try:
            trials.append(_trial(row, configs, charged))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(
                f"{folder / RESULTS} must be HpBandSter's but has {row!r:.80}: {error!r}."
            ) from None
    trials = sorted(on_the_highest_rung(cut_if_no_other(trials)), key=lambda trial: trial.ended_s)
    name, energies = _energies(folder, run_id)
    cap_kwh, unlisted_kwh = None, 0.0
    if energies is not None:
        notes += energies.notes
        cap_kwh = energies.cap_kwh
        rest_kwh = energies.total_kwh - math.fsum(t.spent_kwh for t in trials)
        # Rounding apart: running, killed, or of an earlier run whose results were replaced.
        unlisted_kwh = rest_kwh if rest_kwh > 1e-9 * energies.total_kwh else 0.0
    return RunSummary(
        name=name,
        host="HpBandSter",
        objectives=(Objective(name="loss"),),
        trials=tuple(trials),
        cap_kwh=cap_kwh,
        unlisted_kwh=unlisted_kwh,
        length_name="budget" if len({trial.length for trial in trials}) > 1 else "",
        notes=tuple(notes),
    )


def _energies(folder: Path, run_id: str | None) -> tuple[str, Energies | None]:
    found = sorted(path for path in folder.glob(ENERGY_FOLDERS) if path.is_dir())
    names = [path.name.removeprefix("energy_") for path in found]
    if run_id is None and len(found) > 1:
        raise SeveralStudiesError(f"{folder} has energies of the runs", names)
    if run_id is not None and run_id not in names:
        raise ValueError(
            f"{folder} must have energies of {run_id!r} but has {', '.join(names) or 'none'}."
        )
    if not found:
        return folder.absolute().name, None
    place = 0 if run_id is None else names.index(run_id)
    return names[place], read_energies(found[place])


def _trial(
    row: list[Any], configs: Mapping[str, Any], charged: Mapping[_Job, Mapping[str, Any]]
) -> TrialSummary:
    config_id, budget, times, answer, problem = row
    key, length = json.dumps(config_id), float(budget)
    info = (answer or {}).get("info") or {}
    told = charged.get((key, length), {})
    loss = (answer or {}).get("loss")
    finite = isinstance(loss, int | float) and math.isfinite(loss)
    info = info if isinstance(info, dict) else {}
    energy_kwh = known_kwh(told.get(ENERGY_ATTR, info.get(ENERGY_ATTR)))
    expected = bool(told.get("energy_estimated"))
    source = source_of(info)
    if expected:
        source = EnergySource(kind="estimated", meter="expected energy of a job that told none")
    name = "-".join(str(part) for part in config_id)
    state = _state(answer, info, problem)
    return TrialSummary(
        name=f"config {name}, budget {length:g}",
        state=state,
        energy_kwh=energy_kwh,
        values=(float(loss),) if answer is not None and loss is not None else (),
        eligible=finite and state == "complete",
        config=dict(configs.get(key, {})),
        group=key,
        length=length,
        training_kwh=known_kwh(info.get(TRAINING_ATTR)),
        by_expectation=expected,
        ended_s=float(times["finished"]),
        runtime_s=known_kwh(info.get("runtime_s", times["finished"] - times["started"])),
        source=source,
    )


def _state(answer: object, info: Mapping[str, Any], problem: object) -> State:
    if answer is not None:
        return "cut" if was_cut(info) else "complete"
    return "cut" if was_refused(str(problem)) else "failed"


def _charges(path: Path, notes: list[str]) -> dict[_Job, Mapping[str, Any]]:
    """What each job was charged; failed ones are only here."""
    try:
        lines = list(read_json_lines(path, allow_nan=True, torn=notes))
        return {(json.dumps(line["config_id"]), float(line["budget"])): line for _, line in lines}
    except FileNotFoundError:
        return {}
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} must be a log of EnergyResultLogger: {error!r}.") from None


def _rows(path: Path, *, length: int, notes: list[str]) -> list[list[Any]]:
    """The lists of a file, one per line; a line that a crash has torn is left out."""
    rows = []
    try:
        for line in read_lines(path):
            if not line.text.strip():
                continue
            where = f"{path}, line {line.number},"
            try:
                row = parse_json(line.text, where, allow_nan=True)
            except NotJsonError as error:
                notes.append(str(error))
                continue
            if not isinstance(row, list) or len(row) < min(length, 2):
                raise ValueError(f"{where} must be one of HpBandSter's but is {row!r:.60}.")
            rows.append([*row, *[None] * (length - len(row))])
    except FileNotFoundError:
        raise ValueError(
            f"{path.parent} must hold HpBandSter's {path.name} but does not."
        ) from None
    return rows
