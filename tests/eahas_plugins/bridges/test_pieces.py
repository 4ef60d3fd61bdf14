from __future__ import annotations

import importlib
import subprocess
import sys
from importlib.abc import MetaPathFinder
from typing import Any

import pytest

from eahas_plugins.bridges._pieces import needs

LIBRARIES = ("keras", "lightgbm", "lightning", "sklearn", "torch", "transformers", "xgboost")


class NotInstalled(MetaPathFinder):
    """In its first place among the finders, it finds no bridge's library."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> None:
        if name.partition(".")[0] in (*LIBRARIES, "pytorch_lightning"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_bridge_without_its_library_says_what_to_install(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge = f"eahas_plugins.bridges.{library}"
    for name in [bridge, *(n for n in sys.modules if n.partition(".")[0] == library)]:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "meta_path", [NotInstalled(), *sys.meta_path])
    with pytest.raises(ImportError, match=rf"{bridge} needs {library}: pip install "):
        importlib.import_module(bridge)


def test_a_failure_inside_the_library_is_its_own() -> None:
    with pytest.raises(ModuleNotFoundError, match="No module named 'part_of_it'"):  # noqa: SIM117
        with needs("bridge", "library", "library"):
            import part_of_it  # noqa: F401


def test_the_package_alone_imports_no_library() -> None:
    look = f"import eahas_plugins.bridges, sys; print(set(sys.modules) & {set(LIBRARIES)!r})"
    command = [sys.executable, "-c", look]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "set()\n"
