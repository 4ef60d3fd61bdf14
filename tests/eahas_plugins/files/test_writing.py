import json
import stat

import pytest

from eahas_plugins.files import write_atomically, write_json
from tests.eahas_plugins.files.limits import full_after


def test_a_file_is_replaced_whole_and_nothing_stays_beside_it(tmp_path):
    path = tmp_path / "state.json"
    write_atomically(path, b"old")
    write_atomically(path, "new ä")
    assert path.read_text(encoding="utf-8") == "new ä"
    assert [child.name for child in tmp_path.iterdir()] == ["state.json"]


def test_on_a_full_disk_the_old_content_stays(tmp_path):
    path = tmp_path / "state.json"
    write_atomically(path, b"old")
    with full_after(5000), pytest.raises(OSError, match="large"):
        write_atomically(path, b"x" * 9000)
    assert path.read_bytes() == b"old"
    assert [child.name for child in tmp_path.iterdir()] == ["state.json"]


def test_what_json_does_not_have_leaves_the_old_content(tmp_path):
    path = tmp_path / "state.json"
    write_json(path, {"a": [1, None]}, indent=1)
    for value, error in ((float("nan"), ValueError), ({1, 2}, TypeError)):
        with pytest.raises(error):
            write_json(path, {"a": value})
    assert json.loads(path.read_text()) == {"a": [1, None]}
    assert [child.name for child in tmp_path.iterdir()] == ["state.json"]


def test_names_of_any_length_and_permissions(tmp_path):
    path = tmp_path / ("n" * 250)
    write_atomically(path, b"", mode=0o600)
    assert path.read_bytes() == b""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_missing_folder_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone"):
        write_atomically(tmp_path / "gone" / "x", b"")


def test_what_cannot_be_written_is_said_by_the_name_that_was_given(tmp_path):
    with pytest.raises(IsADirectoryError, match=f"this is a folder: '{tmp_path}'"):
        write_atomically(tmp_path, "a")
    with pytest.raises(IsADirectoryError, match="this is a folder: '/'"):
        write_atomically("/", "a")
    with pytest.raises(FileNotFoundError, match=f"there is none: '{tmp_path}/none'"):
        write_atomically(tmp_path / "none" / "a", "a")
    (tmp_path / "file").write_text("")
    with pytest.raises(FileNotFoundError, match=f"there is none: '{tmp_path}/file'"):
        write_atomically(tmp_path / "file" / "a", "a")
