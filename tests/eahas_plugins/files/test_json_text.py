import os

import pytest

from eahas_plugins.files import MAX_DEPTH, parse_json, read_json, read_json_object


def test_json_as_it_should_be():
    assert parse_json(b'\xef\xbb\xbf{"a": [1, 2.5, null, true, "x"]}', "f") == {
        "a": [1, 2.5, None, True, "x"]
    }
    assert parse_json(str(2**70), "f") == 2**70


def nested(depth):
    return "[" * depth + "]" * depth


def test_nesting_is_bounded():
    parse_json(nested(MAX_DEPTH), "f")
    parse_json(f"[{','.join(['[]'] * 1000)}]", "f")
    for depth in (MAX_DEPTH + 1, 900, 5000, 1_000_000):
        with pytest.raises(ValueError, match=r"^the\.json must be nested at most 64 deep"):
            parse_json(nested(depth), "the.json")
    with pytest.raises(ValueError, match="nested"):
        parse_json('{"a":' * 5000, "the.json")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must be JSON"),
        ("{", "must be JSON"),
        ("[1] [2]", "must be JSON"),
        (b"\xff\xfe", "UTF-8"),
        ('{"a": 1, "a": 2}', "'a' twice"),
        ("[NaN]", "NaN"),
        ("[-Infinity]", "Infinity"),
        ("[1e999]", "1e999"),
        ("1" * 400, "400 characters"),
        ("-" + "9" * 5000, "5001 characters"),
    ],
)
def test_what_is_not_json_names_the_file(text, words):
    with pytest.raises(ValueError, match=rf"^the\.json .*{words}"):
        parse_json(text, "the.json")


def test_nan_can_be_allowed():
    value = parse_json("[NaN, Infinity, 1e999]", "f", allow_nan=True)
    assert value[0] != value[0]
    assert value[1:] == [float("inf")] * 2


@pytest.mark.parametrize("text", ["[]", "1", "null", '"x"', "true"])
def test_an_object_is_asked_for(tmp_path, text):
    path = tmp_path / "state.json"
    path.write_text(text)
    assert read_json(path) is not Ellipsis
    with pytest.raises(ValueError, match=r"state\.json must be a JSON object but is"):
        read_json_object(path)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone"):
        read_json(tmp_path / "gone")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(ValueError, match="must be a regular file"):
            read_json(path)
    big = tmp_path / "big.json"
    with big.open("wb") as file:
        file.truncate(20 << 30)  # sparse: no disk is used
    with pytest.raises(ValueError, match="at most 16 MiB"):
        read_json(big)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(ValueError, match=r"loop"):
        read_json(loop)


def test_a_file_without_permission_is_a_value_error(tmp_path):
    path = tmp_path / "secret.json"
    path.write_text("{}")
    path.chmod(0)
    user = os.geteuid()
    if user == 0:  # who may read everything
        os.seteuid(65534)
    try:
        with pytest.raises(ValueError, match=r"secret\.json must be readable"):
            read_json(path)
    finally:
        os.seteuid(user)
