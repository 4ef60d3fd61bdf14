import dataclasses

import numpy as np
import pytest
from typer.testing import CliRunner

import surrogate
from benchmarks.__main__ import make_app
from benchmarks.collection.estimated_energy import with_estimated_energy
from benchmarks.commands.card import compose, draw
from surrogate.folder import DATA
from surrogate.records import Record
from tests.surrogate import made_up

SECTIONS = (
    "What it is for",
    "What is in it",
    "How, on what and when",
    "Time",
    "Known limits",
    "Check and extend",
    "Licence and citation",
)


def run(*words):
    arguments = ["card", *map(str, words)]
    return CliRunner().invoke(make_app(arguments), arguments)


def rows_of(lines):
    return [Record.from_json(line).row() for line in lines]


def lines(task):
    for place, record in enumerate(made_up.records(12, 3)):
        seconds = [float(s) for s in record.train_cpu_s]
        yield {
            **record.to_json(),
            "task": task,
            "config_run": record.run if record.run < 12 else (record.run - 12) // 2,
            "train_wall_s": [(1.5 if place < 4 else 1.0) * s for s in seconds],
            "inference_cpu_s": 0.5,
            "machine": {"cpu": "a processor", "n_cores": 2, "system": "Linux"},
            "versions": {"torch": "2.9"},
            "started": f"2026-01-{1 + place:02}T00:00:00+00:00",
        }


def test_the_shipped_card_is_that_of_the_shipped_data():
    text = compose(
        surrogate.load("fashion-nano-table").records,
        "fashion-nano",
        figure="../../../docs/fashion_nano.png",
    )
    card = DATA / "fashion-nano" / "README.md"
    remedy = (
        "python -m benchmarks card --out surrogate/data/fashion-nano/README.md "
        "--figure docs/fashion_nano.png"
    )
    assert card.read_text() == text, f"write it anew: {remedy}"
    assert (card.parent / "../../../docs/fashion_nano.png").is_file()


def test_estimated_energy_is_explained():
    rows = rows_of(with_estimated_energy(line) for line in lines("fashion-nano"))
    text = compose(rows, "fashion-nano", figure="f.png")
    for section in (*SECTIONS, "Energy is an estimate"):
        assert f"\n## {section}\n" in text
    epochs = np.array([[row.runtime_s[-1], row.energy_kwh[-1]] for row in rows])
    epochs /= np.array([[len(row.runtime_s)] for row in rows])
    correlation = np.corrcoef(epochs.T)[0, 1]
    assert f"of an epoch is {correlation:.3f}" in " ".join(text.split())
    assert "18 complete trainings of 12 configurations; 3 configurations" in text
    assert "4 of 18 runs took over 20 % longer" in text
    assert "from 2026-01-01 to 2026-01-18" in " ".join(text.split())
    assert "| `static_watts_per_core` | 5 | 2.8 to 8 | W |" in text
    assert "Assumed:" in text
    assert "{" not in text
    assert all(len(line) <= 100 for line in text.splitlines() if not line.startswith("|"))


def test_measured_energy_is_explained():
    measured = []
    for place, line in enumerate(lines("fashion-nano-gpu")):
        line["meter"] = {
            "kind": "measured",
            "name": "nvml",
            "counter": "the counter",
            "static_watts": 50.0 + place,
            "update_s": 0.02,
            "window_s": 2.0,
            "repeats": [7, 40],
        }
        line["machine"] |= {"gpu": "Tesla V100", "driver": "580.1", "power_limit_watts": 250.0}
        measured.append(line)
    prose = " ".join(compose(rows_of(measured), "fashion-nano-gpu", figure="f.png").split())
    assert "Each epoch is measured." in prose
    for line in measured[:3]:
        line["meter"] |= {"measured_epochs": [0, 4, 9], "window_spread": 0.012}
    text = compose(rows_of(measured), "fashion-nano-gpu", figure="f.png")
    for section in (*SECTIONS, "Energy is measured"):
        assert f"\n## {section}\n" in text
    prose = " ".join(text.split())
    assert "Tesla V100, driver 580.1, power limit 250.0 W (18 runs)" in prose
    assert "54.2 / 58.5 / 62.8 W" in prose
    assert "every 20 ms" in prose
    assert "training energy of a run (`energy_kwh`, kWh) | **measured**" in prose
    assert f"In 3 of {len(measured)} runs some epochs are measured" in prose
    assert "differ by 1.2 / 1.2 / 1.2 %" in prose
    assert "a move of the counter is 1 % of a window" in prose
    assert "collect --device cuda --meter nvml` adds runs" in prose
    assert "{" not in text


def test_a_card_does_not_explain_coefficients_that_were_not_used():
    rows = rows_of(with_estimated_energy(line) for line in lines("fashion-nano"))
    meter = {**rows[0].record.meter, "coefficients": {"static_watts_per_core": 6.0}}
    record = dataclasses.replace(rows[0].record, meter=meter)
    with pytest.raises(ValueError, match="derive-energy"):
        compose([record.row(), *rows[1:]], "fashion-nano", figure="f.png")


def test_figure_and_card_are_written(tmp_path):
    out, figure = tmp_path / "a" / "card.md", tmp_path / "b.png"
    out.parent.mkdir()
    outcome = run("--out", out, "--figure", figure)
    assert outcome.exit_code == 0, outcome.output
    assert "](../b.png)" in out.read_text()
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_figures_name_the_kind_of_energy(tmp_path, monkeypatch):
    from matplotlib import pyplot as plt

    rows = rows_of(with_estimated_energy(line) for line in lines("fashion-nano"))
    labels = []
    with monkeypatch.context() as patched:
        patched.setattr(
            plt, "close", lambda figure: labels.extend(a.get_xlabel() for a in figure.axes)
        )
        draw(rows, tmp_path / "f.png", "fashion-nano")
    plt.close("all")
    assert labels == ["epoch", "training energy, J (estimated)"]
