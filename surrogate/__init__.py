"""EA-HAS-Bench as a queryable benchmark: curves, energy and runtime of joint configurations.

Names are imported on first use: the command ``eahas`` need not wait for ConfigSpace.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from surrogate.benchmark import Benchmark
    from surrogate.loading import load

__all__ = ["Benchmark", "load"]

_HOMES = {"Benchmark": "benchmark", "load": "loading"}

if not TYPE_CHECKING:  # which would take any misspelt name for one of ours

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
