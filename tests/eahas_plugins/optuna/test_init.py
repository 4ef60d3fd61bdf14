from __future__ import annotations

import subprocess
import sys

import pytest

import eahas_plugins.optuna as plugin

# The trainings that they make take a space of ConfigSpace.
NEEDS_A_SPACE = {"EnergyObjective", "SurrogateObjective", "TrialCheckpoint"}


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", plugin.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(plugin, name) is getattr(plugin, name)
    assert name in dir(plugin)


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'EnergySampler'"):
        _ = plugin.EnergySampler


def test_import_adds_nothing_but_itself_to_optuna() -> None:
    code = (
        "import sys, optuna; before = set(sys.modules); import eahas_plugins.optuna;"
        "print(*sorted(set(sys.modules) - before))"
    )
    ours = ["eahas_plugins", "eahas_plugins.namesake", "eahas_plugins.optuna"]
    assert run(code).stdout.split() == ours


def test_missing_optuna_names_the_extra() -> None:
    done = run("import sys; sys.modules['optuna'] = None; import eahas_plugins.optuna")
    assert "ImportError: eahas_plugins.optuna needs Optuna" in done.stderr
    assert "pip install 'eahas-plugins[optuna]'" in done.stderr


def test_failure_inside_optuna_is_raised_unchanged() -> None:
    done = run("import sys; sys.modules['optuna.study'] = None; import eahas_plugins.optuna")
    assert done.stderr.splitlines()[-1].startswith("ModuleNotFoundError: No module named 'optuna.")


@pytest.mark.parametrize("name", plugin.__all__)
def test_what_a_study_imports_is_no_more_than_it_needs(name: str) -> None:
    """ConfigSpace brings scipy.stats, which takes as long as Optuna and NumPy together."""
    heavy = {"matplotlib", "pandas"}
    heavy |= set() if name in NEEDS_A_SPACE else {"ConfigSpace", "scipy.stats"}
    heavy |= set() if name == "energy_report" else {"eahas_plugins.report"}
    done = run(f"import sys; from eahas_plugins.optuna import {name}; print(*sys.modules)")
    assert done.returncode == 0
    assert not heavy & set(done.stdout.split())
