"""A run of SMAC, read from the JSON files in its folder; SMAC itself is not needed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from eahas_plugins.budget.account import ESTIMATED_ATTR
from eahas_plugins.budget.attributes import ENERGY_ATTR, TRAINING_ATTR, known_kwh, was_cut
from eahas_plugins.budget.entries import TrialId, was_refused
from eahas_plugins.files import read_json_object
from eahas_plugins.report.energies import Energies, read_energies
from eahas_plugins.report.run import EnergySource, Objective, RunSummary, State, TrialSummary

HISTORY, SCENARIO, ENERGIES = "runhistory.json", "scenario.json", "energy"
_LIMIT = 1 << 30  # bytes: a history has a few hundred per trial
_STATES: Mapping[object, State] = {0: "running", 1: "complete", 2: "failed", 3: "failed"}


def read_smac(folder: Path) -> RunSummary:
    """The run in a folder of SMAC's.

    Args:
        folder: The folder that holds ``runhistory.json``.

    Raises:
        ValueError: If a file cannot be read, or is not SMAC's.
    """
    history = read_json_object(folder / HISTORY, limit=_LIMIT, allow_nan=True)
    try:
        scenario = read_json_object(folder / SCENARIO, allow_nan=True)
    except FileNotFoundError:
        scenario = {}
    energies = read_energies(folder / ENERGIES)
    names = scenario.get("objectives", "cost")
    objectives = tuple(
        Objective(name=str(n)) for n in (names if isinstance(names, list) else [names])
    )
    rows, configs = history.get("data"), history.get("configs")
    if not isinstance(rows, list) or not isinstance(configs, dict):
        raise ValueError(
            f"{folder / HISTORY} must be SMAC's run history but lacks data or configs."
        )
    try:
        read = [_trial(row, configs, energies, len(objectives)) for row in rows]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{folder / HISTORY} must be SMAC's run history: {error!r}.") from None
    trials = _compared(cut_if_no_other([trial for _, trial in read]), _selection(scenario))
    listed = {trial_id for trial_id, _ in read}
    lost_kwh = [
        entry.charged_kwh
        for trial_id, entries in energies.of_trial.items()
        if trial_id not in listed
        for entry in entries
    ]
    seed = scenario.get("seed", folder.name)
    several = len({trial.length for trial in trials}) > 1
    return RunSummary(
        name=f"{scenario.get('name', folder.parent.name)}, seed {seed}",
        host="SMAC",
        objectives=objectives,
        trials=tuple(sorted(trials, key=lambda trial: trial.ended_s)),
        cap_kwh=energies.cap_kwh,
        unlisted_kwh=math.fsum(lost_kwh),
        length_name="budget" if several else "",
        notes=energies.notes,
    )


def _trial(
    row: Mapping[str, Any], configs: Mapping[str, Any], energies: Energies, n_objectives: int
) -> tuple[TrialId, TrialSummary]:
    number, budget = row["config_id"], row["budget"]
    length = None if budget is None else float(budget)
    trial_id: TrialId = (number, row["instance"], row["seed"], length)
    info = row.get("additional_info") or {}
    state = _STATES.get(row["status"], "failed")
    cost = row["cost"]
    values = tuple(float(v) for v in (cost if isinstance(cost, list) else [cost]))
    if state == "failed" and was_refused(str(info.get("error", ""))):
        state = "cut"
    known = state == "complete" and len(values) == n_objectives
    if state == "complete" and was_cut(info):  # it has a value, and had not finished
        state = "cut"
    entries = energies.of_trial.get(trial_id)
    energy_kwh = known_kwh(info.get(ENERGY_ATTR))
    if entries:
        energy_kwh = math.fsum(entry.charged_kwh for entry in entries)
    config = configs[str(number)]
    return trial_id, TrialSummary(
        name=f"config {number}" + ("" if length is None else f", budget {length:g}"),
        state=state,
        energy_kwh=energy_kwh,
        values=values if known else (),
        eligible=known and state == "complete" and all(map(math.isfinite, values)),
        config=dict(config),
        group=json.dumps([number, row["instance"], row["seed"]]),
        length=length,
        training_kwh=known_kwh(info.get(TRAINING_ATTR)),
        by_expectation=bool(info.get(ESTIMATED_ATTR)),
        ended_s=float(row["endtime"]) if state != "running" else math.inf,
        runtime_s=known_kwh(info.get("runtime_s", row.get("time"))),
        source=source_of(info),
    )


def source_of(info: Mapping[str, Any]) -> EnergySource:
    """Where the energy of a trial comes from, as it told its host."""
    kind = info.get("energy_kind")
    if info.get(ESTIMATED_ATTR):
        return EnergySource(kind="estimated", meter="expected energy of a trial that told none")
    return EnergySource(
        kind=kind if isinstance(kind, str) else "unknown", meter=str(info.get("meter", ""))
    )


def _selection(scenario: Mapping[str, Any]) -> str:
    """Which of a configuration's rungs SMAC compares, as the run's own settings say."""
    settings: object = scenario
    for key in ("_meta", "intensifier", "incumbent_selection"):
        settings = settings.get(key) if isinstance(settings, dict) else None
    return str(settings)


def _compared(trials: list[TrialSummary], selection: str) -> list[TrialSummary]:
    """Leave those eligible that SMAC compares when it looks for its incumbent."""
    if selection == "any_budget":
        return trials
    if selection == "highest_budget":
        return on_the_highest_rung(trials)
    longest: dict[str, float] = {}
    for trial in trials:
        if trial.eligible:
            longest[trial.group] = max(longest.get(trial.group, 0.0), trial.length or 0.0)
    return [
        replace(t, eligible=t.eligible and (t.length or 0.0) == longest[t.group])
        if t.group in longest
        else t
        for t in trials
    ]


def cut_if_no_other(trials: list[TrialSummary]) -> list[TrialSummary]:
    """Where no trial is eligible, those that the budget cut are, if they have a result."""
    if any(trial.eligible for trial in trials):
        return trials
    return [
        replace(
            t, eligible=t.state == "cut" and bool(t.values) and all(map(math.isfinite, t.values))
        )
        for t in trials
    ]


def on_the_highest_rung(trials: list[TrialSummary]) -> list[TrialSummary]:
    """Of different lengths only the longest compare: the others are not eligible."""
    top = max((t.length for t in trials if t.eligible and t.length is not None), default=None)
    if top is None:
        return trials
    return [t if t.length == top else replace(t, eligible=False) for t in trials]
