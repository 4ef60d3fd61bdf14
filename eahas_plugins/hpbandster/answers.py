"""What workers answer: whether it is an answer at all, and whether any job succeeds."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from hpbandster.core.dispatcher import Job

from eahas_plugins.budget.entries import was_refused
from eahas_plugins.targets.rungs import check_whole_rungs

_ASKED_FOR = "return {'loss': number, 'info': {...}} from compute."


def check_answer(job: Job) -> None:
    """Let a job whose answer is none have failed, with a message; HpBandSter would hang.

    One whose loss is not finite has failed like any other: it has no value, and what it burnt is
    not what such trainings take.
    """
    if job.result is None:
        return
    problem = _problem_of(job.result)
    if problem:
        job.result = None
        job.exception = f"a worker must return a finite loss but {problem}: {_ASKED_FOR}"
    else:
        job.result.setdefault("info", None)


def _problem_of(answer: Any) -> str | None:
    if not isinstance(answer, dict):
        return f"returned {answer!r:.100}"
    if "loss" not in answer:
        return f"returned {', '.join(map(repr, answer)) or 'nothing'} without 'loss'"
    loss = answer["loss"]
    if isinstance(loss, bool) or not isinstance(loss, Real) or not _is_float(loss):
        return f"the loss is {loss!r:.100}"
    if not math.isfinite(loss):
        return f"the loss is {float(loss)}"
    return None


def _is_float(loss: Any) -> bool:
    try:
        float(loss)
    except OverflowError:  # an integer of hundreds of digits
        return False
    return True


def check_fidelity(
    name: str, traits: Mapping[str, Any], budgets: Sequence[float], *, in_kwh: bool
) -> None:
    """Refuse a worker of ours whose budgets are not the run's.

    Args:
        name: The worker.
        traits: What it says of itself; one of the user's own says nothing.
        budgets: The rungs.
        in_kwh: Whether they are kWh.

    Raises:
        ValueError: If rungs are kWh and its fidelity is not, or the other way round, or two are the
            same step to a training that pauses at whole ones.
    """
    fidelity = traits.get("fidelity")
    if fidelity == "continue" and not in_kwh:
        check_whole_rungs(budgets)
    if fidelity is None or (fidelity == "kwh") == in_kwh:
        return
    rungs, wanted = "min_budget and max_budget", "another one than 'kwh'"
    if in_kwh:
        rungs, wanted = "min_kwh and max_kwh", "'kwh'"
    raise ValueError(
        f"with {rungs} a worker's fidelity must be {wanted} but is {fidelity!r} ({name})."
    )


class Outcomes:
    """Whether anything succeeds, and how the first failure went."""

    def __init__(self) -> None:
        self.n_succeeded = 0
        self.n_failed = 0
        self.first_error = ""

    def add(self, job: Job) -> None:
        """Count a job. One that the budget refused has not failed."""
        if job.result is not None:
            self.n_succeeded += 1
        elif not was_refused(job.exception):
            self.n_failed += 1
            text = job.exception or "nobody knows why"
            self.first_error = self.first_error or text.strip().splitlines()[-1]

    def message(self) -> str:
        """What to tell when all have failed."""
        return f"all {self.n_failed} jobs have failed, the first with: {self.first_error}"

    def warn_if_all_failed(self) -> None:
        """Say so at the end of a run."""
        if self.n_failed and not self.n_succeeded:
            warnings.warn(self.message(), RuntimeWarning, stacklevel=3)
