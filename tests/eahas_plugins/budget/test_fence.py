from __future__ import annotations

from pathlib import Path

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
