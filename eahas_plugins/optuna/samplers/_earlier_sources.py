"""Reading the earlier studies that a sampler is given."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from optuna.study import Study

from eahas_plugins.optuna._trials import AUTO, USUAL_LENGTHS
from eahas_plugins.optuna.earlier import earlier_study
from eahas_plugins.transfer.earlier import EarlierStudies
from eahas_plugins.transfer.reading import read_studies
from eahas_plugins.transfer.study import EarlierStudy

Sources = Iterable[Study | EarlierStudy | str | Path]


def earlier_studies(sources: Sources, *, fidelity_param: str | None) -> EarlierStudies:
    """Read earlier studies, wherever they are.

    Args:
        sources: Studies of Optuna's, what `read_study` returns, or what it takes.
        fidelity_param: The new study's parameter that is the length of a training; ``"auto"`` for
            the only one with a usual name.

    Raises:
        ValueError: If one has several objectives or cannot be read.
        TypeError: If it is something else, or there is one source in place of a list.
    """
    if isinstance(sources, Study | EarlierStudy | str | Path):
        raise TypeError(f"earlier must be a list of studies but got {sources!r}: [{sources!r}].")
    if not isinstance(sources, Iterable):
        raise TypeError(f"earlier must be a list of studies but got {sources!r}.")
    given: list[EarlierStudy | str | Path] = []
    for source in sources:
        if isinstance(source, Study):
            given.append(earlier_study(source))
        elif isinstance(source, EarlierStudy | str | Path):
            given.append(source)
        else:
            raise TypeError(
                "earlier must hold studies of Optuna's, or URLs and paths of storages, folders and "
                "exported files, but "
                f"got {source!r}."
            )
    found = EarlierStudies(read_studies(given))
    if fidelity_param == AUTO:
        fidelity_param = _usual_length(found.parameters)
    return EarlierStudies(found.studies, fidelity_param=fidelity_param)


def _usual_length(parameters: Iterable[str]) -> str | None:
    names = [name for name in parameters if name.lower() in USUAL_LENGTHS]
    return names[0] if len(names) == 1 else None
