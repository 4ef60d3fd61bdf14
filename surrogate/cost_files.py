"""Costs from measurements, beside a task's simulated ones: where they lie and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eahas_plugins.files import json_object
from surrogate.folder import is_listed, read_provenance, read_verified

COSTS_MODEL, COSTS_ABOUT = "costs.npz", "costs.json"
_TOLD = ("energy", "runtime", "inference_energy", "meter", "machine", "versions")
"""What the costs say of themselves in place of what the simulation said."""


def has_costs(folder: Path) -> bool:
    """Whether a folder has costs of its own beside the simulated ones, or should have.

    Raises:
        ValueError: If the sums of its files cannot be read.
    """
    names = (COSTS_MODEL, COSTS_ABOUT)
    return any((folder / name).exists() or is_listed(folder, name) for name in names)


def told_with_costs(provenance: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The provenance of a task with the costs of its folder.

    Raises:
        ValueError: If their description is missing or damaged.
    """
    about = json_object(read_verified(folder, COSTS_ABOUT), folder / COSTS_ABOUT)
    told = {name: about[name] for name in _TOLD if name in about}
    held_out = provenance.get("held_out")
    if isinstance(held_out, Mapping):  # how well simulated costs are predicted
        told["held_out"] = {k: v for k, v in held_out.items() if not k.startswith("log_")}
    return {**provenance, **told, "costs_from": about}


def default_provenance(folder: Path) -> dict[str, Any]:
    """The provenance of what :func:`surrogate.load` makes of a folder by default.

    Raises:
        ValueError: If a description is missing or damaged.
    """
    provenance = read_provenance(folder)
    return told_with_costs(provenance, folder) if has_costs(folder) else provenance
