"""The methods of the comparison: every file of this folder is one, and nothing else lists them.

The file ``ea_bohb.py`` is the method ``ea-bohb``. It defines

``LABEL``
    Name in figures.
``ENERGY_AWARE``
    Whether it knows of energy. The best of the others is what energy-awareness is measured on.
``REQUIRES``
    The distributions that it needs beside numpy and ConfigSpace, as pip knows them.
``SUITES``
    The suites of :mod:`benchmarks.comparison.suites` that it belongs to.
``run(setting)``
    Spend ``setting.budget_kwh`` on ``setting.bench``; return the
    :class:`~benchmarks.harness.study.Evaluation` of every trial, in the order in which they ended.

and, where it is so,

``ABLATION_OF``
    The method that it is, with one part changed.
``PLAIN``
    The method that it is without energy.
``MAIN``
    True if figures with too many methods to be told apart show it all the same.
``BASELINE``
    True if the tables over all tasks give energies relative to this method's, too.
``IN_FULL``
    Whether it trains with the longest schedule where shorter ones are a fidelity and no
    hyperparameter; by default, if it does not know of energy.
``PAPER_PLACE``
    Its place in the paper's figure of plain or of energy-aware methods.
``INSTALL``
    How to get its packages, where that is not an extra of this project.

All but ``run`` are literals: they are read without importing the file. Its docstring says what the
method is, with its settings. Files that begin with an underscore are helpers.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from benchmarks.harness.study import RunMethod
from benchmarks.registry import did_you_mean, file_names, function_of, read_constants
from eahas_plugins.packages import remedy

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a method's file says of it; the names above in lower case."""

    name: str
    label: str
    energy_aware: bool
    description: str
    requires: tuple[str, ...]
    suites: tuple[str, ...]
    ablation_of: str | None
    plain: str | None
    main: bool
    baseline: bool
    in_full: bool
    paper_place: int | None
    install: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method that can be run.

    Args:
        name: What ``--methods`` calls it.
        label: Name in figures.
        energy_aware: Whether it knows of energy.
        description: First line of its file.
        in_full: Whether it trains in full where shorter trainings are a fidelity.
        host: The packages it needs, with versions.
        run: Spends a budget.
    """

    name: str
    label: str
    energy_aware: bool
    in_full: bool
    description: str
    host: str
    run: RunMethod


def method_names() -> list[str]:
    """All methods, sorted, without importing them."""
    return file_names(_FOLDER)


def check_method(name: str) -> str:
    """The name, if there is such a method.

    Raises:
        ValueError: If there is none.
    """
    known = method_names()
    if name not in known:
        raise ValueError(
            f"method must be one of {', '.join(known)} but got {name!r}.{did_you_mean(name, known)}"
        )
    return name


@cache
def declared(name: str) -> Declaration:
    """What a method's file says of it, without importing it.

    Raises:
        ValueError: If there is no such method, or its file lacks a constant.
    """
    found = read_constants(_FOLDER, check_method(name))
    if missing := {"LABEL", "ENERGY_AWARE", "REQUIRES", "SUITES"} - found.keys():
        raise ValueError(f"the file of method {name!r} must define {', '.join(sorted(missing))}.")
    return Declaration(
        name=name,
        label=found["LABEL"],
        energy_aware=found["ENERGY_AWARE"],
        description=found["__doc__"].partition("\n")[0],
        requires=found["REQUIRES"],
        suites=found["SUITES"],
        ablation_of=found.get("ABLATION_OF"),
        plain=found.get("PLAIN"),
        main=found.get("MAIN", False),
        baseline=found.get("BASELINE", False),
        in_full=found.get("IN_FULL", not found["ENERGY_AWARE"]),
        paper_place=found.get("PAPER_PLACE"),
        install=found.get("INSTALL"),
    )


def all_declared() -> dict[str, Declaration]:
    """What every method says of itself, by name."""
    return {name: declared(name) for name in method_names()}


def get_method(name: str) -> Method:
    """Import a method.

    Raises:
        ValueError: If there is none, its file has no function ``run``, or the packages it needs are
            not installed.
    """
    said = declared(name)
    try:
        module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
        host = " ".join(f"{package} {version(package)}" for package in said.requires)
    except ModuleNotFoundError as error:  # PackageNotFoundError is one, too
        how = said.install or remedy(error.name or "")
        raise ValueError(
            f"method {name!r} needs a package that is not installed ({error.name}): "
            f"{how}, or leave the method out."
        ) from error
    return Method(
        name=name,
        label=said.label,
        energy_aware=said.energy_aware,
        in_full=said.in_full,
        description=said.description,
        host=host,
        run=function_of(module, "run", of=f"method {name!r}"),
    )
