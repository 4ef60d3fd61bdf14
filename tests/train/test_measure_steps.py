"""Steps measured whole but for the GPU, whose place a counter takes; and on this processor."""

import json
import os
from dataclasses import asdict

import pytest
import torch
from typer.testing import CliRunner

from benchmarks.__main__ import make_app
from benchmarks.collection.planned_runs import planned_steps
from benchmarks.collection.training import gpu, metered, step_costs
from benchmarks.collection.training.steps import Steps
from benchmarks.commands import measure_steps
from eahas_plugins.energy import FakeMeter, MeterError
from surrogate.step_records import read_step_records
from tests.train.gpu_stand_in import OURS_OUTSIDE, SOMEBODY, Counter, working

SECONDS = {"train": 0.03, "evaluate": 0.01, "infer": 0.002}
SMALL = ("--task", "cifar10", "--batch", "2", "--image-size", "8")


@pytest.fixture
def counter(monkeypatch, tmp_path):
    counter = Counter()
    counter.take_the_place_of_a_gpu(monkeypatch, tmp_path)
    for name, seconds in SECONDS.items():
        monkeypatch.setattr(Steps, name, working(getattr(Steps, name), counter, seconds))
    return counter


def invoke(out, *options, check=False):
    words = ["measure-steps", *SMALL, "--out", str(out), *map(str, options)]
    return CliRunner().invoke(make_app(words), words, catch_exceptions=not check)


def rows(out):
    return [json.loads(line) for line in (out / "rows.jsonl").read_text().splitlines()]


def test_a_row_says_what_the_counter_counted(counter, tmp_path):
    out = tmp_path / "out"
    outcome = invoke(out, "--runs", 2, "--loader-wait", 0.02, "--window", 0.5)
    assert outcome.exit_code == 0, outcome.exception
    assert "Tesla V100, energy measured by nvml" in outcome.stderr
    assert not counter.read_before_work_was_done
    assert [row["run"] for row in rows(out)] == [0, 1]
    row = rows(out)[0]
    assert row["config"] == planned_steps("cifar10", 0).config
    for piece, work, images in (
        ("training", "train", 2),
        ("evaluation", "evaluate", 2),
        ("inference", "infer", 1),
    ):
        found = row[piece]
        assert found["images"] == images
        assert found["seconds"] == pytest.approx(SECONDS[work], rel=0.02)
        assert found["joules"] == pytest.approx(200.0 * SECONDS[work], rel=0.02)
        assert found["above_static_joules"] == pytest.approx(140.0 * SECONDS[work], rel=0.03)
        assert found["watts"] == pytest.approx(200.0, rel=0.01)
    assert len(row["training"]["windows_joules"]) == 2
    waited = row["training_with_wait"]
    assert waited["seconds"] == pytest.approx(0.05, rel=0.02)
    assert waited["joules"] == pytest.approx(200.0 * 0.03 + 60.0 * 0.02, rel=0.02)
    assert waited["above_static_joules"] == row["training"]["above_static_joules"]
    meter = row["meter"]
    assert (meter["kind"], meter["name"], meter["scope"]) == ("measured", "nvml", "GPU board")
    assert meter["static_watts"] == pytest.approx(60.0, rel=0.01)
    assert meter["window_s"] == 0.5
    assert all(n * SECONDS["train"] >= 0.49 for n in meter["repeats"][:1])
    state = {"sm_clock_mhz": 1380.0, "memory_clock_mhz": 877.0, "temperature_c": 41.0}
    for when in ("before", "after"):
        assert row[when] == {**state, "watts": pytest.approx(61.5)}
    assert row["machine"].items() >= {"gpu": "Tesla V100", "power_limit_watts": 250.0}.items()
    assert row["machine"]["driver"] == "580.1"
    assert {"torch", "cuda", "cudnn"} <= set(row["versions"])
    assert row["memory"]["peak_bytes"] == 123
    assert row["loss_is_finite"]


@pytest.mark.parametrize(
    ("step_s", "repeats", "n_most"),
    [(0.004, 75, 1 + 21 + 19 + 2 * 75), (0.2, 2, 1 + 1 + 1 + 2 * 2), (2.0, 1, 1 + 1 + 1 + 2)],
)
def test_no_work_is_done_that_no_window_needs(counter, step_s, repeats, n_most):
    n_worked = 0

    def work():
        nonlocal n_worked
        n_worked += 1
        counter.work(step_s)

    with gpu.only_user_of_gpu() as held:
        found = held.measured(
            lambda window: asdict(step_costs.measure_piece(window, work, images=8, n_windows=2)),
            window_s=0.3,
        )
    assert found["seconds"] == pytest.approx(step_s, rel=0.05)
    assert found["joules"] == pytest.approx(200.0 * step_s, rel=0.05)
    assert found["meter"]["repeats"] == [pytest.approx(repeats, rel=0.1)]
    assert n_worked <= n_most  # the first one, to learn how long it takes, to warm up, to measure


