"""Every public function and class that raises says so, and Sphinx reads what is meant."""

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ANY_METHOD = "By every method"
PACKAGES = ("eahas_plugins", "surrogate")
FILES = [
    path
    for part in (*PACKAGES, "benchmarks", "package", "examples")
    for path in (ROOT / part).rglob("*.py")
]
PUBLISHED = [path for path in FILES if path.relative_to(ROOT).parts[0] in PACKAGES]


def public(tree):
    """Public functions and classes, and methods of public classes that do not speak for them.

    The docstring of a command is its help, and what it raises becomes its exit code.
    """
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            if any("app.command" in ast.unparse(decorator) for decorator in node.decorator_list):
                continue
            yield node
            if isinstance(node, ast.ClassDef) and ANY_METHOD not in (ast.get_docstring(node) or ""):
                yield from public(node)


def raising(node):
    """What a function raises itself; a class raises what making it raises."""
    if isinstance(node, ast.ClassDef):
        made_by = ("__init__", "__post_init__")
        found = [part for part in node.body if getattr(part, "name", "") in made_by]
    else:
        found = [node]
    raised = [one for part in found for one in ast.walk(part) if isinstance(one, ast.Raise)]
    return [one for one in raised if one.exc is not None]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_raises_says_so(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = [
        f"{node.name}, line {node.lineno}"
        for node in public(tree)
        if raising(node) and "Raises:" not in (ast.get_docstring(node) or "")
    ]
    assert silent == []


def taken_for_types(node):
    """Lines of a docstring whose words before a colon Sphinx takes for a type."""
    told = (ast.get_docstring(node) or "").splitlines()
    if any(ast.unparse(decorator) == "property" for decorator in node.decorator_list):
        yield from told[:1]
    for before, line in pairwise(told):
        if before in ("Returns:", "Yields:"):
            yield line


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_sentence_is_taken_for_a_type(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    misread = [
        line
        for node in functions
        for line in taken_for_types(node)
        if ": " in re.sub(r"``[^`]*``", "", line) and not line.strip().startswith("Array of shape")
    ]
    assert misread == []
