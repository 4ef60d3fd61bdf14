from __future__ import annotations

import json
from dataclasses import replace

import pytest

from benchmarks.commands import statistics as statistics_command
from benchmarks.commands.simulate import records
from surrogate.official import import_official
from surrogate.record_files import read_records, write_records
from tests.surrogate.official.builders import write_checkpoints


@pytest.fixture(scope="module")
def record_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("records") / "tiny.jsonl.gz"
    write_records(path, records("tinyimagenet", 60, repeated=2, seed=3))
    return path


def test_figures_and_numbers_of_records(record_file, tmp_path):
    for folder in ("a", "b"):
        statistics_command.statistics("tinyimagenet", tmp_path / folder, records=record_file)
    found = json.loads((tmp_path / "a" / "statistics.json").read_text())
    assert found["provenance"]["kind"] == "simulated"
    assert found["n"] == 64
    assert found["figures"] == ["accuracy", "fronts", "power", "energy_runtime"]
    for name in found["figures"]:
        assert (tmp_path / "a" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (tmp_path / "a" / f"{name}.svg").read_text().startswith("<?xml")
    # the same records give the same files
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_the_kind_is_that_of_all_records_and_not_of_the_first(record_file, tmp_path):
    first, second, *others = read_records(record_file).records
    path = tmp_path / "odd.jsonl"
    write_records(path, [replace(first, meter={}), replace(second, meter=None), *others])
    statistics_command.statistics("tinyimagenet", tmp_path, records=path)
    found = json.loads((tmp_path / "statistics.json").read_text())
    assert found["provenance"]["kind"] == "simulated"


@pytest.mark.parametrize("task", ["cifar10", "fashion-nano"])
def test_every_task_has_statistics(task, tmp_path):
    statistics_command.statistics(task, tmp_path, configs=200, seed=1)
    found = json.loads((tmp_path / "statistics.json").read_text())
    assert found["provenance"]["kind"] == {"cifar10": "simulated"}.get(task, "measured")
    assert found["fronts"]["energy"]
    assert (tmp_path / "fronts.png").exists()


def test_notes_name_their_source():
    text = statistics_command.note(
        "cifar10", {"kind": "simulated", "meter": {"name": "m"}, "machine": [{"cpu": "c"}]}, 1234
    )
    assert text == "cifar10, 1,234 trainings · simulated · meter: m · machine: c"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"configs": 0}, "configs must be positive"),
        ({"seed": -1}, "seed not negative"),
    ],
)
def test_bad_input_is_refused(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        statistics_command.statistics("cifar10", tmp_path, **options)


def test_records_of_another_task_are_refused(record_file, tmp_path):
    with pytest.raises(ValueError, match="must hold trainings of cifar10"):
        statistics_command.statistics("cifar10", tmp_path, records=record_file)


def test_imported_folders_have_statistics(tmp_path):
    write_checkpoints(tmp_path / "in")
    import_official(tmp_path / "in", tmp_path / "imported", dataset="cifar10")
    statistics_command.statistics(str(tmp_path / "imported"), tmp_path / "out", configs=50)
    found = json.loads((tmp_path / "out" / "statistics.json").read_text())
    assert found["provenance"]["kind"] == "imported"
    assert list(found["accuracy_percent"]) == ["test_accuracy"]
