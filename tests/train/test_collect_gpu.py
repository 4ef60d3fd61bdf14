"""Collection with measured energy, whole but for the GPU: the CPU works and a counter counts."""

import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from benchmarks.__main__ import make_app
from benchmarks.collection.planned_runs import PlannedRun, planned_run
from benchmarks.collection.training import data, gpu
from benchmarks.collection.training import train as training
from benchmarks.commands import collect
from surrogate.fitting.dataset import from_records
from surrogate.record_files import read_records
from surrogate.space.definitions import TASKS
from tests.train.gpu_stand_in import OURS_OUTSIDE, SOMEBODY, Counter, working


@pytest.fixture
def counter(monkeypatch, tmp_path):
    """A GPU for torch and NVML; small splits and one short configuration, to be quick."""
    counter = Counter()
    counter.take_the_place_of_a_gpu(monkeypatch, tmp_path)
    for name in ("_train_epoch", "_accuracy"):
        monkeypatch.setattr(training, name, working(getattr(training, name), counter))
    monkeypatch.setattr(data, "N_PER_SPLIT", 100)
    short = {
        **planned_run("fashion-nano", 0).config,
        "depth": 4,
        "w0": 8,
        "wa": 2.0,
        "max_epoch": 10,
    }
    monkeypatch.setattr(
        collect,
        "planned_run",
        lambda task, run: PlannedRun(run=run, config_run=0, config=short, seed=7 + run),
    )
    return counter


def invoke(*arguments):
    words = ["collect", *map(str, arguments)]
    return CliRunner().invoke(make_app(words), words)


@pytest.mark.usefixtures("counter")
def test_measured_runs_are_recorded_and_can_be_learnt_from(images, tmp_path, counter):
    out = tmp_path / "out"
    options = ("--device", "cuda", "--meter", "nvml", "--data", images, "--out", out)
    options += ("--windows", "0")
    outcome = invoke(*options, "--runs", "1")
    assert outcome.exit_code == 0, outcome.output
    outcome = invoke(*options, "--runs", "2")
    assert outcome.exit_code == 0, outcome.output
    assert not counter.read_before_work_was_done
    path = out / "fashion-nano-gpu.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["run"] for line in lines] == [0, 1]
    line = lines[0]
    assert line["task"] == "fashion-nano-gpu"
    meter = line["meter"]
    assert (meter["kind"], meter["name"], meter["scope"]) == ("measured", "nvml", "GPU board")
    assert meter["counter"].startswith("nvmlDeviceGetTotalEnergyConsumption")
    assert meter["static_watts"] == pytest.approx(60.0, rel=0.01)
    assert (meter["window_s"], meter["repeats"]) == (0.5, [2, 2])
    assert 0.0 < meter["update_s"] < 0.01
    gpu_of = {"gpu": "Tesla V100", "driver": "580.1", "power_limit_watts": 250.0}
    assert line["machine"].items() >= gpu_of.items()
    assert "cuda" in line["versions"]
    assert line["disturbed"] in (True, False)
    for name in ("energy_kwh", "train_wall_s", "train_cpu_s", "val_accuracy"):
        assert len(line[name]) == 10
    joules = 3.6e6 * np.array([*line["energy_kwh"], line["inference_energy_kwh"]])
    np.testing.assert_allclose(joules, 60.0, rtol=0.01)
    np.testing.assert_allclose(line["train_wall_s"], 0.3, rtol=0.01)
    dataset = from_records(read_records(path).records, "fashion-nano-gpu")
    assert {"energy_kwh", "runtime_s", "inference_energy_kwh"} <= set(dataset.cost_names)


@pytest.mark.usefixtures("counter")
def test_a_few_epochs_tell_the_others(images, tmp_path):
    lines = []
    for windows in (["--windows", "0"], [], ["--windows", "2"]):
        out = tmp_path / "-".join(["out", *windows])
        options = ("--device", "cuda", "--data", images, "--out", out, "--runs", "1")
        outcome = invoke(*options, *windows)
        assert outcome.exit_code == 0, outcome.output
        (line,) = (out / "fashion-nano-gpu.jsonl").read_text().splitlines()
        lines.append(json.loads(line))
    each, some, two = lines
    assert each["meter"]["measured_epochs"] == list(range(10))
    assert some["meter"]["measured_epochs"] == [0, 3, 6, 9]
    assert two["meter"]["measured_epochs"] == [0, 9]
    # Epochs of one training cost the same: no further apart than the counter can tell.
    resolution = each["meter"]["update_s"] / each["meter"]["window_s"]
    assert each["meter"]["window_spread"] <= 2.0 * resolution
    for line in (some, two):
        assert len(line["energy_kwh"]) == 10
        np.testing.assert_allclose(line["energy_kwh"], each["energy_kwh"], rtol=2.0 * resolution)
        assert min(line["train_wall_s"]) > 0.0
        assert line["meter"]["window_spread"] <= 2.0 * resolution
        for name in ("train_loss", "val_accuracy", "test_accuracy"):
            assert line[name] == each[name]


