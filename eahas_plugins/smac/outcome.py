"""What became of a run: its failures, its best configuration, and one line at the end."""

from __future__ import annotations

import logging
import math
from statistics import fmean
from typing import Any

from ConfigSpace import Configuration
from smac.callback.callback import Callback
from smac.main.smbo import SMBO
from smac.runhistory import RunHistory, StatusType, TrialInfo, TrialKey, TrialValue

from eahas_plugins.budget.attributes import ENERGY_ATTR, known_kwh, was_cut
from eahas_plugins.models.chance import MOST_IN_VAIN
from eahas_plugins.spaces import native_config
from eahas_plugins.units import energy_text, share_text

log = logging.getLogger(__name__)

_FAILED = (StatusType.CRASHED, StatusType.TIMEOUT, StatusType.MEMORYOUT)
_UNKNOWN = {StatusType.TIMEOUT: "it ran out of time", StatusType.MEMORYOUT: "out of memory"}


class FailureWatch(Callback):
    """Says why the first trial failed, and ends a run in which nothing succeeds.

    SMAC counts failed trials without a word, and goes on until its limits are reached.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first_error: str | None = None
        self._n_failed = 0
        self._has_succeeded = False

    def on_tell_end(self, smbo: SMBO, info: TrialInfo, value: TrialValue) -> bool | None:
        """Look at a trial that has ended; False ends the run."""
        if value.status not in _FAILED:
            self._has_succeeded = True
            return None
        self._n_failed += 1
        if self.first_error is None:
            self.first_error = error_of(value)
            log.warning(
                "a trial has failed and counts with its energy (%s): %s",
                energy_text(known_kwh(value.additional_info.get(ENERGY_ATTR))),
                self.first_error,
            )
        if self._has_succeeded or self._n_failed < MOST_IN_VAIN:
            return None
        succeeded = any(v.status == StatusType.SUCCESS for v in smbo.runhistory.values())
        return None if succeeded else False


def error_of(value: TrialValue) -> str:
    """Why a trial has failed, in one line."""
    told = value.additional_info.get("error")
    return str(told) if told else _UNKNOWN.get(value.status, "nobody knows why")


def check_success(history: RunHistory) -> None:
    """Refuse to call anything best where every trial has failed.

    Raises:
        RuntimeError: If there are trials and none of them has a result; with the first error.
    """
    values = list(history.values())
    failed = [value for value in values if value.status in _FAILED]
    if failed and not any(value.status == StatusType.SUCCESS for value in values):
        told = [known_kwh(value.additional_info.get(ENERGY_ATTR)) for value in failed]
        known = [kwh for kwh in told if kwh is not None]
        spent = energy_text(math.fsum(known) if known else None)
        raise RuntimeError(
            f"at least one trial must succeed but all {len(failed)} have failed (energy charged: "
            f"{spent}). The first error: {error_of(failed[0])}"
        )


def best_trial(
    history: RunHistory, config: Configuration | None
) -> tuple[TrialKey, TrialValue] | None:
    """The finished trial of a configuration on its highest rung; None if it has none."""
    if config is None or not history.has_config(config):
        return None
    number = history.get_config_id(config)
    finished = [(key, value) for key, value in _finished(history) if key.config_id == number]
    return max(finished, key=_rung, default=None)


def is_result(history: RunHistory, config: Configuration | None) -> bool:
    """Whether the trial that speaks for a configuration, on its highest rung, has finished."""
    trial = best_trial(history, config)
    if trial is None:
        return False
    told = [k for k, v in _succeeded(history) if k.config_id == trial[0].config_id]
    return _rung(trial) == max(key.budget or 0.0 for key in told)


def best_that_finished(history: RunHistory) -> list[Configuration]:
    """Configurations that no other is better than, by their mean costs on the highest rung."""
    finished = _finished(history)
    top = max((_rung(trial) for trial in finished), default=0.0)
    told: dict[int, list[list[float]]] = {}
    for trial in finished:
        if _rung(trial) == top:
            told.setdefault(trial[0].config_id, []).append(_costs(trial[1]))
    means = [([fmean(c) for c in zip(*costs, strict=True)], n) for n, costs in told.items()]
    found: list[tuple[list[float], int]] = []
    for costs, number in sorted(means):  # none is better than an earlier one
        if not any(all(a <= b for a, b in zip(other, costs, strict=True)) for other, _ in found):
            found.append((costs, number))
    return [history.get_config(number) for _, number in found]


def plain_config(
    history: RunHistory, config: Configuration, *, fidelity_param: str | None
) -> dict[str, Any]:
    """A configuration in plain Python, with the length of its longest schedule."""
    plain: dict[str, Any] = dict(native_config(config))
    trial = best_trial(history, config)
    if fidelity_param is not None and trial is not None and trial[0].budget is not None:
        budget = trial[0].budget
        plain[fidelity_param] = int(budget) if float(budget).is_integer() else float(budget)
    return plain


def end_of(
    history: RunHistory,
    incumbents: list[Configuration],
    *,
    spent_kwh: float,
    cap_kwh: float,
    why: object = None,
) -> list[Configuration]:
    """Check what a run hands back as best, and log one line about it, and why if that is known.

    Returns:
        The incumbents, but never a configuration whose trials have all failed.

    Raises:
        RuntimeError: If every trial has failed.
    """
    check_success(history)
    succeeded = {history.get_config(key.config_id) for key, _ in _succeeded(history)}
    if not succeeded.issuperset(incumbents):
        log.warning(
            "the incumbent of SMAC is a failed trial, and the best finished one is handed back: "
            "crash_cost must be larger than every cost, so give Scenario(crash_cost=) a larger one"
        )
    results = [config for config in incumbents if is_result(history, config)]
    incumbents = results or best_that_finished(history)
    n_failed = sum(value.status in _FAILED for value in history.values())
    parts = [f"{share_text(spent_kwh, cap_kwh)} spent", f"{len(history)} trials"]
    if n_failed:
        parts.append(f"{n_failed} of them failed")
    trial = best_trial(history, incumbents[0]) if len(incumbents) == 1 else None
    if trial is not None:
        parts.append(f"best cost {trial[1].cost:.6g}" if _is_one(trial[1]) else "one best")
    elif incumbents:
        parts.append(f"{len(incumbents)} configurations on the front")
    log.info("the run ends: %s%s", "" if why is None else f"{why}; ", ", ".join(parts))
    return incumbents


def _succeeded(history: RunHistory) -> list[tuple[TrialKey, TrialValue]]:
    return [(key, value) for key, value in history.items() if value.status == StatusType.SUCCESS]


def _finished(history: RunHistory) -> list[tuple[TrialKey, TrialValue]]:
    """Trials with a result; one that the budget ended early has one if no other has."""
    succeeded = _succeeded(history)
    whole = [trial for trial in succeeded if not was_cut(trial[1].additional_info)]
    return whole or succeeded


def _rung(trial: tuple[TrialKey, TrialValue]) -> float:
    return trial[0].budget or 0.0


def _is_one(value: TrialValue) -> bool:
    return not isinstance(value.cost, list)


def _costs(value: TrialValue) -> list[float]:
    return value.cost if isinstance(value.cost, list) else [value.cost]
