"""From measured steps to a simulated task that answers with them."""

import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

import surrogate
from benchmarks.__main__ import make_app
from benchmarks.commands.statistics import note
from surrogate.cli import app
from surrogate.fitting.costs import targets
from surrogate.folder import DATA
from surrogate.step_records import read_step_records
from tests.surrogate import made_up_steps


def invoke(*arguments):
    words = ["fit", *map(str, arguments)]
    return CliRunner().invoke(make_app(words), words)


@pytest.fixture(scope="module")
def steps(tmp_path_factory):
    path = tmp_path_factory.mktemp("steps") / "rows.jsonl"
    lines = made_up_steps.rows("cifar10", 100)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture(scope="module")
def folder(steps, tmp_path_factory):
    out = tmp_path_factory.mktemp("fitted") / "cifar10"
    outcome = invoke("--task", "cifar10", "--costs", steps, "--out", out)
    assert outcome.exit_code == 0, outcome.exception
    assert "energy and time predicted from 100 configurations measured on Made-up" in outcome.output
    assert "held-out R2: energy 0.99" in outcome.output
    assert "warning" not in outcome.output
    return out


def test_without_out_the_task_itself_gets_them(steps, tmp_path, monkeypatch):
    for module in ("surrogate.folder", "surrogate.loading"):
        monkeypatch.setattr(f"{module}.DATA", tmp_path)
    shutil.copytree(DATA / "cifar10", tmp_path / "cifar10")
    before = surrogate.load("cifar10", costs="simulated")
    outcome = invoke("--task", "cifar10", "--costs", steps)
    assert outcome.exit_code == 0, outcome.exception
    after = surrogate.load("cifar10")
    assert "measured on Made-up GPU" in after.provenance["energy"]
    assert surrogate.load("cifar10", constrained=True).provenance == after.provenance
    simulated = surrogate.load("cifar10", costs="simulated")
    assert simulated.provenance == before.provenance
    listed = CliRunner().invoke(app, ["tasks", "--json"])
    row = next(row for row in json.loads(listed.stdout) if row["task"] == "cifar10")
    words = "predicted from 100 configurations measured on Made-up GPU"
    assert row["provenance"] == {"accuracy": "simulated", "energy": words, "runtime": words}
    line = next(x for x in CliRunner().invoke(app, ["tasks"]).stdout.splitlines() if "cifar10" in x)
    assert line.split()[1:4] == ["simulated", "predicted", "predicted"]
    assert line.endswith("12,000 configs, 100 configurations measured on Made-up GPU")
    made = [(tmp_path / "cifar10" / name).read_bytes() for name in ("costs.npz", "costs.json")]
    invoke("--task", "cifar10", "--costs", steps)  # the same rows give the same bytes
    assert made == [(tmp_path / "cifar10" / n).read_bytes() for n in ("costs.npz", "costs.json")]


def test_energy_and_time_are_those_of_the_rows(folder, steps):
    bench = surrogate.load(folder)
    for row in read_step_records(steps)[:20]:
        energy, runtime, inference, *_ = np.exp(targets(row, loader_wait_s=0.0))
        run = bench.query(row.config)
        n = row.config["max_epoch"]
        assert run.energy_kwh[-1] == pytest.approx(n * energy, rel=0.1)
        assert run.runtime_s[-1] == pytest.approx(n * runtime, rel=0.1)
        assert run.inference_energy_kwh == pytest.approx(inference, rel=0.1)
        np.testing.assert_allclose(np.diff(run.runtime_s), run.runtime_s[0])  # all epochs alike


def test_each_quantity_says_where_it_comes_from(folder):
    bench = surrogate.load(folder)
    told = bench.provenance
    words = "predicted from 100 configurations measured on Made-up GPU"
    assert (told["accuracy"], told["energy"], told["inference_energy"]) == (
        "simulated",
        words,
        words,
    )
    assert told["runtime"].startswith(words)
    assert told["meter"]["name"] == "nvml"
    assert not any("energy" in name or "runtime" in name for name in told["held_out"])
    assert "machine: Made-up GPU" in note("cifar10", told, 1)
    run = bench.query(bench.space.get_default_configuration())
    assert run.provenance == {
        "train_accuracy": "simulated",
        "val_accuracy": "simulated",
        "test_accuracy": "simulated",
        "energy_kwh": "predicted",
        "runtime_s": "predicted",
        "inference_energy_kwh": "predicted",
    }


