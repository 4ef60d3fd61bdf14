"""The methods of the comparison: every file of this folder is one, and nothing else lists them.

The file ``ea_bohb.py`` is the method ``ea-bohb``. It defines

``LABEL``
    Name in figures.
``ENERGY_AWARE``
    Whether it knows of energy. The best of the others is what energy-awareness is measured on.
``REQUIRES``
    The distributions that it needs beside numpy and ConfigSpace, as pip knows them.
``run(setting)``
    Spend ``setting.budget_kwh`` on ``setting.bench``; return the
    :class:`~benchmarks.harness.study.Evaluation` of every trial, in the order in which they ended.

Its docstring says what the method is, with its settings. Files that begin with an underscore are
helpers.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from dataclasses import dataclass
from importlib.metadata import version

from benchmarks.harness.study import RunMethod

_USUAL_REMEDY = "pip install 'eahas-plugins[all]'"
_REMEDIES = {"flaml": "CONTRIBUTING.md has the environment of FLAML"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method.

    Args:
        name: What ``--methods`` calls it.
        label: Name in figures.
        energy_aware: Whether it knows of energy.
        description: First line of its file.
        host: The packages it needs, with versions.
        run: Spends a budget.
    """

    name: str
    label: str
    energy_aware: bool
    description: str
    host: str
    run: RunMethod


def method_names() -> list[str]:
    """All methods, sorted, without importing them."""
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))


def check_method(name: str) -> str:
    """The name, if there is such a method.

    Raises:
        ValueError: If there is none.
    """
    known = method_names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"method must be one of {', '.join(known)} but got {name!r}.{hint}")
    return name


def get_method(name: str) -> Method:
    """Import a method.

    Raises:
        ValueError: If there is none, or the packages it needs are not installed.
    """
    path = f"{__name__}.{check_method(name).replace('-', '_')}"
    try:
        module = importlib.import_module(path)
        host = " ".join(f"{package} {version(package)}" for package in module.REQUIRES)
    except ModuleNotFoundError as error:  # PackageNotFoundError is one, too
        raise ValueError(
            f"method {name!r} needs a package that is not installed ({error.name}): "
            f"{_REMEDIES.get(error.name or '', _USUAL_REMEDY)}, or leave the method out."
        ) from error
    return Method(
        name=name,
        label=module.LABEL,
        energy_aware=module.ENERGY_AWARE,
        description=(module.__doc__ or "").partition("\n")[0],
        host=host,
        run=module.run,
    )
