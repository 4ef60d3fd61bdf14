"""Finds the model files in a folder of official checkpoints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from eahas_plugins.files import read_bytes, read_json_object

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
        ValueError: If there is no learning-curve model, two for the same role or number, or a
            folder cannot be read.
    """
    if not source.is_dir():
        raise ValueError(f"{source} must be a folder of official checkpoints.")
    found: dict[str, Path] = {}
    for folder in [source, *_children(source)]:
        if not _is_file(folder / "model_config.json") or not _members(folder):
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


def read_model_file(path: Path) -> bytes:
    """The content of a model file.

    Raises:
        ValueError: If it is missing, no regular file, cannot be read or is larger than
            :data:`MAX_FILE_BYTES`.
    """
    try:
        return read_bytes(path, limit=MAX_FILE_BYTES)
    except FileNotFoundError:
        raise ValueError(f"{path} must be a file but is missing.") from None


def _members(folder: Path) -> dict[int, Path]:
    """The ensemble's folders by number."""
    members: dict[int, Path] = {}
    for child in _children(folder):
        match = _MEMBER.fullmatch(child.name)
        if match and child.is_dir():
            first = members.setdefault(int(match[1]), child)
            if first != child:
                raise ValueError(
                    f"{folder} must have each member once, but {first.name} and {child.name} have "
                    "the same number: move one of them away."
                )
    return members


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:  # a folder that may not be entered
        raise ValueError(f"{path} must be readable but is not: {error.strerror}.") from None


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise ValueError(f"{folder} must be readable but is not: {error.strerror}.") from None


def _files(folder: Path) -> list[Path]:
    members = _members(folder)
    if len(members) > MAX_MEMBERS:
        raise ValueError(f"{folder} must have at most {MAX_MEMBERS} members.")
    return [members[i] / "surrogate_model.model" for i in sorted(members)]


def _role(folder: Path) -> str:
    path = folder / "model_config.json"
    try:
        model = read_json_object(path, limit=MAX_JSON_BYTES).get("model")
    except FileNotFoundError:  # moved away since it was found
        raise ValueError(f"{path} must be a file but is missing.") from None
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
