"""The numbers of a data card, from the recorded runs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.collection.estimated_energy import training_estimate
from benchmarks.dataset.points import S_PER_H
from eahas_plugins.energy.estimate import SERVER_CORE
from eahas_plugins.units import J_PER_KWH
from surrogate.fitting.dataset import from_records

Floats = NDArray[np.float64]


def numbers(rows: Sequence[Any]) -> dict[str, Any]:
    """What every card says."""
    records = [row.record for row in rows]
    final = {name: _final(rows, f"{name}_accuracy") for name in ("val", "test")}
    total_s, total_kwh = _final(rows, "runtime_s"), _final(rows, "energy_kwh")
    epoch_s, epoch_kwh = _per_epoch(rows)
    power_w = total_kwh * J_PER_KWH / total_s
    slowness = _slowness(records)
    waits = [r.train_wall_s.sum() / r.train_cpu_s.sum() for r in records]
    last = max(record.started for record in records)
    return {
        "kind": records[0].meter["kind"],
        "n_runs": len(rows),
        "n_configs": len({record.config_run for record in records}),
        "n_repeated": sum(len(places) >= 3 for places in _repeats(rows)),
        "noise": _spread(rows, final["test"]),
        "first": min(record.started for record in records)[:10],
        "last": last[:10],
        "year": last[:4],
        "machines": _counted(_machine(record) for record in records),
        "torches": _counted(f"torch {r.versions['torch']}" for r in records),
        "val_quartiles": _quartiles(final["val"], _points),
        "test_quartiles": _quartiles(final["test"], _points),
        "val_range": f"{_points(final['val'].min())} to {_points(final['val'].max())}",
        "at_chance": int((final["val"] < 0.15).sum()),
        "epoch_s": _quartiles(epoch_s, "{:.2f}".format),
        "total_s": _quartiles(total_s, "{:.0f}".format),
        "time_noise": _spread(rows, np.log(epoch_s) - slowness),
        "speeds": _by_day(records, np.exp(slowness)),
        "all_hours": f"{total_s.sum() / S_PER_H:.1f}",
        "energy_j": _quartiles(total_kwh * J_PER_KWH, "{:.0f}".format),
        "inference_j": _quartiles(
            np.array([row.inference_energy_kwh for row in rows]) * J_PER_KWH, "{:.2g}".format
        ),
        "all_kwh": f"{total_kwh.sum():.3f}",
        "watts": _quartiles(power_w, "{:.3g}".format),
        "power_range": "{:.3g} to {:.3g}".format(*np.quantile(power_w, (0.05, 0.95))),
        "correlation": f"{np.corrcoef(epoch_s, epoch_kwh)[0, 1]:.3f}",
        "rank_correlation": f"{np.corrcoef(_ranks(epoch_s), _ranks(epoch_kwh))[0, 1]:.3f}",
        "n_disturbed": sum(bool(row.disturbed) for row in rows),
        "median_wait": f"{np.median(waits):.2f}",
    }


def estimated_numbers(rows: Sequence[Any]) -> dict[str, Any]:
    """What the card of a task with estimated energy says besides.

    Raises:
        ValueError: If the energy was estimated with other coefficients than the card explains.
    """
    records = [row.record for row in rows]
    used = {name: part.central for name, part in SERVER_CORE.coefficients().items()}
    if any(record.meter.get("coefficients") != used for record in records):
        raise ValueError(
            "energy must be estimated with the coefficients of today, which the card explains: run "
            "'python -m benchmarks derive-energy', then 'fit' with its result."
        )
    parts = [training_estimate(record.to_json()) for record in records]

    def share(name: str) -> str:
        return _percent(np.mean([getattr(p, name).sum() / p.energy_kwh.sum() for p in parts]))

    return {
        **dict(zip(("static", "arithmetic", "memory"), used.values(), strict=True)),
        "model": SERVER_CORE.name,
        "coefficients": "\n".join(
            f"| `{name}` | {c.central:g} | {c.low:g} to {c.high:g} | {c.unit} | {c.source} |"
            for name, c in SERVER_CORE.coefficients().items()
        ),
        "low": f"{np.median([r.meter['low_over_central'] for r in records]):.2f}",
        "high": f"{np.median([r.meter['high_over_central'] for r in records]):.2f}",
        "static_share": share("static_kwh"),
        "arithmetic_share": share("arithmetic_kwh"),
        "memory_share": share("memory_kwh"),
        "time_field": "train_cpu_s",
        "time_words": "CPU time",
        "time_meaning": "the sum of the CPU seconds of the epochs' training parts "
        "(`train_cpu_s`), not wall-clock time",
        "how": "One thread on one core per training.",
        "disturbed_use": "Accuracy does not depend on it. CPU time leaves the waiting out, so "
        "these runs stay in the surrogate; shared caches and cores still lengthen it somewhat.",
        "limits": "- One kind of processor, one thread: energy per run spans less than on a GPU.",
        "collect_options": "",
    }


def measured_numbers(rows: Sequence[Any]) -> dict[str, Any]:
    """What the card of a task with measured energy says besides."""
    records = [row.record for row in rows]
    meters = [record.meter for record in records]

    def quartiles(values: Any, show: Any) -> str:
        return _quartiles(np.array(list(values), dtype=np.float64), show)

    return {
        "counter": meters[0]["counter"],
        "devices": _counted(
            f"{r.machine['gpu']}, driver {r.machine['driver']}, power limit "
            f"{r.machine.get('power_limit_watts', 'unknown')} W"
            for r in records
        ),
        "update_ms": f"{1e3 * np.median([meter['update_s'] for meter in meters]):.0f}",
        "static_watts": quartiles((meter["static_watts"] for meter in meters), "{:.1f}".format),
        "window_s": f"{meters[0]['window_s']:g}",
        "repeats": quartiles((meter["repeats"][0] for meter in meters), "{:.0f}".format),
        "windows": _windows(meters, [len(r.energy_kwh) for r in records], quartiles),
        "time_field": "train_wall_s",
        "time_words": "wall-clock time",
        "time_meaning": "the sum of the wall-clock seconds of the epochs' training parts "
        "(`train_wall_s`), from when the GPU was idle to when it was idle again",
        "how": "One training at a time, nothing else on the GPU.",
        "disturbed_use": "Where the host waits, so does the GPU, at static power: they are in the "
        "table and left out of the surrogate.",
        "limits": "- The board alone is counted: no host, no power supply, no cooling.",
        "collect_options": " --device cuda --meter nvml",
    }


def _windows(
    meters: Sequence[Mapping[str, Any]], n_epochs: Sequence[int], quartiles: Callable[..., str]
) -> str:
    """Which epochs were measured, and how far apart they were."""
    some = [
        meter
        for meter, n in zip(meters, n_epochs, strict=True)
        if len(meter.get("measured_epochs", range(n))) < n
    ]
    if not some:
        return "Each epoch is measured."
    n_windows = quartiles((len(meter["measured_epochs"]) for meter in some), "{:.0f}".format)
    spread = quartiles((100.0 * meter["window_spread"] for meter in some), "{:.2g}".format)
    step = np.median([100.0 * meter["update_s"] / meter["window_s"] for meter in some])
    return (
        f"In {len(some)} of {len(meters)} runs some epochs are measured, evenly spread ({n_windows}"
        f", quartiles), and the others take their mean: the least and most of a run differ by "
        f"{spread} % (quartiles), where a move of the counter is {step:.2g} % of a window."
    )


def _final(rows: Sequence[Any], name: str) -> Floats:
    return np.array([getattr(row, name)[-1] for row in rows])


def _per_epoch(rows: Sequence[Any]) -> tuple[Floats, Floats]:
    """Mean time, s, and energy, kWh, of an epoch of each run."""
    n_epochs = np.array([len(row.runtime_s) for row in rows])
    return _final(rows, "runtime_s") / n_epochs, _final(rows, "energy_kwh") / n_epochs


def _slowness(records: Sequence[Any]) -> Floats:
    """How much the speed of the machine added to the log of each run's time."""
    data = from_records(records, records[0].task)
    return data.slowness[:, data.cost_names.index("runtime_s")]


