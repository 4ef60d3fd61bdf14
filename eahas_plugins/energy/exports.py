"""One record of used energy for other tools: CodeCarbon's CSV, MLflow, W&B, Prometheus.

Each needs its own package only when it is called.
"""

from __future__ import annotations

import csv
import importlib
import io
import os
import platform
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from eahas_plugins.arguments import check_finite, check_positive, given
from eahas_plugins.energy.grid import grams_co2e
from eahas_plugins.energy.readings import Measurement
from eahas_plugins.files import LineFile

COLUMNS = (
    "timestamp",
    "project_name",
    "run_id",
    "experiment_id",
    "duration",
    "emissions",
    "emissions_rate",
    "cpu_power",
    "gpu_power",
    "ram_power",
    "cpu_energy",
    "gpu_energy",
    "ram_energy",
    "energy_consumed",
    "water_consumed",
    "country_name",
    "country_iso_code",
    "region",
    "cloud_provider",
    "cloud_region",
    "os",
    "python_version",
    "codecarbon_version",
    "cpu_count",
    "cpu_model",
    "gpu_count",
    "gpu_model",
    "longitude",
    "latitude",
    "ram_total_size",
    "tracking_mode",
    "cpu_utilization_percent",
    "gpu_utilization_percent",
    "ram_utilization_percent",
    "ram_used_gb",
    "on_cloud",
    "pue",
    "wue",
)
"""The columns of ``emissions.csv`` of CodeCarbon 3.3, in its order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyRecord:
    """What a training or trial has used.

    Args:
        name: What it was.
        energy_kwh: Energy, kWh. Positive and finite.
        seconds: Time, s; None if nobody measured it.
        parts_kwh: The share of each part that is known, kWh.
        kind: ``measured`` or ``estimated``.
        meter: What counted.

    Raises:
        ValueError: If the energy is not positive and finite, or a part is no finite number.
    """

    name: str
    energy_kwh: float
    seconds: float | None = None
    parts_kwh: Mapping[str, float] = field(default_factory=dict)
    kind: str = ""
    meter: str = ""

    def __post_init__(self) -> None:
        check_positive(energy_kwh=self.energy_kwh)
        check_positive(**given(seconds=self.seconds))
        if not isinstance(self.parts_kwh, Mapping):
            raise ValueError(f"parts_kwh must be kWh by part but got {self.parts_kwh!r}.")
        check_finite(**{f"parts_kwh of {part}": kwh for part, kwh in self.parts_kwh.items()})

    @classmethod
    def of_measurement(cls, name: str, used: Measurement) -> EnergyRecord:
        """Return the record of what was measured between two readings."""
        return cls(
            name=name,
            energy_kwh=used.energy_kwh,
            seconds=used.seconds,
            parts_kwh=used.parts_kwh,
            kind=used.provenance.kind,
            meter=used.provenance.meter,
        )

    @classmethod
    def of_attributes(cls, name: str, attributes: Mapping[str, Any]) -> EnergyRecord:
        """Return the record of a trial that an ``EnergyTracker`` tracked.

        Args:
            name: What to call it.
            attributes: ``trial.user_attrs``.

        Raises:
            ValueError: If the trial has no energy, or what it has is no number.
        """
        if "energy_kwh" not in attributes:
            raise ValueError(f"{name} has no energy_kwh; track it by an EnergyTracker")
        meter = attributes.get("energy_meter")
        meter = meter if isinstance(meter, Mapping) else {}
        try:
            return cls(
                name=name,
                energy_kwh=attributes["energy_kwh"],
                seconds=attributes.get("runtime_s"),
                parts_kwh=attributes.get("energy_parts_kwh", {}),
                kind=str(meter.get("kind") or ""),
                meter=str(meter.get("meter") or ""),
            )
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None

    def metrics(self, *, g_per_kwh: float | None = None) -> dict[str, float]:
        """Return the numbers by name: what MLflow, W&B and Prometheus are given.

        Args:
            g_per_kwh: Intensity of the grid, g CO2e per kWh; None leaves emissions out.

        Raises:
            ValueError: If it is negative or not finite.
        """
        found = {"energy_kwh": self.energy_kwh}
        found |= {f"energy_{part}_kwh": kwh for part, kwh in self.parts_kwh.items()}
        if self.seconds is not None:
            found["runtime_s"] = self.seconds
        if g_per_kwh is not None:
            found["emissions_g_co2e"] = grams_co2e(self.energy_kwh, g_per_kwh=g_per_kwh)
        return found


def append_emissions_csv(
    record: EnergyRecord, path: Path | str, *, g_per_kwh: float, country: str = ""
) -> None:
    """Append a record to a file that the tools around CodeCarbon read.

    What this package does not know (place, load of the processor, ...) stays empty.

    Args:
        record: The record.
        path: The file, ``emissions.csv``; made with its header if it is not there.
        g_per_kwh: Intensity of the grid, g CO2e per kWh.
        country: ISO 3166-1 alpha-3 code, only written down.

    Raises:
        ValueError: If ``g_per_kwh`` is negative or not finite, or the file has other columns or
            is no CSV.
        OSError: If the file cannot be written.
    """
    kg = grams_co2e(record.energy_kwh, g_per_kwh=g_per_kwh) / 1000.0
    row: dict[str, object] = {
        "timestamp": datetime.now().strftime("%Y-%m-%dT%H:%M:%S"),
        "project_name": record.name,
        "run_id": uuid.uuid4().hex,
        "emissions": kg,
        "energy_consumed": record.energy_kwh,
        "country_iso_code": country,
        "os": platform.platform(),
        "python_version": platform.python_version(),
        "cpu_count": os.cpu_count(),
        "tracking_mode": record.kind,
    }
    if record.seconds:
        row |= {"duration": record.seconds, "emissions_rate": kg / record.seconds}
    for part, column in (("cpu", "cpu"), ("gpu", "gpu"), ("memory", "ram")):
        kwh = record.parts_kwh.get(part)
        if kwh is not None:
            row[f"{column}_energy"] = kwh
            if record.seconds:
                row[f"{column}_power"] = 3.6e6 * kwh / record.seconds
    with LineFile(path, wait=True) as file:  # several processes may append at once
        columns = list(COLUMNS) if file.size == 0 else _columns_of(file.path)
        text = io.StringIO()
        writer = csv.DictWriter(
            text, columns, restval="", extrasaction="ignore", lineterminator="\n"
        )
        if file.size == 0:
            writer.writeheader()
        writer.writerow(row)
        file.append(text.getvalue())


def _columns_of(path: Path) -> list[str]:
    """Return the columns of a file that CodeCarbon or this package has begun.

    Raises:
        ValueError: If it is another file.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # a spreadsheet begins it so
            columns = next(csv.reader(file), [])
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} must be a CSV file in UTF-8 but is not: {error}") from None
    if not {"emissions", "energy_consumed"} <= set(columns):
        raise ValueError(f"{path} must have the columns of CodeCarbon but has {columns}")
    return columns