@pytest.mark.usefixtures("counter")
def test_it_goes_on_where_it_stopped(tmp_path):
    assert invoke(tmp_path, "--runs", 1).exit_code == 0
    first = (tmp_path / "rows.jsonl").read_text()
    (tmp_path / "rows.jsonl").write_text(first + '{"run": 1, "sta')
    assert invoke(tmp_path, "--runs", 3).exit_code == 0
    assert (tmp_path / "rows.jsonl").read_text().startswith(first)
    assert [row["run"] for row in rows(tmp_path)] == [0, 1, 2]
    assert len(read_step_records(tmp_path / "rows.jsonl")) == 3


@pytest.mark.usefixtures("counter")
def test_minutes_bound_it(tmp_path, monkeypatch):
    clock = iter([0.0, 10.0, 50.0, 70.0])
    monkeypatch.setattr(measure_steps.time, "monotonic", lambda: next(clock))
    outcome = invoke(tmp_path, "--runs", 10, "--minutes", 1)
    assert outcome.exit_code == 0, outcome.exception
    assert len(rows(tmp_path)) == 2
    assert "1 minutes are over: 2 configurations were begun and 8 are left" in outcome.stderr


@pytest.mark.usefixtures("counter")
@pytest.mark.parametrize(
    "other", [("--precision", "bf16"), ("--batch", "3"), ("--loader-wait", "0.5")]
)
def test_one_file_has_one_setting(tmp_path, other):
    assert invoke(tmp_path, "--runs", 1).exit_code == 0
    outcome = invoke(tmp_path, "--runs", 2, *other)
    assert outcome.exit_code == 2
    assert "name another folder with --out" in outcome.stderr
    assert len(rows(tmp_path)) == 1


def test_one_file_has_one_power_limit(counter, tmp_path):
    assert invoke(tmp_path, "--runs", 1).exit_code == 0
    counter.limit_mw = 200_000
    outcome = invoke(tmp_path, "--runs", 2)
    assert "has rows with power_limit_watts 250.0 but this is 200.0" in outcome.stderr
    assert len(rows(tmp_path)) == 1


def test_one_file_has_one_number_of_threads(tmp_path):
    options = ("--device", "cpu", "--window", 0.05)
    assert invoke(tmp_path, *options, "--runs", 1).exit_code == 0
    n_threads = torch.get_num_threads()
    torch.set_num_threads(n_threads + 1)
    try:
        outcome = invoke(tmp_path, *options, "--runs", 2)
    finally:
        torch.set_num_threads(n_threads)
    assert f"has rows with n_threads {n_threads} but this is {n_threads + 1}" in outcome.stderr


def test_what_does_not_fit_is_a_row_that_says_so(counter, tmp_path):
    counter.free_bytes = 1000
    assert invoke(tmp_path, "--runs", 1).exit_code == 0
    (row,) = rows(tmp_path)
    assert row["status"] == "out of memory"
    assert "but 1000 are free" in row["note"]
    assert row["memory"]["needed_bytes_at_least"] > 1000
    assert "training" not in row


