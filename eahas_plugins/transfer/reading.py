"""An earlier study from wherever its host has left it."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from eahas_plugins.files import path_argument
from eahas_plugins.transfer.study import (
    EarlierStudy,
    EarlierTrial,
    check_one_objective,
    columns_seen,
)
from eahas_plugins.transfer.study_file import is_study_file, read_study_file

if TYPE_CHECKING:
    from eahas_plugins.report import RunSummary

# Reports are imported where a run is read: a search that begins with no earlier one draws none.

_log = logging.getLogger(__name__)


def read_studies(sources: Iterable[EarlierStudy | str | Path]) -> list[EarlierStudy]:
    """The studies of a list that say something; of the others a warning says why not.

    Args:
        sources: What `read_study` returns, or takes.

    Raises:
        FileNotFoundError: If a study is not there.
        ValueError: If one cannot be read, or its storage holds several.
        TypeError: If it is something else, or there is one source in place of a list.
    """
    if isinstance(sources, EarlierStudy | str | Path):
        raise TypeError(f"earlier must be a list of studies but got {sources!r}: [{sources!r}].")
    found = []
    for source in sources:
        if not isinstance(source, EarlierStudy | str | Path):
            raise TypeError(
                "earlier must hold folders, storages, exported files or what read_study returns "
                f"but got {source!r}: export_study(study, path) exports a study of Optuna's."
            )
        study = source if isinstance(source, EarlierStudy) else _only_study(source)
        if study.trials:
            found.append(study)
        else:
            _log.warning(
                "the earlier study %r says nothing and is left out: it has no complete, feasible "
                "trial with a finite value",
                study.name,
            )
    return found


def _only_study(source: str | Path) -> EarlierStudy:
    from eahas_plugins.report.run import SeveralStudiesError

    try:
        return read_study(source)
    except SeveralStudiesError as error:
        raise ValueError(
            f"{error.listed}: give read_study(..., study={error.names[0]!r}) in its place, "
            "of eahas_plugins.transfer."
        ) from None


def read_study(source: str | Path, *, study: str | None = None) -> EarlierStudy:
    """Read a study of any host, or a file that ``export_study`` wrote.

    Only complete trainings with a finite value are taken. SMAC and HpBandSter do not keep the
    length of a training among its parameters: it is what they call budget. The ranges of their
    parameters are those that were seen.

    Args:
        source: A URL of Optuna's, the file of an SQLite database or of Optuna's journal, the
            folder of a run of SMAC or HpBandSter, or an exported file.
        study: Which study, if there are several.

    Raises:
        FileNotFoundError: If nothing is there.
        ValueError: If it is none of these, holds several and none is named, is damaged, or has
            several objectives.
        ImportError: If it is Optuna's and Optuna is not installed.
    """
    if "://" in str(source):
        return _of_optuna(str(source), study)
    path = path_argument("source", source)
    if path.is_file():
        return read_study_file(path) if is_study_file(path) else _of_optuna(str(path), study)
    from eahas_plugins.report import read_run

    return of_run(read_run(path, study=study))


def _of_optuna(storage: str, name: str | None) -> EarlierStudy:
    from eahas_plugins.optuna.earlier import earlier_study
    from eahas_plugins.optuna.stored_study import load_study

    return earlier_study(load_study(storage, name))


def of_run(run: RunSummary) -> EarlierStudy:
    """A run of SMAC or HpBandSter as an earlier study.

    Args:
        run: The run.

    Raises:
        ValueError: If it has several objectives.
    """
    from eahas_plugins.report.numbers import training_kwh

    check_one_objective(run.name, len(run.objectives))
    trials = [
        EarlierTrial(
            config=dict(trial.config),
            value=trial.values[0],
            energy_kwh=training_kwh(trial) or None,
            length=trial.length if trial.length and trial.length > 0.0 else None,
        )
        for trial in run.trials
        if trial.state == "complete" and trial.values and math.isfinite(trial.values[0])
    ]
    return EarlierStudy(
        name=run.name,
        maximize=run.objectives[0].maximize,
        parameters=columns_seen(trial.config for trial in trials),
        trials=tuple(trials),
    )
