import csv
import dataclasses
import math
import sys
from types import SimpleNamespace

import optuna
import prometheus_client
import pytest
from codecarbon.output_methods.emissions_data import EmissionsData

from eahas_plugins.energy import FakeMeter, between
from eahas_plugins.energy.exports import (
    COLUMNS,
    EnergyRecord,
    append_emissions_csv,
    log_to_mlflow,
    log_to_wandb,
    prometheus_registry,
)
from eahas_plugins.optuna import EnergyTracker


@pytest.fixture
def record():
    meter = FakeMeter()
    meter.advance(kwh=0.0, seconds=0.0, parts={"gpu": 0.0, "cpu": 0.0})
    before = meter.read()
    meter.advance(kwh=0.5, seconds=1800.0, parts={"gpu": 0.4, "cpu": 0.1})
    return EnergyRecord.of_measurement("one", between(before, meter.read()))


def test_the_columns_are_codecarbons():
    assert tuple(field.name for field in dataclasses.fields(EmissionsData)) == COLUMNS


def test_rows_of_the_csv(record, tmp_path):
    path = tmp_path / "emissions.csv"
    for _ in range(2):
        append_emissions_csv(record, path, g_per_kwh=400.0, country="DEU")
    with path.open(newline="") as file:
        first, second = csv.DictReader(file)
    assert float(first["energy_consumed"]) == 0.5
    assert float(first["emissions"]) == pytest.approx(0.2)  # kg
    assert float(first["emissions_rate"]) == pytest.approx(0.2 / 1800.0)
    assert float(first["gpu_power"]) == pytest.approx(800.0)
    assert first["ram_energy"] == ""  # nobody knows it: not 0
    assert first["run_id"] != second["run_id"]


def test_a_file_of_an_older_codecarbon_keeps_its_columns(record, tmp_path):
    path = tmp_path / "emissions.csv"
    path.write_text("emissions,energy_consumed,duration\n")
    append_emissions_csv(record, path, g_per_kwh=400.0)
    assert path.read_text().splitlines()[1] == "0.2,0.5,1800.0"
    path.write_text("a,b\n")
    with pytest.raises(ValueError, match="columns of CodeCarbon"):
        append_emissions_csv(record, path, g_per_kwh=400.0)


def test_the_record_of_a_trial(tmp_path, monkeypatch):
    monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path))
    meter, trial = FakeMeter(), optuna.create_study().ask()
    with EnergyTracker(trial, meter=meter):
        meter.advance(kwh=2.0, seconds=3600.0, parts={"gpu": 1.5})
    found = EnergyRecord.of_attributes("trial 0", trial.user_attrs)
    assert found.metrics(g_per_kwh=100.0) == {
        "energy_kwh": 2.0,
        "energy_gpu_kwh": 1.5,
        "runtime_s": 3600.0,
        "emissions_g_co2e": 200.0,
    }
    assert (found.kind, found.meter) == ("estimated", "fake")
    with pytest.raises(ValueError, match="EnergyTracker"):
        EnergyRecord.of_attributes("trial 1", {})


@pytest.mark.parametrize("kwh", [0.0, -1.0, float("nan"), float("inf")])
def test_energy_that_nobody_measured_is_no_record(kwh):
    with pytest.raises(ValueError, match="positive and finite"):
        EnergyRecord(name="x", energy_kwh=kwh)


def test_prometheus(record):
    text = prometheus_client.generate_latest(
        prometheus_registry([record, dataclasses.replace(record, name="two")])
    ).decode()
    assert 'eahas_energy_kwh{kind="estimated",name="one"} 0.5' in text
    assert 'eahas_energy_gpu_kwh{kind="estimated",name="two"} 0.4' in text


def test_mlflow_and_wandb_through_their_public_clients(record, monkeypatch):
    called = []
    mlflow = SimpleNamespace(
        log_metrics=lambda metrics, step: called.append(("mlflow", metrics, step)),
        set_tags=lambda tags: called.append(("tags", tags)),
    )
    wandb = SimpleNamespace(log=lambda metrics, step: called.append(("wandb", metrics, step)))
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    log_to_mlflow(record, step=3)
    log_to_wandb(record, g_per_kwh=100.0)
    assert called[0] == ("mlflow", record.metrics(), 3)
    assert called[1] == ("tags", {"energy_kind": "estimated", "energy_meter": "fake"})
    assert called[2] == ("wandb", record.metrics(g_per_kwh=100.0), None)


def test_a_missing_client_says_what_to_install(record, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ImportError, match="pip install mlflow"):
        log_to_mlflow(record)


def test_a_torn_row_takes_no_good_one_with_it(record, tmp_path):
    path = tmp_path / "emissions.csv"
    path.write_text("project_name,emissions,energy_consumed\none,1,2")
    append_emissions_csv(record, path, g_per_kwh=400.0)
    assert path.read_text().splitlines()[1:] == ["one,1,2", "one,0.2,0.5"]


def test_a_file_that_a_spreadsheet_has_saved_keeps_its_first_column(record, tmp_path):
    path = tmp_path / "emissions.csv"
    path.write_text("project_name,emissions,energy_consumed\n", encoding="utf-8-sig")
    append_emissions_csv(record, path, g_per_kwh=400.0)
    assert path.read_text(encoding="utf-8-sig").splitlines()[1] == "one,0.2,0.5"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a" * 200_000])
def test_what_is_no_csv_is_said_by_name_and_stays(record, tmp_path, content):
    path = tmp_path / "emissions.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"emissions.csv must be a CSV file"):
        append_emissions_csv(record, path, g_per_kwh=400.0)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "parts", [{"gpu": "x"}, {"gpu": math.nan}, {"gpu": None}, {"gpu": True}, [1.0], "x", None]
)
def test_parts_are_finite_numbers(parts):
    with pytest.raises(ValueError, match="parts_kwh"):
        EnergyRecord(name="a", energy_kwh=1.0, parts_kwh=parts)
    with pytest.raises(ValueError, match="trial 1: parts_kwh"):
        EnergyRecord.of_attributes("trial 1", {"energy_kwh": 1.0, "energy_parts_kwh": parts})


def test_a_trial_without_a_known_meter_is_a_record_all_the_same():
    for meter in ("nvml", None, 3, {"kind": None}):
        found = EnergyRecord.of_attributes("t", {"energy_kwh": 1.0, "energy_meter": meter})
        assert (found.kind, found.meter) == ("", "")


def test_records_of_one_name_are_not_one_gauge(record):
    with pytest.raises(ValueError, match="two are 'one'"):
        prometheus_registry([record, record])
