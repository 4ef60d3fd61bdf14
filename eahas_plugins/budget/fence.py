"""One writer at a time in a run's folder: the last that has opened it."""

from __future__ import annotations

import uuid
from pathlib import Path

from eahas_plugins.files import write_atomically

_NAME = "writer"


class Fence:
    """What a run's main process puts up in its folder, in place of that of the one before.

    No lock: one would outlive its process in a notebook, or not reach another machine.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> first = Fence(folder)
        >>> second = Fence(folder)
        >>> second.check()
        >>> first.check()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        RuntimeError: one process at a time must go on with the run in ...

    Args:
        folder: The run's folder; made when it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._token = folder, uuid.uuid4().hex
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / _NAME, self._token)

    def check(self) -> None:
        """Refuse to write where somebody else goes on.

        Raises:
            RuntimeError: If the run has been opened again since, here or elsewhere.
        """
        try:
            is_ours = (self._folder / _NAME).read_text(encoding="utf-8") == self._token
        except (
            OSError
        ):  # somebody has tidied up, or a network's folder is away: the next look tells
            return
        if not is_ours:
            raise RuntimeError(
                f"one process at a time must go on with the run in {self._folder} but it was "
                "opened again since, and what this one finds would be lost. The energy of both "
                "counts there. Go on with the other one, or give each a name of its own."
            )