def log_to_mlflow(
    record: EnergyRecord, *, step: int | None = None, g_per_kwh: float | None = None
) -> None:
    """Log a record to the active MLflow run.

    Raises:
        ImportError: If ``mlflow`` is not installed.
    """
    mlflow = _client("mlflow")
    mlflow.log_metrics(record.metrics(g_per_kwh=g_per_kwh), step=step)
    mlflow.set_tags({"energy_kind": record.kind, "energy_meter": record.meter})


def log_to_wandb(
    record: EnergyRecord, *, step: int | None = None, g_per_kwh: float | None = None
) -> None:
    """Log a record to the active W&B run.

    Raises:
        ImportError: If ``wandb`` is not installed.
    """
    _client("wandb").log(record.metrics(g_per_kwh=g_per_kwh), step=step)


def prometheus_registry(records: Iterable[EnergyRecord], *, g_per_kwh: float | None = None) -> Any:
    """Return a registry with one gauge per number, labelled by each record's name and kind.

    Args:
        records: The records.
        g_per_kwh: Intensity of the grid, g CO2e per kWh; None leaves emissions out.

    Returns:
        A ``prometheus_client.CollectorRegistry`` to expose, push or write to a file.

    Raises:
        ImportError: If ``prometheus_client`` is not installed.
        ValueError: If two records have one name and kind, of which a registry keeps the last.
    """
    client = _client("prometheus_client")
    registry, gauges = client.CollectorRegistry(), {}
    seen: set[tuple[str, str]] = set()
    for record in records:
        if (record.name, record.kind) in seen:
            raise ValueError(f"each record must have a name of its own but two are {record.name!r}")
        seen.add((record.name, record.kind))
        for name, value in record.metrics(g_per_kwh=g_per_kwh).items():
            if name not in gauges:
                gauges[name] = client.Gauge(
                    f"eahas_{name}", f"{name} of a training", ["name", "kind"], registry=registry
                )
            gauges[name].labels(record.name, record.kind).set(value)
    return registry


def _client(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ImportError(f"this export needs {name}: pip install {name}") from error
