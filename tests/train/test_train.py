import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from benchmarks.collection.planned_runs import planned_run
from benchmarks.collection.training.data import load_splits
from benchmarks.collection.training.train import learning_rate, train
from surrogate.space.definitions import TASKS
from surrogate.space.tasks import check, get_space
from tests.surrogate.made_up import record


def _short() -> dict[str, object]:
    config = check(get_space("fashion-nano", seed=1).sample_configuration(), "fashion-nano")
    return {**config, "depth": 4, "w0": 8, "wa": 2.0, "max_epoch": 2, "cutout_length": 4}


def test_the_same_seed_trains_the_same_network(images: Path) -> None:
    torch.set_num_threads(1)
    splits = load_splits(images)
    trunk = TASKS["fashion-nano"].trunk
    first = train(_short(), seed=5, splits=splits, trunk=trunk)
    second = train(_short(), seed=5, splits=splits, trunk=trunk)
    other = train(_short(), seed=6, splits=splits, trunk=trunk)
    for name in ("train_loss", "train_accuracy", "val_accuracy", "test_accuracy"):
        assert first[name] == second[name]
        assert len(first[name]) == 2
    assert first["train_loss"] != other["train_loss"]
    assert min(first["train_cpu_s"]) > 0.0
    assert first["inference_cpu_s"] > 0.0


@pytest.mark.parametrize("policy", ["cos", "exp", "lin"])
def test_learning_rates_warm_up_and_fall(policy: str) -> None:
    config = {"base_lr": 0.1, "lr_policy": policy, "max_epoch": 20}
    rates = [learning_rate(config, epoch) for epoch in range(20)]
    assert rates[0] == pytest.approx(0.01)
    assert max(rates) == rates[2]
    assert rates[2:] == sorted(rates[2:], reverse=True)
    assert 0.0 < rates[-1] < 0.02


def test_missing_images_name_the_package(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="apt-get install dataset-fashion-mnist"):
        load_splits(tmp_path)


def test_a_killed_collection_goes_on_and_leaves_no_process(images: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "collect", "--runs", "2"]
    command += ["--data", str(images), "--out", str(tmp_path)]
    path = tmp_path / "fashion-nano.jsonl"
    first = {**record(planned_run("fashion-nano", 0).config, run=0).to_json(), "marker": True}
    path.write_text(json.dumps(first) + '\n{"run": 1, "val_acc')
    killed = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120.0
    while not (workers := _children(killed.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert workers
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
    # Run 1 has not been trained; run 0 is left as it was.
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, timeout=300)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert rows[0] == first
    assert [row["run"] for row in rows] == [0, 1]
    assert rows[1]["config"] == planned_run("fashion-nano", 1).config
    assert len(rows[1]["energy_kwh"]) == rows[1]["config"]["max_epoch"]
    assert rows[1]["meter"]["kind"] == "estimated"


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in text.split()]
