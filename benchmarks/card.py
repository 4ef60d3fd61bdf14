"""The data card of a measured task: its text, with numbers computed from the data."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

DISTURBED = 1.2
"""A run whose wall-clock time is this many times its CPU time or more shared its core."""
JOULES_PER_KWH = 3.6e6


def card(
    task: Annotated[str, typer.Option(help="A measured task.")] = "fashion-nano",
    out: Annotated[Path | None, typer.Option(help="Where the card goes; default: printed.")] = None,
    figure: Annotated[Path | None, typer.Option(help="Also draw the data into this file.")] = None,
) -> None:
    """Write the data card of TASK from the recorded runs alone."""
    import surrogate

    rows = surrogate.load(f"{task}-table").records
    text = TEMPLATE.format_map(numbers(rows))
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text)
    if figure is not None:
        draw(rows, figure)


def numbers(rows: Sequence[Any]) -> dict[str, Any]:
    """Every number of the card."""
    records = [row.record for row in rows]
    final = {
        name: np.array([getattr(row, f"{name}_accuracy")[-1] for row in rows])
        for name in ("train", "val", "test")
    }
    total_s = np.array([row.runtime_s[-1] for row in rows])
    total_kwh = np.array([row.energy_kwh[-1] for row in rows])
    n_epochs = np.array([len(row.runtime_s) for row in rows])
    wall_s = np.array([record.train_wall_s.sum() for record in records])
    by_config: dict[int, list[float]] = defaultdict(list)
    for record, accuracy in zip(records, final["test"], strict=True):
        by_config[record.config_run].append(accuracy)
    repeated = [values for values in by_config.values() if len(values) >= 3]
    meter = records[0].meter
    return {
        "n_runs": len(rows),
        "n_configs": len(by_config),
        "n_repeated": len(repeated),
        "noise": _points(np.sqrt(np.mean([np.var(v, ddof=1) for v in repeated])))
        if repeated
        else "unknown",
        "first": min(record.started for record in records)[:10],
        "last": max(record.started for record in records)[:10],
        "machines": _counted(f"{r.machine['cpu']}, {r.machine['n_cores']} cores" for r in records),
        "torches": _counted(f"torch {r.versions['torch']}" for r in records),
        "val_quartiles": _quartiles(final["val"], _points),
        "test_quartiles": _quartiles(final["test"], _points),
        "val_range": f"{_points(final['val'].min())} to {_points(final['val'].max())}",
        "at_chance": int((final["val"] < 0.15).sum()),
        "epoch_s": _quartiles(total_s / n_epochs, lambda x: f"{x:.2f}"),
        "total_s": _quartiles(total_s, lambda x: f"{x:.0f}"),
        "all_hours": f"{total_s.sum() / 3600.0:.1f}",
        "energy_j": _quartiles(total_kwh * JOULES_PER_KWH, lambda x: f"{x:.0f}"),
        "all_kwh": f"{total_kwh.sum():.3f}",
        "watts": _quartiles(total_kwh * JOULES_PER_KWH / total_s, lambda x: f"{x:.2f}"),
        "correlation": f"{np.corrcoef(total_s / n_epochs, total_kwh / n_epochs)[0, 1]:.3f}",
        "n_disturbed": int((wall_s >= DISTURBED * total_s).sum()),
        "static": meter["coefficients"]["static_watts_per_core"],
        "arithmetic": meter["coefficients"]["picojoules_per_multiply_add"],
        "memory": meter["coefficients"]["picojoules_per_byte"],
        "low": f"{np.median([r.meter['low_over_central'] for r in records]):.2f}",
        "high": f"{np.median([r.meter['high_over_central'] for r in records]):.2f}",
    }


def draw(rows: Sequence[Any], path: Path) -> None:
    """All validation curves, and energy against accuracy, coloured by schedule."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10.0, 4.0), layout="constrained")
    for length, colour in zip((10, 20, 40), ("tab:orange", "tab:green", "tab:blue"), strict=True):
        chosen = [row for row in rows if len(row.val_accuracy) == length]
        for row in chosen:
            left.plot(np.arange(1, length + 1), row.val_accuracy, color=colour, alpha=0.2, lw=0.8)
        right.plot(
            [row.energy_kwh[-1] * JOULES_PER_KWH for row in chosen],
            [row.val_accuracy[-1] for row in chosen],
            "o",
            color=colour,
            ms=3.5,
            alpha=0.7,
            label=f"{length} epochs ({len(chosen)} runs)",
        )
    left.set(xlabel="epoch", ylabel="validation accuracy (measured)")
    right.set(xlabel="training energy, J (estimated)", xscale="log")
    right.legend()
    figure.suptitle(f"fashion-nano: {len(rows)} trainings on Fashion-MNIST, 14x14")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _points(value: float) -> str:
    return f"{100.0 * value:.1f} %"