@pytest.mark.usefixtures("counter")
@pytest.mark.parametrize(
    ("error", "note"),
    [
        (torch.OutOfMemoryError, "CUDA out of memory. Tried to allocate 2 GiB"),
        (RuntimeError, "CUDA error: out of memory"),
        (RuntimeError, "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"),
        (RuntimeError, "cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        (RuntimeError, "[enforce fail at alloc_cpu.cpp:118] can't allocate memory"),
        (MemoryError, ""),
    ],
)
def test_memory_that_runs_out_is_a_row_as_well(tmp_path, monkeypatch, error, note):
    def no_memory(steps):
        raise error(f"{note}\nmore")

    monkeypatch.setattr(Steps, "train", no_memory)
    assert invoke(tmp_path, "--runs", 2).exit_code == 0
    assert [row["status"] for row in rows(tmp_path)] == ["out of memory"] * 2
    assert rows(tmp_path)[0]["note"] == note


@pytest.mark.usefixtures("counter")
def test_a_network_that_fails_has_no_row_and_ends_nothing(tmp_path, monkeypatch):
    whole = Steps.train
    failing = iter([True])

    def no_kernel_for_the_first(steps):
        if next(failing, False):
            raise RuntimeError("FIND was unable to find an engine to execute this computation\nat")
        whole(steps)

    monkeypatch.setattr(Steps, "train", no_kernel_for_the_first)
    outcome = invoke(tmp_path, "--runs", 2)
    assert "Warning: run 0 cannot be measured: FIND was unable" in outcome.stderr
    assert "Error: 1 configurations could not be measured and have no row" in outcome.stderr
    assert outcome.exit_code == 2
    assert [row["run"] for row in rows(tmp_path)] == [1]
    assert invoke(tmp_path, "--runs", 2).exit_code == 0
    assert [row["run"] for row in rows(tmp_path)] == [1, 0]


@pytest.mark.usefixtures("counter")
def test_a_lost_device_ends_it(tmp_path, monkeypatch):
    def lost(*arguments):
        raise RuntimeError("an illegal memory access was encountered")

    def fails(steps):
        monkeypatch.setattr(torch.cuda, "synchronize", lost)
        lost()

    monkeypatch.setattr(Steps, "train", fails)
    with pytest.raises(RuntimeError, match="illegal"):
        invoke(tmp_path, "--runs", 2, check=True)
    assert rows(tmp_path) == []


def test_a_processor_whose_counter_stops_is_said_in_a_line(tmp_path, monkeypatch):
    class Stops(FakeMeter):
        def read(self):
            raise MeterError("RAPL no longer answers")

    monkeypatch.setattr(metered, "RaplMeter", Stops)
    outcome = invoke(tmp_path, "--runs", 1, "--device", "cpu")
    assert outcome.exit_code == 2
    assert outcome.stderr.splitlines()[1:] == ["Error: RAPL no longer answers."]


def test_company_is_refused_before_and_not_recorded_after(counter, tmp_path):
    counter.next_processes = [[], [], [], [OURS_OUTSIDE, SOMEBODY]]
    outcome = invoke(tmp_path, "--runs", 1)
    assert "1 process(es) do" in outcome.stderr
    assert rows(tmp_path) == []
    counter.processes = [SOMEBODY]
    assert "nothing else may run on the GPU" in invoke(tmp_path, "--runs", 1).stderr


def test_setting_up_the_gpu_is_no_company(counter, tmp_path):
    counter.processes = [os.getpid()]  # torch may have done so before it computes
    assert invoke(tmp_path, "--runs", 1).exit_code == 0
    counter.processes = [os.getpid(), SOMEBODY]
    assert "1 process(es) do" in invoke(tmp_path, "--runs", 2).stderr
    assert len(rows(tmp_path)) == 1


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_processor_is_metered_as_well(tmp_path, precision):
    options = ("--device", "cpu", "--window", 0.05, "--runs", 1, "--precision", precision)
    outcome = invoke(tmp_path, *options)
    assert outcome.exit_code == 0, outcome.exception
    (row,) = read_step_records(tmp_path / "rows.jsonl")
    assert row.status == "measured"
    assert row.meter["kind"] in ("measured", "estimated")
    assert row.training.joules > 0.0
    assert row.machine["n_threads"] >= 1


def test_the_real_sizes_of_images(tmp_path, monkeypatch):
    seen = []

    def nothing(device, config, trunk, *, seed, setting):
        seen.append((trunk.image_size_px, trunk.stem_width, setting.batch))
        return {"status": "out of memory", "note": "none", "memory": {}}

    monkeypatch.setattr(step_costs, "measure_steps_of", nothing)
    for task in ("cifar10", "tinyimagenet"):
        words = ["measure-steps", "--task", task, "--out", str(tmp_path / task), "--runs", "1"]
        words += ["--device", "cpu"]
        assert CliRunner().invoke(make_app(words), words).exit_code == 0
    assert seen == [(32, 16, 1024), (64, 32, 1024)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--device", "tpu"], "device must be cpu or cuda but got 'tpu'"),
        (["--precision", "fp8"], "precision must be one of fp32, tf32, bf16"),
        (["--device", "cpu", "--precision", "tf32"], "precision tf32 needs --device cuda"),
        (["--runs", "0"], "runs must be at least 1"),
        (["--batch", "1"], "batch 2 but got 400 and 1"),
        (["--loader-wait", "nan"], "loader_wait must be at least 0"),
        (["--window", "nan"], "window must be positive"),
        (["--minutes", "0"], "minutes must be positive"),
        (["--image-size", "4"], "image_size must be at least 8"),
        (["--task", "fashion-nano"], "to be simulated"),
    ],
)
def test_options_out_of_range(tmp_path, options, message):
    outcome = invoke(tmp_path, *options)
    assert outcome.exit_code == 2
    assert message in outcome.stderr
