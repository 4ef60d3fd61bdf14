"""Whether a training that is asked to end has in fact reached its end.

The usual loop asks ``should_prune()`` after every epoch, also after the last, where nothing is left
to save. A trial that knows its own length has announced it; of others the trials that completed
before tell it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.trial import TrialState

from eahas_plugins.optuna.budget.account import Account

_MOST = 0.9  # of the reports: a coarse counter does not rise at each of them

Length = tuple[Mapping[str, Any], int]
"""Parameters of a completed trial and the last step, or number of reports, of its training."""


def is_over(account: Account, seen: Sequence[Length]) -> bool:
    """Whether the trial is where trainings like it have completed.

    Args:
        account: Account of the running trial.
        seen: Parameters and number of energy reports of trials that completed in this process.
    """
    trials = account.study.get_trials(deepcopy=False)
    mine = trials[account.number]
    step = mine.last_step
    n_reports = expected_length(seen, mine.params)
    if step is None:
        return account.n_reports == n_reports
    if n_reports is not None and account.n_reports < _MOST * n_reports:
        return False  # steps that do not count up tell nothing
    complete = [
        (t.params, t.last_step, len(t.intermediate_values))
        for t in trials
        if t.state is TrialState.COMPLETE and t.last_step is not None
    ]
    n_values = expected_length([(params, n) for params, _, n in complete], mine.params)
    if n_values is not None and len(mine.intermediate_values) < n_values:
        return False
    return step == expected_length([(params, last) for params, last, _ in complete], mine.params)


def expected_length(complete: Sequence[Length], params: Mapping[str, Any]) -> int | None:
    """Where a training with these parameters ends, if completed ones agree about it.

    They agree if all ended at the same step, or at a number that one parameter tells: the
    parameter itself up to a constant (the number of epochs), or one step for each of its values.
    None if they do not agree, or there are none.
    """
    lengths = {length for _, length in complete}
    if len(lengths) <= 1:
        return next(iter(lengths), None)
    for name, mine in params.items():
        if not all(name in other for other, _ in complete):
            continue
        pairs = [(other[name], length) for other, length in complete]
        if _is_number(mine) and all(_is_number(value) for value, _ in pairs):
            offsets = {length - value for value, length in pairs}
            if len(offsets) == 1:
                return int(mine + offsets.pop())
        table = {(repr(value), length) for value, length in pairs}
        if len({value for value, _ in table}) == len(table) < len(pairs):
            return dict(table).get(repr(mine))
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
