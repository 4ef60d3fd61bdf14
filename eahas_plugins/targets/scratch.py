"""A folder for a training whose state nobody goes on with."""

from __future__ import annotations

import shutil
import tempfile
from functools import cached_property
from pathlib import Path

from eahas_plugins.targets.progress import Progress


class Scratch:
    """An empty folder for the time of a trial, in place of a `Checkpoint` that is kept.

    It is made when the training asks for it: most do not, and folders take milliseconds.
    """

    has_changed = False
    """Nothing in it is ever saved."""

    def __init__(self) -> None:
        self.start = self.latest = Progress()

    @cached_property
    def folder(self) -> Path:
        """The folder."""
        folder = Path(tempfile.mkdtemp()) / "checkpoint"  # what lies beside it goes with it
        folder.mkdir()
        return folder

    def save(self, progress: Progress) -> None:
        """Nobody goes on from here."""

    def __enter__(self) -> Scratch:
        return self

    def __exit__(self, *_: object) -> None:
        if "folder" in self.__dict__:
            shutil.rmtree(self.folder.parent, ignore_errors=True)
