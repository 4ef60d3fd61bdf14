import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.__main__ import make_app
from benchmarks.collection.estimated_energy import with_estimated_energy
from benchmarks.commands.derive_energy import derive_energy


def _record(**changes: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "config": {"depth": 4},
        "run": 3,
        "train_cpu_s": [2.0, 1.0],
        "inference_cpu_s": 0.5,
        "complexity": {"params": 1000, "flops": 10**6, "activations": 10**5},
        **changes,
    }


def test_the_estimate_adds_time_arithmetic_and_bytes() -> None:
    energy_kwh = with_estimated_energy(_record())["energy_kwh"]
    # 5 W x 1 s + 130 pJ x 3 x 4,000 x 1e6 + 244 pJ x (3 x 24 x 4,000 x 1e5 + 32 x 40 x 1,000)
    assert energy_kwh[1] * 3.6e6 == pytest.approx(5.0 + 1.56 + 244e-12 * (28.8e9 + 1.28e6))
    assert (energy_kwh[0] - energy_kwh[1]) * 3.6e6 == pytest.approx(5.0)


def test_the_record_says_that_its_energy_is_estimated() -> None:
    meter = with_estimated_energy(_record())["meter"]
    assert meter["kind"] == "estimated"
    assert 0.0 < meter["low_over_central"] < 1.0 < meter["high_over_central"]


def test_time_and_energy_are_different_axes() -> None:
    slow = with_estimated_energy(_record())
    dense = with_estimated_energy(
        _record(
            train_cpu_s=[1.5, 1.0],
            complexity={"params": 1000, "flops": 10**7, "activations": 10**5},
        )
    )
    assert sum(dense["train_cpu_s"]) < sum(slow["train_cpu_s"])
    assert sum(dense["energy_kwh"]) > sum(slow["energy_kwh"])


def test_derive_energy_keeps_every_measured_value(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps(_record(energy_kwh=[1.0, 1.0])) + "\n")
    arguments = ["derive-energy", str(source), str(target)]
    result = CliRunner().invoke(make_app(arguments), arguments)
    assert result.exit_code == 0, result.output
    derived = json.loads(target.read_text())
    assert derived == with_estimated_energy(_record())


def test_derived_records_are_flagged_and_measured_energy_stays() -> None:
    assert "disturbed" not in with_estimated_energy(_record())
    assert with_estimated_energy(_record(train_wall_s=[2.0, 2.0]))["disturbed"] is True
    assert with_estimated_energy(_record(train_wall_s=[2.0, 1.5]))["disturbed"] is False
    measured = _record(
        energy_kwh=[1.0, 1.0], meter={"kind": "measured", "name": "nvml"}, disturbed=False
    )
    measured["train_wall_s"] = [3.0, 2.0]
    assert with_estimated_energy(measured) == {**measured, "disturbed": True}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_cpu_s": None, "val_accuracy": [0.5]}, "train_cpu_s"),
        ({"inference_cpu_s": None}, "inference_cpu_s"),
        ({"complexity": None}, "complexity"),
        ({"complexity": {"params": "many"}}, "params"),
        ({"meter": "a watt-meter"}, "meter"),
        ({"train_cpu_s": [1.0, -1.0]}, "train_cpu_s"),
    ],
)
def test_a_run_whose_energy_cannot_be_estimated_is_named_and_nothing_written(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    records, out = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    lines = [_record(run=7), _record(run=8, **changes)]
    records.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(ValueError, match=message) as error:
        derive_energy(records, out)
    assert f"{records}, run 8:" in str(error.value)
    assert not out.exists()
