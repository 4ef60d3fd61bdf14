"""Earlier studies of Optuna's, to learn from and to share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins.arguments import check_made
from eahas_plugins.budget.attributes import TRAINING_ATTR, known_kwh
from eahas_plugins.models.kwh import Column
from eahas_plugins.optuna._compat import stored_time
from eahas_plugins.optuna._trials import column_of, energy_of, may_be_best
from eahas_plugins.transfer.study import (
    EarlierStudy,
    EarlierTrial,
    check_one_objective,
    joined,
)
from eahas_plugins.transfer.study_file import write_study


def earlier_study(study: Study) -> EarlierStudy:
    """What can be learnt from a study: its complete, feasible trials with finite values.

    Args:
        study: The study.

    Raises:
        ValueError: If it has several objectives.
        TypeError: If it is no study.
    """
    check_made(Study, study=study)
    check_one_objective(study.study_name, len(study.directions))
    trials = study.get_trials(deepcopy=False)
    known = [trial for trial in trials if may_be_best(trial)]
    seen: dict[str, dict[Any, Column]] = {}
    for distributions in {id(t.distributions): t.distributions for t in known}.values():
        for name, distribution in distributions.items():
            if (text := repr(distribution)) not in seen.setdefault(name, {}):
                seen[name][text] = column_of(distribution)
    return EarlierStudy(
        name=study.study_name,
        maximize=study.direction is StudyDirection.MAXIMIZE,
        parameters={name: joined(list(columns.values())) for name, columns in seen.items()},
        trials=tuple(map(_trial, known)),
        key=key_of(study),
    )


def _trial(trial: FrozenTrial) -> EarlierTrial:
    told = known_kwh(trial.user_attrs.get(TRAINING_ATTR)) or energy_of(trial)
    return EarlierTrial(config=dict(trial.params), value=float(trial.values[0]), energy_kwh=told)


def key_of(study: Study) -> str:
    """What tells a study from others of the same name: when its first trial started."""
    for trial in study.get_trials(deepcopy=False):
        if trial.state is not TrialState.WAITING and trial.datetime_start is not None:
            return f"{study.study_name} {stored_time(trial.datetime_start).isoformat()}"
    return ""


def export_study(study: Study, path: str | Path) -> None:
    """Write a study to a file that others can give to ``ea_bohb(earlier=[...])``.

    It holds the parameters, values and energies of complete trials, nothing else.

    Example:
        >>> import optuna
        >>> import tempfile
        >>> from eahas_plugins.optuna import export_study
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> study = optuna.create_study()
        >>> study.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=3)
        >>> path = Path(tempfile.mkdtemp(), "study.jsonl")
        >>> export_study(study, path)
        >>> len(path.read_text().splitlines())
        4

    Args:
        study: The study, of one objective.
        path: The file; gzipped if its name ends in ``.gz``.

    Raises:
        ValueError: If it has several objectives, or values that JSON does not have.
        TypeError: If it is no study.
        OSError: If the file could not be written.
    """
    write_study(earlier_study(study), path)
