"""Somebody else's ``surrogate`` in the place of the benchmark: said at once, and by name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from eahas_plugins import namesake
from tests.imports import ROOT

OLD_PACKAGE = "VERSION = '0.1'\n"


def run(first_on_path: Path, *command: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(first_on_path), str(ROOT)])
    return subprocess.run(
        [sys.executable, *command],
        cwd=first_on_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def put(folder: Path, kind: str) -> Path:
    """Another ``surrogate`` in a folder, and where it lies."""
    if kind == "file":
        place = folder / "surrogate.py"
        place.write_text(OLD_PACKAGE)
        return place
    (folder / "surrogate").mkdir()
    (folder / "surrogate" / "__init__.py").write_text(OLD_PACKAGE)
    return folder / "surrogate" / "__init__.py"


def test_the_benchmark_is_ours_and_nothing_is_said(tmp_path: Path) -> None:
    assert namesake.displaced() is None
    done = run(tmp_path, "-W", "error", "-c", "import eahas_plugins, sys; print(len(sys.modules))")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("order", ["eahas_plugins, surrogate", "surrogate, eahas_plugins"])
def test_importing_the_benchmark_itself_is_silent(tmp_path: Path, order: str) -> None:
    done = run(tmp_path, "-W", "error", "-c", f"import {order}; surrogate.load")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", ["file", "package"])
@pytest.mark.parametrize("before", ["", "import surrogate; "])
def test_the_plugins_warn_and_work(tmp_path: Path, kind: str, before: str) -> None:
    place = put(tmp_path, kind)
    code = f"{before}import eahas_plugins, eahas_plugins.policy"
    done = run(tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("UserWarning: the package `surrogate` must be the benchmark") == 1
    assert str(place) in done.stderr
    assert "pip install --force-reinstall --no-deps eahas-plugins" in done.stderr


def test_a_package_in_its_place_is_not_imported(tmp_path: Path) -> None:
    put(tmp_path, "package").write_text("raise RuntimeError('imported')\n")
    done = run(tmp_path, "-c", "import eahas_plugins")
    assert done.returncode == 0, done.stderr


def test_a_module_made_by_hand_in_its_place(tmp_path: Path) -> None:
    code = "import sys, types; sys.modules['surrogate'] = types.ModuleType('surrogate')"
    done = run(tmp_path, "-c", f"{code}; import eahas_plugins")
    assert "UserWarning: the package `surrogate` must be" in done.stderr
    assert done.returncode == 0, done.stderr


def test_the_program_ends_with_one_line(tmp_path: Path) -> None:
    place = put(tmp_path, "package")
    start = ROOT / "surrogate" / "__main__.py"  # installed later, the other leaves it there
    (place.parent / "__main__.py").write_text(start.read_text(encoding="utf-8"))
    done = run(tmp_path, "-m", "surrogate", "tasks")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: the package `surrogate` must be")
    assert str(place) in line


def test_a_folder_that_lost_its_init_is_not_the_benchmark(tmp_path: Path) -> None:
    # as another package leaves it that has overwritten the file and is removed again
    (tmp_path / "surrogate").mkdir()
    (tmp_path / "eahas_plugins").symlink_to(ROOT / "eahas_plugins")
    code = "from eahas_plugins.namesake import displaced; print(displaced())"
    done = subprocess.run(
        [sys.executable, "-S", "-W", "ignore", "-c", code],  # -S: where ours is not installed
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("the package `surrogate` must be"), done.stderr
    assert str(tmp_path / "surrogate") in done.stdout


def test_the_comparison_says_it_in_place_of_a_traceback(tmp_path: Path) -> None:
    place = put(tmp_path, "package")
    done = run(tmp_path, "-m", "benchmarks", "compare", "--help")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("Error: the package `surrogate` must be")
    assert str(place) in done.stderr
