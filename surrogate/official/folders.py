"""Finds the model files in a folder of official checkpoints."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

ROLES = {
    "curve": "a learning-curve model ('bezier_nn_STAR')",
    "energy": "a training-energy model (folder '...trainE...')",
    "inference_energy": "an inference-energy model (folder '...testE...')",
    "runtime": "a runtime model (folder '...runtime...')",
}
"""What a model folder can be for."""

MAX_FILE_BYTES = 64 * 2**20
MAX_JSON_BYTES = 2**20
MAX_MEMBERS = 50

_MEMBER = re.compile(r"ensemble_member_(\d{1,4})")
_IN_NAME = {"traine": "energy", "teste": "inference_energy", "runtime": "runtime"}


def find_models(source: Path) -> Mapping[str, list[Path]]:
    """The member files of each of :data:`ROLES` that is there, members in order.

    Args:
        source: A folder of model folders, or one model folder.

    Raises:
        ValueError: If there is no learning-curve model, or two for the same role.
    """
    if not source.is_dir():
        raise ValueError(f"{source} must be a folder of official checkpoints.")
    found: dict[str, Path] = {}
    for folder in [source, *sorted(source.iterdir())]:
        if not (folder / "model_config.json").is_file() or not _members(folder):
            continue
        role = _role(folder)
        if role in found:
            raise ValueError(
                f"{source} must hold one model per role, but {found[role].name} and {folder.name} "
                f"are both {ROLES[role]}: move one of them away."
            )
        found[role] = folder
    if "curve" not in found:
        raise ValueError(
            f"{source} must hold {ROLES['curve']}: a folder with model_config.json and "
            "ensemble_member_0/surrogate_model.model, as in 'ea_has_bench-v0.2'."
        )
    return {role: _files(found[role]) for role in ROLES if role in found}


def read_bytes(path: Path) -> bytes:
    """The content of a file of bounded size.

    Raises:
        ValueError: If it is no regular file or larger than :data:`MAX_FILE_BYTES`.
    """
    if not path.is_file():
        raise ValueError(f"{path} must be a file.")
    with path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ValueError(f"{path} must have at most {MAX_FILE_BYTES >> 20} MiB.")
    return data


def _members(folder: Path) -> dict[int, Path]:
    """The ensemble's folders by number."""
    return {
        int(match[1]): child
        for child in folder.iterdir()
        if (match := _MEMBER.fullmatch(child.name)) and child.is_dir()
    }


def _files(folder: Path) -> list[Path]:
    members = _members(folder)
    if len(members) > MAX_MEMBERS:
        raise ValueError(f"{folder} must have at most {MAX_MEMBERS} members.")
    return [members[i] / "surrogate_model.model" for i in sorted(members)]


def _role(folder: Path) -> str:
    path = folder / "model_config.json"
    try:
        config = json.loads(read_bytes(path)[: MAX_JSON_BYTES + 1])
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} must be a JSON object: {type(error).__name__}.") from None
    model = config.get("model") if isinstance(config, dict) else None
    if model == "bezier_nn_STAR":
        return "curve"
    if model == "lgb_E":
        for part, role in _IN_NAME.items():
            if part in folder.name.lower():
                return role
        raise ValueError(
            f"the name of {folder} must contain trainE, testE or runtime, as upstream's does."
        )
    raise ValueError(f"{path} must have \"model\" 'bezier_nn_STAR' or 'lgb_E'.")
