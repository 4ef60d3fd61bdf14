"""The bridges' lines in the documentation, run on real data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sklearn.datasets import load_digits

from eahas_plugins.targets import EnergyTarget
from tests.eahas_plugins.bridges.contract import METER

PAGE = Path(__file__).parents[3] / "docs" / "own_training.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
CONFIG = {"alpha": 1e-3, "max_features": 0.5, "lr": 0.1, "epochs": 3}


def printed(bridge: str) -> list[str]:
    """The blocks that use a bridge."""
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    return [block for block in blocks if f"eahas_plugins.bridges.{bridge} import" in block]


def run_printed(block: str, **names: Any) -> dict[str, Any]:
    """Train three epochs as a block says, and return what a host is told."""
    X, y = load_digits(return_X_y=True)
    half, rest = slice(0, 900), slice(900, None)
    data = {"X": X[half] / 16.0, "y": y[half], "X_val": X[rest] / 16.0, "y_val": y[rest]}
    namespace = {"__name__": "printed", **data, **names}
    exec(compile(block, "own_training.md", "exec"), namespace)
    target = EnergyTarget(namespace["train"], METER, metric="value", direction="minimize")
    info = target(CONFIG)[1]
    assert info["epochs"] == CONFIG["epochs"]
    assert info["energy_kwh"] > 0.0
    return info