def test_epochs_that_differ_are_told(counter, images, tmp_path, monkeypatch):
    work, n_worked = counter.work, iter(range(10**6))
    monkeypatch.setattr(
        counter, "work", lambda seconds: work(seconds * (1.0 + 0.01 * next(n_worked)))
    )
    options = ("--device", "cuda", "--data", images, "--out", tmp_path, "--runs", "1")
    outcome = invoke(*options)
    assert outcome.exit_code == 0
    line = json.loads((tmp_path / "fashion-nano-gpu.jsonl").read_text())
    assert line["meter"]["window_spread"] > 0.1
    spread = f"{line['meter']['window_spread']:.0%}"
    assert f"run 0: the epochs that were measured differ by {spread}" in outcome.stderr


@pytest.mark.parametrize(
    ("n_epochs", "n_windows", "measured"),
    [
        (10, None, list(range(10))),
        (10, 4, [0, 3, 6, 9]),
        (2, 4, [0, 1]),
        (1, 4, [0]),
        (5, 2, [0, 4]),
    ],
)
def test_measured_epochs_are_evenly_spread(n_epochs, n_windows, measured):
    assert training.spread_epochs(n_epochs, n_windows) == measured


@pytest.mark.usefixtures("counter")
def test_repeating_epochs_changes_no_training(images):
    planned = collect.planned_run("fashion-nano-gpu", 0)
    splits = data.load_splits(images)
    trunk = TASKS["fashion-nano"].trunk
    plain = training.train(planned.config, seed=7, splits=splits, trunk=trunk)
    with gpu.only_user_of_gpu() as held:
        measured = held.train(planned.config, seed=7, splits=splits, trunk=trunk)
    assert measured["meter"]["repeats"][0] == 2
    for name in ("train_loss", "train_accuracy", "val_accuracy", "test_accuracy"):
        np.testing.assert_array_equal(measured[name], plain[name])
    assert "energy_kwh" not in plain


def test_a_gpu_in_use_is_refused(images, tmp_path, counter):
    counter.processes = [SOMEBODY]
    outcome = invoke("--device", "cuda", "--data", images, "--out", tmp_path, "--runs", "1")
    assert outcome.exit_code == 2
    assert "nothing else may run on the GPU" in outcome.stderr


def test_a_run_with_company_is_not_recorded(images, tmp_path, counter):
    counter.next_processes = [[], [], [OURS_OUTSIDE, SOMEBODY]]
    outcome = invoke("--device", "cuda", "--data", images, "--out", tmp_path, "--runs", "1")
    assert "1 process(es) do" in outcome.stderr
    assert (tmp_path / "fashion-nano-gpu.jsonl").read_text() == ""


@pytest.mark.usefixtures("counter")
def test_one_collection_at_a_time(images, tmp_path):
    with gpu.only_user_of_gpu():
        outcome = invoke("--device", "cuda", "--data", images, "--out", tmp_path)
    assert "another collection measures this GPU" in outcome.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--device", "cuda", "--jobs", "2"], "jobs must be 1 with --device cuda but got 2"),
        (["--device", "cuda", "--meter", "estimate"], "the meter must be nvml but got estimate"),
        (["--meter", "nvml"], "with --device cpu the meter must be estimate but got nvml"),
        (["--device", "cuda", "--task", "fashion-nano"], "the task must be fashion-nano-gpu"),
        (["--task", "cifar10"], "with --device cpu the task must be fashion-nano but"),
        (["--device", "tpu"], "device must be cpu or cuda but got 'tpu'"),
        (["--windows", "3"], "--windows belongs to --device cuda"),
        (["--device", "cuda", "--windows", "1"], "windows must be 0 or at least 2 but got 1"),
        (["--meter", "rapl"], "meter must be estimate or nvml but got 'rapl'"),
    ],
)
def test_options_that_do_not_fit_together(options, message, tmp_path):
    outcome = invoke("--out", tmp_path, *options)
    assert outcome.exit_code == 2
    assert message in outcome.stderr


def test_without_a_gpu_the_message_says_what_to_do(images, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    outcome = invoke("--device", "cuda", "--data", images, "--out", tmp_path)
    assert outcome.exit_code == 2
    message = outcome.stderr
    assert "--device cuda needs a GPU but torch" in message
    assert "nvidia-smi" in message
    assert "use --device cpu" in message
