import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.__main__ import make_app
from benchmarks.collection.estimated_energy import with_estimated_energy
from benchmarks.collection.record_file import read_runs
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


def test_derive_energy_keeps_every_measured_value(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps(_record(energy_kwh=[1.0, 1.0])) + "\n")
    arguments = ["derive-energy", str(source), str(target)]
    result = CliRunner().invoke(make_app(arguments), arguments)
    assert result.exit_code == 0, result.output
    derived = json.loads(target.read_text())
    assert derived == with_estimated_energy(_record())


@pytest.mark.parametrize("packed", [False, True])
def test_records_are_only_read(tmp_path: Path, packed: bool) -> None:
    ends = ".jsonl.gz" if packed else ".jsonl"
    source, target = tmp_path / f"in{ends}", tmp_path / f"out{ends}"
    lines = "".join(json.dumps(_record(run=run)) + "\n" for run in range(9))
    torn = (lines + '{"run": 9, "conf').encode()
    content = gzip.compress(torn, mtime=0) if packed else torn
    source.write_bytes(content)
    source.chmod(0o444)
    derive_energy(source, target)
    assert source.read_bytes() == content
    assert [run["run"] for run in read_runs(target)] == list(range(9))


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
