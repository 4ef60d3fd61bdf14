"""Packages that import their names on first use look to editors and type checkers like others."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys

import pytest

from tests.imports import sources

GETS = "__getattr__"
MODULES = {**sources("eahas_plugins"), **sources("surrogate"), **sources("benchmarks")}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def functions(body: list[ast.stmt]) -> set[str]:
    return {one.name for one in body if isinstance(one, ast.FunctionDef)}


def blocks(tree: ast.Module) -> dict[str, list[ast.stmt]]:
    """What a module does under each of its own conditions."""
    return {ast.unparse(one.test): one.body for one in tree.body if isinstance(one, ast.If)}


LAZY = sorted(
    name
    for name, tree in TREES.items()
    if any(GETS in functions(body) for body in (tree.body, *blocks(tree).values()))
)


def test_there_are_some() -> None:
    assert "eahas_plugins.optuna" in LAZY


@pytest.mark.parametrize("name", LAZY)
def test_a_type_checker_sees_the_names_alone(name: str) -> None:
    """Of a module with a ``__getattr__`` it believes that every name is there."""
    assert GETS in functions(blocks(TREES[name]).get("not TYPE_CHECKING", []))
    assert GETS not in functions(TREES[name].body)


@pytest.mark.parametrize("name", LAZY)
def test_completion_knows_the_names(name: str) -> None:
    module = importlib.import_module(name)
    assert set(module.__all__) <= set(dir(module))


def test_figures_that_cannot_be_had_end_no_help() -> None:
    code = (
        "import sys; sys.modules['plotly'] = None\n"
        "import pydoc, eahas_plugins.optuna.visualization as figures\n"
        "print(pydoc.render_doc(figures), dir(figures))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "plot_energy_history" not in done.stdout.rpartition("[")[2]