def test_the_simulated_costs_stay(folder):
    shipped = surrogate.load("cifar10", costs="simulated")
    simulated = surrogate.load(folder, costs="simulated")
    config = shipped.space.get_default_configuration()
    for seed in (None, 3):
        ours, theirs = simulated.query(config, seed=seed), shipped.query(config, seed=seed)
        np.testing.assert_array_equal(ours.energy_kwh, theirs.energy_kwh)
        np.testing.assert_array_equal(ours.runtime_s, theirs.runtime_s)
    assert simulated.provenance == shipped.provenance
    assert ours.provenance["energy_kwh"] == "simulated"
    predicted = surrogate.load(folder, costs="predicted")
    np.testing.assert_array_equal(
        predicted.query(config).val_accuracy, shipped.query(config).val_accuracy
    )
    assert predicted.query(config).energy_kwh[-1] != shipped.query(config).energy_kwh[-1]


def test_many_are_the_same_as_one_by_one(folder):
    bench = surrogate.load(folder)
    configs = bench.space.sample_configuration(30)
    for seed in (None, 5):
        for config, run in zip(configs, bench.query_many(configs, seed=seed), strict=True):
            alone = bench.query(config, seed=seed)
            np.testing.assert_allclose(alone.energy_kwh, run.energy_kwh, rtol=1e-9)
            np.testing.assert_allclose(alone.val_accuracy, run.val_accuracy, rtol=1e-9)


def test_seeds_differ_as_much_as_a_step_measured_twice(folder):
    bench = surrogate.load(folder)
    config = bench.space.get_default_configuration()
    mean = bench.query(config).energy_kwh[-1]
    drawn = [bench.query(config, seed=seed).energy_kwh[-1] for seed in range(30)]
    assert 0.0005 < np.std(np.log(drawn)) < 0.004  # the rows have 0.002
    assert np.mean(drawn) == pytest.approx(mean, rel=0.01)


def test_the_card_has_the_quality(folder):
    text = (folder / "COSTS.md").read_text()
    held = surrogate.load(folder).provenance["costs_from"]["held_out"]
    for name in ("energy", "time", "power"):
        assert f"| {name} | {held[f'{name}_r2']} | {held[f'{name}_rank_correlation']} |" in text
    assert "{" not in text
    assert all(len(line) <= 100 for line in text.splitlines() if line[:1] not in "|-")


def test_waiting_for_data_is_a_parameter(steps, tmp_path):
    outs = [tmp_path / "none", tmp_path / "wait"]
    for out, wait in zip(outs, (0.0, 0.2), strict=True):
        figure = ("--figure", tmp_path / "power.png") if wait else ()
        arguments = ("--costs", steps, "--out", out, "--loader-wait", wait, *figure)
        outcome = invoke("--task", "cifar10", *arguments)
        assert outcome.exit_code == 0, outcome.exception
    config = surrogate.load(outs[0]).space.get_default_configuration()
    plain, waiting = (surrogate.load(out).query(config) for out in outs)
    steps_done = config["max_epoch"] * 40_000 / 1024
    assert waiting.runtime_s[-1] - plain.runtime_s[-1] == pytest.approx(0.2 * steps_done, rel=0.1)
    assert (tmp_path / "power.png").stat().st_size > 1000
    shown = "![Mean power over the time of an epoch](../power.png)\n\n##"
    assert [shown in (out / "COSTS.md").read_text() for out in outs] == [False, True]


def test_a_figure_that_cannot_be_drawn_changes_no_costs(steps, folder, tmp_path):
    out = shutil.copytree(folder, tmp_path / "out")
    before = (out / "costs.json").read_bytes()
    arguments = ("--costs", steps, "--out", out, "--loader-wait", 0.2, "--figure")
    for name in ("power.nothing", "no folder/power.png"):
        assert invoke("--task", "cifar10", *arguments, tmp_path / name).exit_code == 2
    assert (out / "costs.json").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--task", "cifar10"], "either --records or --costs"),
        (["--task", "cifar10", "--costs", "a", "--records", "b"], "either --records or --costs"),
        (["--task", "cifar10", "--costs", "a"], "costs must be a file of measure-steps"),
        (["--task", "cifar10", "--costs", "a", "--keep-records"], "belongs to --records"),
        (["--task", "cifar10", "--records", "a"], "with --records give --out"),
    ],
)
def test_options_that_do_not_fit_together(options, message):
    outcome = invoke(*options)
    assert outcome.exit_code == 2
    assert message in outcome.stderr