def _by_day(records: Sequence[Any], factors: Floats) -> str:
    """Least and largest factor of each day."""
    days: dict[str, list[float]] = defaultdict(list)
    for record, factor in zip(records, factors.tolist(), strict=True):
        days[record.started[:10]].append(factor)
    return "; ".join(f"{d}, {min(f):.2f} to {max(f):.2f}" for d, f in sorted(days.items()))


def _repeats(rows: Sequence[Any]) -> list[list[int]]:
    """Places of the runs of each configuration."""
    places: dict[int, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        places[row.record.config_run].append(place)
    return list(places.values())


def _spread(rows: Sequence[Any], values: Floats) -> str:
    """Standard deviation over trainings of one configuration, of accuracies or logarithms."""
    found = [np.var(values[places], ddof=1) for places in _repeats(rows) if len(places) >= 3]
    return _points(float(np.sqrt(np.mean(found)))) if found else "an unknown share"


def _ranks(values: Floats) -> Floats:
    return np.argsort(np.argsort(values)).astype(np.float64)


def _machine(record: Any) -> str:
    found = f"{record.machine['cpu']}, {record.machine['n_cores']} cores"
    return f"{record.machine['gpu']} in {found}" if record.on_gpu else found


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %"


def _points(value: float) -> str:
    return f"{100.0 * value:.1f} %"


def _quartiles(values: Floats, show: Any) -> str:
    return " / ".join(show(value) for value in np.quantile(values, (0.25, 0.5, 0.75)))


def _counted(labels: Any) -> str:
    return "; ".join(f"{label} ({n} runs)" for label, n in Counter(labels).most_common())
