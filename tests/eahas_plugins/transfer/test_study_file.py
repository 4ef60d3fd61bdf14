import gzip
import json

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from eahas_plugins.models.kwh import Choice, Number
from eahas_plugins.transfer import EarlierStudy, EarlierTrial, read_study, write_study
from tests.eahas_plugins.transfer.studies import made_up


@pytest.mark.parametrize("name", ["study.jsonl", "study.jsonl.gz"])
def test_a_study_is_read_as_it_was_written(tmp_path, name):
    study = made_up(5, key="seed 0, at noon", maximize=False)
    write_study(study, tmp_path / name)
    assert read_study(tmp_path / name) == study


def test_what_is_unknown_is_not_written(tmp_path):
    trials = (EarlierTrial(config={}, value=1.0), EarlierTrial(config={}, value=2.0, length=3.0))
    study = EarlierStudy(name="s", maximize=True, parameters={}, trials=trials)
    write_study(study, tmp_path / "s.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "s.jsonl").read_text().splitlines()]
    assert lines[1:] == [{"config": {}, "value": 1.0}, {"config": {}, "value": 2.0, "length": 3.0}]
    assert read_study(tmp_path / "s.jsonl") == study


def test_choices_may_be_whatever_json_has(tmp_path):
    parameters = {"k": Choice(values=([64, 32], {"a": 1}, None, True, 1, 0.5))}
    trials = tuple(EarlierTrial(config={"k": value}, value=1.0) for value in parameters["k"].values)
    study = EarlierStudy(name="s", maximize=True, parameters=parameters, trials=trials)
    write_study(study, tmp_path / "s.jsonl")
    found = read_study(tmp_path / "s.jsonl")
    assert [t.config["k"] for t in found.trials] == list(parameters["k"].values)


def test_other_values_are_refused(tmp_path):
    parameters = {"k": Choice(values=(object(),))}
    study = EarlierStudy(name="odd", maximize=True, parameters=parameters, trials=())
    with pytest.raises(ValueError, match="parameters of 'odd' must be numbers, texts"):
        write_study(study, tmp_path / "s.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_a_journal_of_optunas_whose_study_is_called_like_the_format(tmp_path):
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "study.log")))
    study = optuna.create_study(study_name="eahas-study", storage=storage)
    study.add_trial(optuna.create_trial(value=1.0))
    assert [t.value for t in read_study(tmp_path / "study.log").trials] == [1.0]


HEADER = {
    "format": "eahas-study",
    "version": 1,
    "name": "s",
    "maximize": True,
    "parameters": {"x": {"low": 0.0, "high": 1.0}, "k": {"choices": ["a"]}},
}
TRIAL = {"config": {"x": 0.5}, "value": 1.0}


@pytest.mark.parametrize(
    ("header", "trial"),
    [
        ({"version": 2}, {}),
        ({"version": 3, "objectives": ["loss", "size"], "name": None, "parameters": []}, {}),
        ({"version": 2}, {"values": [1.0], "value": None}),
    ],
)
def test_a_newer_version_is_named_whatever_else_is_new_in_it(tmp_path, header, trial):
    path = tmp_path / "s.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in (HEADER | header, TRIAL | trial)))
    with pytest.raises(ValueError, match=r"but has [23]: a newer eahas-plugins wrote it. Install"):
        read_study(path)


@pytest.mark.parametrize(
    ("header", "trial", "message"),
    [
        ({"version": "one"}, {}, "line 1, must have version 1 of the format .* but has 'one'"),
        ({"version": 0}, {}, "line 1, must have version 1 of the format .* but has 0: export"),
        ({"version": True}, {}, "line 1, must have version 1 of the format .* but has True"),
        ({"maximize": "yes"}, {}, "maximize must be true or false"),
        ({"parameters": {"x": {"low": 1.0, "high": 0.0}}}, {}, "low must not exceed high"),
        ({"parameters": {"x": {"low": 0.0}}}, {}, "must have low and high, or choices"),
        ({"parameters": {"x": {"low": 0, "high": 1, "log": True}}}, {}, "low must be positive"),
        ({"parameters": {"k": {"choices": []}}}, {}, "choices must not be empty"),
        ({}, {"value": 1e999}, "line 2, must have finite numbers"),
        ({}, {"value": "high"}, "line 2, .*value must be a number"),
        ({}, {"energy_kwh": -1.0}, "line 2, .*energy_kwh must be positive"),
        ({}, {"config": {"y": 1.0}}, "line 2, must have values of its parameters but 'y' is not"),
        ({}, {"config": {"x": "a"}}, "line 2, must have values of its parameters but 'x' is not"),
        ({}, {"config": {"k": "b"}}, "line 2, must have values of its parameters but 'k' is not"),
        ({}, {"extra": 1}, "line 2, .*no field 'extra'"),
    ],
)
def test_damaged_files_are_named(tmp_path, header, trial, message):
    path = tmp_path / "s.jsonl"
    lines = [{**HEADER, **header}, {**TRIAL, **trial}]
    path.write_text("\n".join(json.dumps(line) for line in lines).replace("Infinity", "1e999"))
    with pytest.raises(ValueError, match=message) as error:
        read_study(path)
    assert str(path) in str(error.value)


def test_another_file_is_none(tmp_path):
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"x": 1}\n'))
    with pytest.raises(ValueError, match="must be an SQLite database or a journal"):
        read_study(path)
    with pytest.raises(FileNotFoundError, match="there must be a study or run"):
        read_study(tmp_path / "nothing")


def test_numbers_keep_their_range(tmp_path):
    write_study(made_up(1), tmp_path / "s.jsonl")
    assert read_study(tmp_path / "s.jsonl").parameters["lr"] == Number(low=1e-3, high=1, log=True)