def rows_file(folder, n, **other):
    path = folder / "rows.jsonl"
    lines = made_up_steps.rows("cifar10", n, **other)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_an_estimate_does_not_become_that_of_the_task(tmp_path, monkeypatch):
    monkeypatch.setattr("surrogate.folder.DATA", tmp_path)
    meter = {"kind": "estimated", "name": "cpu-time", "static_watts": 0.0}
    outcome = invoke("--task", "cifar10", "--costs", rows_file(tmp_path, 30, meter=meter))
    assert "is estimated, so it must not become that of cifar10" in outcome.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


def test_images_of_another_size_do_not_become_those_of_the_task(tmp_path, monkeypatch):
    monkeypatch.setattr("surrogate.folder.DATA", tmp_path)
    path = rows_file(tmp_path, 30, image_size_px=8)
    outcome = invoke("--task", "cifar10", "--costs", path)
    assert "images of 8 pixels, and those of cifar10 have 32" in outcome.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


def test_extrapolations_are_warned_about(tmp_path):
    path, out = rows_file(tmp_path, 25), tmp_path / "out"
    outcome = invoke("--task", "cifar10", "--costs", path, "--out", out)
    assert "% of the space's networks are larger or smaller" in outcome.output
    share = surrogate.load(out).provenance["costs_from"]["share_outside"]
    text = " ".join((out / "COSTS.md").read_text().split())
    assert f"{100.0 * share:.2g} % are beyond that" in text


def test_a_bad_fit_is_warned_about(tmp_path):
    path = rows_file(tmp_path, 40, noise=1.5)
    outcome = invoke("--task", "cifar10", "--costs", path, "--out", tmp_path / "out")
    assert outcome.exit_code == 0, outcome.exception
    assert "Warning: configurations that were held out are predicted badly" in outcome.output


def test_a_task_that_is_not_simulated_keeps_its_costs(steps, tmp_path):
    outcome = invoke("--task", "fashion-nano", "--costs", steps, "--out", tmp_path / "out")
    assert "to be simulated" in outcome.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["fashion-nano", "fashion-nano-table"])
def test_costs_cannot_be_chosen_where_there_is_no_choice(name):
    with pytest.raises(ValueError, match="costs"):
        surrogate.load(name, costs="simulated")


@pytest.mark.parametrize("task", ["cifar10", "tinyimagenet"])
def test_costs_that_nobody_measured(task):
    folder = DATA / task
    assert f"measure-steps --task {task}" in (folder / "README.md").read_text()
    if not (folder / "costs.npz").exists():
        with pytest.raises(ValueError, match=f"measure-steps --task {task}"):
            surrogate.load(task, costs="predicted")
    with pytest.raises(ValueError, match="costs must be one of predicted, simulated"):
        surrogate.load(task, costs="measured")


def test_costs_that_were_lost_are_missed(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy", ignore=shutil.ignore_patterns("costs.*"))
    with pytest.raises(ValueError, match=r"costs\.json is missing"):
        surrogate.load(copy)
    assert surrogate.load(copy, costs="simulated").provenance["energy"] == "simulated"


@pytest.mark.parametrize("name", ["costs.npz", "costs.json"])
@pytest.mark.parametrize("lost", [True, False])
def test_half_of_the_costs_is_an_error_that_names_the_file(folder, tmp_path, name, lost):
    copy = shutil.copytree(folder, tmp_path / "copy")
    if lost:
        (copy / name).unlink()
    else:
        (copy / name).write_bytes(b"nothing")
    with pytest.raises(ValueError, match=name):
        surrogate.load(copy)
    assert surrogate.load(copy, costs="simulated").provenance["energy"] == "simulated"
