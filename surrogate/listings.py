"""What ``eahas tasks`` and ``eahas query`` print."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from surrogate import folder as folders
from surrogate.cost_files import default_provenance
from surrogate.loading import TABLE_SUFFIX, TASK_NAMES

if TYPE_CHECKING:
    from surrogate.records import Run

QUERY_COLUMNS = ("quantity", "value", "of", "where from")
_CURVES = ("train_accuracy", "val_accuracy", "test_accuracy", "energy_kwh", "runtime_s")
_SIZES = ("params", "flops", "activations")


def task_rows() -> list[dict[str, Any]]:
    """The tasks whose data are here.

    Raises:
        ValueError: If the description of one is damaged.
    """
    rows = []
    for name in TASK_NAMES:
        folder = folders.DATA / name.removesuffix(TABLE_SUFFIX)
        if not (folder / folders.PROVENANCE).is_file():
            continue
        provenance = default_provenance(folder)
        rows.append(
            {
                "task": name,
                "kind": provenance.get("kind", "of unknown origin"),
                "provenance": {
                    what: provenance[what].partition(":")[0]
                    for what in ("accuracy", "energy", "runtime")
                    if isinstance(provenance.get(what), str)
                },
                "counts": {
                    key.removeprefix("n_"): number
                    for key, number in provenance.items()
                    if key.startswith("n_") and isinstance(number, int)
                },
            }
        )
    return rows


def run_json(run: Run) -> dict[str, Any]:
    """A run as what JSON has, with whole curves."""
    curves = {name: getattr(run, name) for name in _CURVES}
    size = run.complexity
    return {
        **{name: None if curve is None else curve.tolist() for name, curve in curves.items()},
        "inference_energy_kwh": run.inference_energy_kwh,
        **{name: None if size is None else getattr(size, name) for name in _SIZES},
        "provenance": dict(run.provenance),
    }


def run_rows(run: Run) -> Iterator[tuple[str, str, str, str]]:
    """The last value of every curve, and the rest; what is unknown is not listed."""
    from eahas_plugins.units import energy_text

    for name in _CURVES:
        curve = getattr(run, name)
        if curve is not None:
            of = f"{len(curve)} epochs"
            if name == "energy_kwh":
                of += f": {energy_text(curve[-1])}"
            yield name, f"{curve[-1]:.6g}", of, _source(run, name)
    if run.inference_energy_kwh is not None:
        name, kwh = "inference_energy_kwh", run.inference_energy_kwh
        yield name, f"{kwh:.6g}", f"a pass: {energy_text(kwh)}", _source(run, name)
    if run.complexity is not None:
        for name in _SIZES:
            yield name, str(getattr(run.complexity, name)), "the network", "its definition"


def _source(run: Run, name: str) -> str:
    return run.provenance.get(name, "unknown source")
