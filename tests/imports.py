"""What the modules of this project import, read from their source."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One imported name, as ``eahas_plugins.budget.journal.EnergyJournal``.

    Args:
        target: The full name; of a module, or of a thing in it.
        line: Where.
        on_import: Whether importing the module runs it: not in a function, not type-only.
    """

    target: str
    line: int
    on_import: bool


@cache
def sources(folder: str) -> dict[str, Path]:
    """The Python files under a folder of the clone, by the names of their modules."""
    found = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports(path: Path) -> tuple[Import, ...]:
    """Every import of a file: type-only ones, those in functions, and ``import_module("name")``."""
    package = path.parent.relative_to(ROOT).parts
    return imports_in(path.read_text(encoding="utf-8"), package)


def imports_in(source: str, package: tuple[str, ...]) -> tuple[Import, ...]:
    """The same for the source of a module in a package."""
    return tuple(_within(ast.parse(source), package, on_import=True))


def private_names(paths: Iterable[Path]) -> dict[str, list[str]]:
    """The underscored attributes that are read in some files, with where, and defined in none.

    They belong to the objects of somebody else.
    """
    defined: set[str] = set()
    read: dict[str, list[str]] = {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                defined.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                defined.add(node.id)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                defined.add(node.attr)
            elif isinstance(node, ast.Attribute) and re.match(r"_(?!_)", node.attr):
                where = f"{path.relative_to(ROOT)}, line {node.lineno}"
                read.setdefault(node.attr, []).append(where)
    return {name: where for name, where in sorted(read.items()) if name not in defined}


def module_of(target: str, modules: dict[str, Path]) -> str | None:
    """The one of some modules that an import names, or that it takes something from."""
    if target in modules:
        return target
    parent = target.rpartition(".")[0]
    return parent if parent in modules else None


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The groups of nodes that reach each other, by Tarjan's algorithm."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1 or node in graph[node]:
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return found


def _within(node: ast.AST, package: tuple[str, ...], *, on_import: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(target=alias.name, line=child.lineno, on_import=on_import)
        elif isinstance(child, ast.ImportFrom):
            base = list(package[: len(package) - child.level + 1]) if child.level else []
            where = ".".join([*base, child.module] if child.module else base)
            for alias in child.names:
                target = f"{where}.{alias.name}"
                yield Import(target=target, line=child.lineno, on_import=on_import)
        elif isinstance(child, ast.Call) and (name := _imported_by_call(child)):
            yield Import(target=name, line=child.lineno, on_import=on_import)
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            for part in child.body:
                yield from _within(ast.Module([part], []), package, on_import=False)
            for part in child.orelse:
                yield from _within(ast.Module([part], []), package, on_import=on_import)
            continue
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _within(child, package, on_import=on_import and not inside)


def _imported_by_call(call: ast.Call) -> str | None:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name not in ("import_module", "__import__") or not call.args:
        return None
    argument = call.args[0]
    value = argument.value if isinstance(argument, ast.Constant) else None
    return value if isinstance(value, str) else None


def imported_with(module: str) -> set[str]:
    """All modules that a new process has imported once it has imported this one."""
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())
