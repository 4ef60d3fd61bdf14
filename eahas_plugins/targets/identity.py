"""What tells a run from another one of the same name."""

from __future__ import annotations

import uuid
from pathlib import Path

from eahas_plugins.files import LineFile

_NAME = "identity"


def new_identity() -> str:
    """What no other run has."""
    return uuid.uuid4().hex[:8]


def identity_of(folder: Path) -> str:
    """The identity of a run: written into its folder once, so that it is moved or copied with it.

    Example:
        >>> import tempfile
        >>> first, second = (Path(tempfile.mkdtemp(), "run") for _ in range(2))
        >>> identity_of(first) == identity_of(second)
        False
        >>> moved = first.rename(first.with_name("moved"))
        >>> identity_of(moved) == identity_of(moved)
        True

    Args:
        folder: The run's folder, on a file system that its workers share; made if it is not there.

    Raises:
        OSError: If it cannot be written.
    """
    with LineFile(folder / _NAME, wait=True) as file:
        if not file.size:
            file.append(new_identity())
        return file.path.read_text(encoding="utf-8").strip()
