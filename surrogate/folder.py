"""Folders of a fitted or recorded benchmark, and the check that they are whole.

``provenance.json`` (its ``"format"`` selects the reader), ``.npz`` arrays without pickle,
compressed records, and ``SHA256SUMS`` in the format of ``sha256sum``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eahas_plugins.files import (
    MAX_JSON_BYTES,
    json_object,
    read_bytes,
    write_atomically,
    write_json,
)

PROVENANCE = "provenance.json"
SUMS = "SHA256SUMS"
DATA = Path(__file__).parent / "data"
"""What is shipped: a folder for each task."""
MAX_FILE_BYTES = 256 << 20
"""Size of one file of a folder; the largest that is shipped has 1.3 MB."""


def read_verified(folder: Path, name: str) -> bytes:
    """The content of a file whose SHA-256 is the recorded one.

    Raises:
        ValueError: If it is missing, not listed, cannot be read or was changed; the message says
            how to mend it.
    """
    path = folder / name
    if not path.is_file():
        raise ValueError(f"{path} is missing. {_remedy(path)}")
    sums = folder / SUMS
    if not sums.is_file():
        raise ValueError(f"{sums} is missing, so {name} cannot be checked. {_remedy(sums)}")
    expected = _listed(sums).get(name)
    if expected is None:
        raise ValueError(f"{sums} does not list {name}. {_remedy(sums)}")
    raw = read_bytes(path, limit=MAX_FILE_BYTES)
    got = hashlib.sha256(raw).hexdigest()
    if got != expected:
        raise ValueError(
            f"{path} is damaged or was edited: its SHA-256 must be {expected[:12]}... but is "
            f"{got[:12]}... {_remedy(path)}"
        )
    return raw


def read_provenance(folder: Path) -> dict[str, Any]:
    """``provenance.json``, an object with a format; only a verified one is parsed.

    Raises:
        ValueError: If it is missing, was changed, or is something else.
    """
    path = folder / PROVENANCE
    if not path.is_file():
        raise ValueError(f"{path} is missing: {folder} is not a benchmark's folder.")
    raw = read_verified(folder, PROVENANCE)
    if len(raw) > MAX_JSON_BYTES:
        raise ValueError(f"{path} must have at most {MAX_JSON_BYTES >> 20} MiB. {_remedy(path)}")
    provenance = json_object(raw, path)
    if not isinstance(provenance.get("format"), str):
        raise ValueError(f'{path} must be an object with a "format". {_remedy(path)}')
    return provenance


def write_provenance(folder: Path, provenance: Mapping[str, Any]) -> None:
    """Write ``provenance.json``, keys in the given order."""
    write_json(folder / PROVENANCE, dict(provenance), indent=1)


def write_sums(folder: Path) -> None:
    """Record the SHA-256 of every file but the prose (``.md``) and the sums themselves."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name != SUMS and path.suffix != ".md"
    ]
    write_atomically(folder / SUMS, "".join(lines))


def is_listed(folder: Path, name: str) -> bool:
    """Whether the folder was written with a file of that name.

    Raises:
        ValueError: If the sums cannot be read.
    """
    sums = folder / SUMS
    return sums.is_file() and name in _listed(sums)


def _listed(sums: Path) -> dict[str, str]:
    try:
        text = read_bytes(sums, limit=MAX_JSON_BYTES).decode()
    except UnicodeDecodeError:
        raise ValueError(f"{sums} must be text but is not. {_remedy(sums)}") from None
    pairs = (line.split(maxsplit=1) for line in text.splitlines() if line.strip())
    return {pair[1].lstrip("*"): pair[0] for pair in pairs if len(pair) == 2}


def _remedy(path: Path) -> str:
    path = path.resolve()
    if not path.is_relative_to(DATA.resolve()):
        return "Make the folder again with the command that wrote it."
    root = DATA.resolve().parent.parent
    if (root / ".git").exists():
        relative = path.relative_to(root).as_posix()
        return f"Restore it with: git checkout -- {relative}"
    return "Restore it with: pip install --force-reinstall --no-deps eahas-plugins"
