"""Earlier studies of other data, for the start of a new one; needs no host framework.

Names are imported on first use: that of a space of ConfigSpace takes longer than all others.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eahas_plugins.transfer.configurations import first_configurations
    from eahas_plugins.transfer.earlier import EarlierStudies
    from eahas_plugins.transfer.reading import read_study
    from eahas_plugins.transfer.study import EarlierStudy, EarlierTrial
    from eahas_plugins.transfer.study_file import write_study

__all__ = [
    "EarlierStudies",
    "EarlierStudy",
    "EarlierTrial",
    "first_configurations",
    "read_study",
    "write_study",
]

_HOMES = {
    "EarlierStudies": "earlier",
    "EarlierStudy": "study",
    "EarlierTrial": "study",
    "first_configurations": "configurations",
    "read_study": "reading",
    "write_study": "study_file",
}

if not TYPE_CHECKING:  # which would take any misspelt name for one of ours

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
