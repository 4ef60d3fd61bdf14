"""Finding the run that a path or a URL names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eahas_plugins.files import path_argument
from eahas_plugins.report.hpbandster_folder import ENERGY_FOLDERS, RESULTS, read_hpbandster
from eahas_plugins.report.run import RunSummary, SeveralStudiesError
from eahas_plugins.report.smac_folder import HISTORY, read_smac


def read_run(
    storage: str | Path, *, study: str | None = None, fidelity_param: str | None = None
) -> RunSummary:
    """Read an Optuna study, or a run of SMAC or HpBandSter. Nothing is written or unpickled.

    Args:
        storage: A URL of Optuna's (``sqlite:///study.db``, ``postgresql://...``), the file of an
            SQLite database or of Optuna's journal, SMAC's output folder, or HpBandSter's folder.
        study: Which study, if the storage has several; of SMAC the name or ``name/seed`` of the
            run, of HpBandSter its ``run_id``.
        fidelity_param: See `energy_report`; of Optuna alone.

    Raises:
        FileNotFoundError: If nothing is there.
        ValueError: If it is none of these, holds several runs and none is named, or is damaged.
        ImportError: If it is Optuna's and Optuna is not installed.
    """
    if "://" in str(storage):
        return _optuna(str(storage), study, fidelity_param)
    path = path_argument("storage", storage)
    if path.is_file():
        return _optuna(str(path), study, fidelity_param)
    if not path.is_dir():
        raise FileNotFoundError(
            f"there must be a study or run but there is no {path}: give a URL of Optuna's "
            "(sqlite:///study.db), a file of Optuna's journal, or the folder of a run of SMAC or "
            "HpBandSter."
        )
    runs = _smac_runs(path)
    if runs:
        return read_smac(_named(runs, path, study))
    if (path / RESULTS).is_file():
        return read_hpbandster(path, run_id=study)
    if any(path.glob(ENERGY_FOLDERS)):
        raise ValueError(
            f"{path} holds the energies of a run of HpBandSter but not its results: give it a "
            f"result_logger=EnergyResultLogger({str(path)!r})."
        )
    raise ValueError(
        f"{path} must hold a run of SMAC ({HISTORY}) or of HpBandSter ({RESULTS}) but holds none."
    )


def _optuna(storage: str, study: str | None, fidelity_param: str | None) -> RunSummary:
    from eahas_plugins.optuna.report import run_of
    from eahas_plugins.optuna.stored_study import load_study

    return run_of(load_study(storage, study), fidelity_param=fidelity_param)


def _smac_runs(path: Path) -> list[Path]:
    """Folders of runs: this one, its seeds, or its names and seeds."""
    for pattern in (HISTORY, f"*/{HISTORY}", f"*/*/{HISTORY}"):
        found = sorted(file.parent for file in path.glob(pattern))
        if found:
            return found
    return []


def _named(runs: Sequence[Path], path: Path, name: str | None) -> Path:
    def names(run: Path) -> tuple[str, ...]:
        absolute = run.absolute()
        return (f"{absolute.parent.name}/{absolute.name}", absolute.parent.name, absolute.name)

    found = [run for run in runs if name is None or name in names(run)]
    if len(found) == 1:
        return found[0]
    listed = [names(run)[0] for run in runs]
    if not found:
        raise ValueError(f"{path} must hold the run {name!r} but holds {', '.join(listed)}.")
    raise SeveralStudiesError(f"{path} holds the runs", listed, hint=", or give its folder")
