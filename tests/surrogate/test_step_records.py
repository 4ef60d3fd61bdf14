import json

import pytest

from surrogate.step_records import parse_step_record, read_step_records
from tests.surrogate import made_up_steps


@pytest.fixture
def row():
    return made_up_steps.rows("cifar10", 1)[0]


def test_a_row_is_read(row, tmp_path, caplog):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row) + '\n{"schema": 1, "ru')  # killed here
    (found,) = read_step_records(path)
    assert "rows.jsonl, line 2, must be JSON" in caplog.text
    assert found.config == row["config"]
    assert found.static_watts == made_up_steps.STATIC_WATTS
    assert found.setting["board"] == "Made-up GPU"


def test_no_file(tmp_path):
    with pytest.raises(ValueError, match="costs must be a file of measure-steps"):
        read_step_records(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 2}, "schema must be 1 but got 2"),
        ({"training": None}, "must have training"),
        ({"meter": None}, "and meter"),
        ({"meter": {"static_watts": float("nan")}}, "static_watts must be finite"),
        ({"meter": {}}, "static_watts must be finite"),
        ({"precision": "fp8"}, "precision must be one of"),
        ({"status": "fine"}, "status must be one of"),
        ({"batch": 0}, "batch and image_size_px positive"),
        ({"loader_wait_s": float("nan")}, "loader_wait_s must be finite"),
        ({"unknown": 1}, "no field 'unknown'"),
    ],
)
def test_what_does_not_follow_the_schema(row, change, message):
    with pytest.raises(ValueError, match=message):
        parse_step_record({**row, **change}, "here")


@pytest.mark.parametrize("name", ["seconds", "joules", "watts", "above_static_joules"])
def test_pieces_are_positive_numbers(row, name):
    row["training"] = {**row["training"], name: float("nan")}
    with pytest.raises(ValueError, match="here must hold a StepRecord"):
        parse_step_record(row, "here")


@pytest.mark.parametrize("name", ["seconds", "joules", "watts"])
def test_a_piece_that_contradicts_itself_was_edited(row, name):
    row["training"] = {**row["training"], name: 1000.0 * row["training"][name]}
    with pytest.raises(ValueError, match="watts times seconds"):
        parse_step_record(row, "here")


def test_the_folder_of_the_rows_is_no_file_of_rows(tmp_path):
    (tmp_path / "rows.jsonl").touch()
    with pytest.raises(ValueError, match=r"is none: give .*rows\.jsonl"):
        read_step_records(tmp_path)
