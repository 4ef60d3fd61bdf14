"""Packages that a command needs and this environment lacks, and the version of this one."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from eahas_plugins.namesake import displaced

DISTRIBUTION = "eahas-plugins"
OWN_PACKAGES = ("benchmarks", "eahas_plugins", "surrogate")
_ROOT = Path(__file__).parents[1]
_SOLD_AS = {
    "pynvml": "nvidia-ml-py",
    "sklearn": "scikit-learn",
}
"""Packages whose distribution has another name than what is imported."""
_EXTRA = re.compile(r"""^([\w.-]+).*;.*extra\s*==\s*["']([\w-]+)["']""")


def version_of(distribution: str) -> str:
    """The version of a package; of this project also in a clone that is not installed.

    Raises:
        PackageNotFoundError: If another one is not installed.
    """
    try:
        return version(distribution)
    except PackageNotFoundError:
        if distribution != DISTRIBUTION:
            raise
    try:
        project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        return str(project["version"])
    except (OSError, ValueError, KeyError):  # a copy of the packages alone
        return "unknown"


def remedy(package: str) -> str:
    """The command that installs a package: the smallest extra that has it, else the package."""
    name = _SOLD_AS.get(package.partition(".")[0], package.partition(".")[0])
    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:  # run from a clone that is not installed
        lines = []
    extras: dict[str, set[str]] = {}
    for wanted, extra in (match.groups() for line in lines if (match := _EXTRA.match(line))):
        extras.setdefault(extra, set()).add(_plain(wanted))
    fitting = [extra for extra, members in extras.items() if _plain(name) in members]
    if not fitting:
        return f"pip install {name}"
    smallest = min(fitting, key=lambda extra: (len(extras[extra]), extra))
    return f"pip install '{DISTRIBUTION}[{smallest}]'"


def _plain(name: str) -> str:
    return name.replace("_", "-").lower()


def missing_message(error: ImportError) -> str | None:
    """One line for an import that failed; None if what fails is this project itself.

    The hosts' adapters raise an ImportError of their own that says what to install.
    """
    if error.name == "surrogate":
        return displaced()
    if not isinstance(error, ModuleNotFoundError):
        own_words = isinstance(error.__cause__, ModuleNotFoundError)
        return f"{error}." if own_words else None
    name = error.name or ""
    if not name or name.partition(".")[0] in OWN_PACKAGES:
        return None
    return f"this command needs a package that is not installed ({name}): {remedy(name)}."


def require(*packages: str) -> None:
    """Check that packages can be imported, before work begins that would need them at its end.

    Raises:
        ModuleNotFoundError: If one cannot.
    """
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)
