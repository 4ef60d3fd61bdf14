"""Where, with what and when something was measured."""

from __future__ import annotations

import datetime
import os
import platform
from pathlib import Path
from typing import Any

from eahas_plugins.packages import DISTRIBUTION, version_of

_CPU_INFO = Path("/proc/cpuinfo")
"""Where Linux, and no other system, says what the processor is."""


def now() -> str:
    """The time, ISO 8601 in UTC."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def versions() -> dict[str, Any]:
    """Of Python and the packages that a training depends on."""
    return {
        "python": platform.python_version(),
        **{name: version_of(name) for name in ("torch", "numpy", "ConfigSpace", DISTRIBUTION)},
    }


def machine() -> dict[str, Any]:
    """What tells one machine's times from another's."""
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.processor(),
        "n_cores": os.cpu_count(),
        "system": platform.system(),
    }
