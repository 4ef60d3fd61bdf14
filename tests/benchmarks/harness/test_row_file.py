"""A full disk while rows are written."""

from benchmarks.harness.results import load
from tests.benchmarks.full_disk import run_limited
from tests.benchmarks.made_up_rows import HEADER, make_rows

WRITE = """
from pathlib import Path
from benchmarks.harness.row_file import RowFile
from benchmarks.harness.rows import RowsError
from tests.benchmarks.made_up_rows import HEADER, make_rows

path = Path(sys.argv[1])
with RowFile(path, HEADER) as file:
    file.append(make_rows(seed=0))
    size = path.stat().st_size
    limit(size + 100)  # room for a part of the next study
    try:
        file.append(make_rows(seed=1))
    except RowsError as error:
        print(error)
    assert path.stat().st_size == size
    limit(None)  # somebody makes room
    file.append(make_rows(seed=2))
"""


def test_what_does_not_fit_is_told_and_leaves_no_half_row(tmp_path):
    path = tmp_path / "rows.jsonl"
    done = run_limited(WRITE, path)
    assert done.returncode == 0, done.stderr
    assert f"{path} cannot be written" in done.stdout
    assert "run the same command again" in done.stdout
    results = load(path)
    assert results.header == HEADER
    assert list(results.rows) == make_rows(seed=0) + make_rows(seed=2)
