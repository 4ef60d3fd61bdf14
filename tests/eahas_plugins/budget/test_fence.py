from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from eahas_plugins.budget.fence import Fence


def test_the_last_that_opened_a_run_goes_on_with_it(tmp_path: Path) -> None:
    first = Fence(tmp_path / "run")
    first.check()
    second = Fence(tmp_path / "run")
    for _ in range(2):
        second.check()
        with pytest.raises(RuntimeError, match=r"one process at a time .*a name of its own"):
            first.check()
    Fence(tmp_path / "other").check()


def test_a_folder_that_was_tidied_up_keeps_nobody(tmp_path: Path) -> None:
    fence = Fence(tmp_path)
    (tmp_path / "writer").unlink()
    fence.check()


def test_a_folder_that_does_not_answer_for_a_moment_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Fence(tmp_path), Fence(tmp_path)
    with monkeypatch.context() as patched:

        def stale(self: Path, **how: Any) -> str:
            raise OSError(errno.ESTALE, "Stale file handle", str(self))

        patched.setattr(Path, "read_text", stale)
        first.check()
        second.check()
    with pytest.raises(RuntimeError, match="one process at a time"):
        first.check()
