"""Writes a page of the API reference for each public face, from its ``__all__``."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.ext.autodoc.mock import mock

BRIDGES = {
    "sklearn": "Bridge to scikit-learn",
    "xgboost": "Bridge to XGBoost",
    "lightgbm": "Bridge to LightGBM",
    "torch": "Bridge to PyTorch",
    "lightning": "Bridge to Lightning",
    "transformers": "Bridge to Transformers",
    "keras": "Bridge to Keras",
}
FACES = {
    "eahas_plugins.optuna": "Optuna",
    "eahas_plugins.optuna.visualization": "Figures of Optuna studies (plotly)",
    "eahas_plugins.smac": "SMAC",
    "eahas_plugins.hpbandster": "HpBandSter",
    "eahas_plugins.targets": "Trainings as target functions",
    **{f"eahas_plugins.bridges.{name}": title for name, title in BRIDGES.items()},
    "eahas_plugins.energy": "Energy meters",
    "eahas_plugins.energy.exports": "Energy for other tools",
    "eahas_plugins.spaces": "Search spaces",
    "eahas_plugins.report": "Energy reports",
    "eahas_plugins.transfer": "Earlier studies",
    "eahas_plugins.units": "Units for people",
    "surrogate": "The benchmark",
    "surrogate.records": "Results of a query, and records",
    "surrogate.table": "Tables of recorded trainings",
    "surrogate.official": "Official checkpoints",
}


def write_pages(app: Sphinx) -> None:
    """Write ``api/index.rst`` and one page per face. Runs before Sphinx looks for pages."""
    folder = Path(app.srcdir) / "api"
    folder.mkdir(exist_ok=True)
    documented: dict[int, str] = {}
    for module, title in FACES.items():
        _write(folder / f"{module}.rst", _page(app, module, title, documented))
    names = "".join(f"   {module}\n" for module in FACES)
    _write(
        folder / "index.rst",
        f"{_heading('API reference')}What these packages export, from their docstrings.\n\n"
        f".. toctree::\n   :maxdepth: 2\n\n{names}",
    )


def _page(app: Sphinx, module: str, title: str, documented: dict[int, str]) -> str:
    with mock(app.config.autodoc_mock_imports if "bridges" in module else []):
        face = importlib.import_module(module)
    names = [name for name in _public(face) if not inspect.ismodule(getattr(face, name))]
    lines = [_heading(title), f"``{module}``\n", f".. automodule:: {module}\n   :no-members:\n"]
    described = [f"   {name}" for name in names if _has_docstring(getattr(face, name))]
    lines.append("\n".join([".. autosummary::\n   :nosignatures:\n", *described]) + "\n")
    for name in names:
        value = getattr(face, name)
        path = f"{module}.{name}"
        known = documented.setdefault(id(value), path)
        if known != path and _has_docstring(value):
            lines.append(f"``{name}``\n   The same as :py:obj:`{known}`.\n")
        elif inspect.isclass(value):
            lines.append(f".. autoclass:: {path}\n   :members:\n")
        elif inspect.isfunction(value):
            lines.append(f".. autofunction:: {path}\n")
        else:
            lines.append(f".. py:data:: {path}\n{_value_line(value)}")  # it has no docstring
    return "\n".join(lines)


def _value_line(value: Any) -> str:
    """What a constant or the name of a type stands for, where that can be read."""
    readable = isinstance(value, str | int | float | tuple | dict) or hasattr(value, "__args__")
    return f"   :value: {value!r}\n" if readable else ""


def _has_docstring(value: Any) -> bool:
    """Whether it is a class or a function; that of a constant is its type's."""
    return inspect.isclass(value) or inspect.isfunction(value)


def _public(face: Any) -> list[str]:
    if hasattr(face, "__all__"):
        return sorted(face.__all__, key=str.lower)
    return [
        name
        for name, value in sorted(vars(face).items())
        if not name.startswith("_") and getattr(value, "__module__", None) == face.__name__
    ]


def _heading(text: str) -> str:
    return f"{text}\n{'=' * len(text)}\n\n"


def _write(path: Path, text: str) -> None:
    """Write only what is new, so that Sphinx reads again only that."""
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True}