def _quartiles(values: NDArray[np.float64], show: Any) -> str:
    return " / ".join(show(value) for value in np.quantile(values, (0.25, 0.5, 0.75)))


def _counted(labels: Any) -> str:
    return "; ".join(f"{label} ({n} runs)" for label, n in Counter(labels).most_common())


TEMPLATE = """\
# fashion-nano: data card

Trainings of small RegNets on Fashion-MNIST, every epoch recorded. All numbers below are written by
`python -m benchmarks card` from the data.

## What it is
{n_runs} complete trainings of {n_configs} configurations; {n_repeated} configurations were trained
with three seeds. A configuration is a network (depth 4-10, w0 8-32, wa 2-8, wm 2-3, group width
1-16; RegNet without squeeze-and-excitation, stem of 8 channels) and how to train it (base learning
rate .001-1, SGD, Adam or AdamW, cosine, exponential or linear policy, cutout 0 or 4, 10, 20 or 40
epochs), drawn from the priors of `surrogate.space`. It is for research on search methods that
count energy. It is not for claims about image classification or about the energy of any device.

## How it was made
Images of Fashion-MNIST averaged to 14x14: 4,000 for training and 4,000 for validation from the
published training set, 4,000 for testing from its test set, always the same ones. Batches of 100,
horizontal flips, label smoothing 0.1, two warm-up epochs, Nesterov momentum 0.9 (SGD), weight decay
5e-4. One thread on one core per training. Run *i* is the same configuration and seed everywhere
(`benchmarks/plan.py`). Trained from {first} to {last} on {machines}, with {torches}.

| value | kind | unit | quartiles |
|---|---|---|---|
| `val_accuracy`, last epoch | measured, 4,000 images | share | {val_quartiles} |
| `test_accuracy`, last epoch | measured, 4,000 images | share | {test_quartiles} |
| training time of an epoch (`train_cpu_s`) | measured, CPU time | s | {epoch_s} |
| training time of a run | measured, CPU time | s | {total_s} |
| training energy of a run | **estimated** | J | {energy_j} |
| mean power of a run | **estimated** | W | {watts} |

Validation accuracy goes from {val_range}; {at_chance} runs end below 15 %. `train_accuracy` is
that of the augmented batches as they were seen. All runs together: {all_hours} h of CPU time in
training, {all_kwh} kWh by the estimate. Standard deviation of the final test accuracy over seeds
of one configuration: {noise}; the sampling error of 4,000 images alone is 0.5 points at 88 %.

## Energy is an estimate
There was no counter on the machine. Energy = {static} W x CPU seconds + {arithmetic} pJ x
multiply-adds + {memory} pJ x bytes moved, with three passes per training step; coefficients with
sources and bounds are in `eahas_plugins/energy/estimate.py`, the traffic model in
`benchmarks/run_energy.py`. With every coefficient at its bound the energy would be {low} to {high}
times the central value (medians): absolute values are good to a factor, comparisons within the data
set are better. Time and energy of an epoch correlate by {correlation}. The raw CPU seconds and
network sizes are in the records, and `python -m benchmarks derive-energy` computes energy anew.

## Known limits
- Time is CPU time because the machine was shared: {n_disturbed} of {n_runs} runs have a wall-clock
  time at least 20 % above it. Shared caches can still lengthen CPU time.
- One kind of processor, one thread, small networks: energy per run spans less than on a GPU.
- Validation and test passes after each epoch are recorded (`eval_cpu_s`) and not in the energy.
- Diverged trainings are kept: they cost energy, too.

## Check and extend
`python -m benchmarks verify --task fashion-nano --runs 2` trains two random runs again (needs
torch). On the same kind of processor and torch version they come out the same to the last digit; on
another, best accuracies agree within 3 points. `python -m benchmarks collect` adds runs.

## Licence and citation
The records are under the project's MIT licence. Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017, MIT
licence) is not contained. Cite as in `CITATION.cff`.
"""
