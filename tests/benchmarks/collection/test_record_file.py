import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.collection.record_file import RecordFile
from tests.benchmarks.full_disk import run_limited


def test_records_come_back_in_order(tmp_path: Path) -> None:
    with RecordFile(tmp_path / "new" / "rows.jsonl") as file:
        file.append({"run": 1, "values": [0.5, None]})
        file.append({"run": 2})
    with RecordFile(tmp_path / "new" / "rows.jsonl") as file:
        assert file.records == [{"run": 1, "values": [0.5, None]}, {"run": 2}]
        assert file.dropped_bytes == 0


def test_a_half_written_line_is_dropped_and_the_others_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"run": 1}\n{"run": 2, "val')
    with RecordFile(path) as file:
        assert file.records == [{"run": 1}]
        assert file.dropped_bytes == 15
        file.append({"run": 2})
    assert path.read_text() == '{"run": 1}\n{"run":2}\n'


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[1]",
        '{"run": 1',
        "{}",
        '{"run": "1"}',
        '{"run": -1}',
        '{"run": NaN}',
        "[" * 5000,
    ],
)
def test_a_damaged_line_is_named_and_nothing_is_changed(tmp_path: Path, line: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"run": 1}}\n{line}\n')
    with pytest.raises(ValueError, match="line 2, must"):
        RecordFile(path)
    assert path.read_text() == f'{{"run": 1}}\n{line}\n'


def test_a_number_that_json_cannot_hold_is_refused_before_writing(tmp_path: Path) -> None:
    with RecordFile(tmp_path / "rows.jsonl") as file, pytest.raises(ValueError, match="JSON"):
        file.append({"loss": float("nan")})
    assert (tmp_path / "rows.jsonl").read_text() == ""


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    code = f"from benchmarks.collection.record_file import RecordFile as F; from pathlib import Path as P; F(P({str(tmp_path / 'rows.jsonl')!r}))"  # noqa: E501
    with RecordFile(tmp_path / "rows.jsonl"):
        second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert second.returncode != 0
    assert "being written by another process" in second.stderr


def test_a_refused_file_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("not json\n")
    for _ in range(2):  # the second time it would be held by the first
        n_open = len(list(Path("/proc/self/fd").iterdir()))
        with pytest.raises(ValueError, match="line 1, must be JSON"):
            RecordFile(path)
        assert len(list(Path("/proc/self/fd").iterdir())) == n_open
    path.write_text("")
    RecordFile(path).close()


FULL = """
from pathlib import Path
from benchmarks.collection.record_file import RecordFile

path = Path(sys.argv[1])
with RecordFile(path) as file:
    file.append({"run": 0, "curve": "y" * 3000})
    limit(path.stat().st_size + 1000)
    try:
        file.append({"run": 1, "curve": "y" * 3000})
    except OSError as error:
        print(error)
    limit(None)
    file.append({"run": 2})
"""


def test_a_full_disk_leaves_no_half_line(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    done = run_limited(FULL, path)
    assert done.returncode == 0, done.stderr
    assert str(path) in done.stdout
    with RecordFile(path) as file:
        assert [record["run"] for record in file.records] == [0, 2]
        assert file.dropped_bytes == 0
