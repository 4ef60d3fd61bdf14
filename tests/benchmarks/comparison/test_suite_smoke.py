"""The smoke suite as users run it: killed in the middle, and run again."""

import subprocess
import sys

import pytest

from benchmarks.comparison.suites import methods_of
from benchmarks.harness.results import load

N_BEFORE = 3
KILLED = f"""
import os, signal, sys
from benchmarks.__main__ import main
from benchmarks.harness.row_file import RowFile

append, recorded = RowFile.append, []

def append_or_die(file, rows):
    append(file, rows)
    recorded.append(rows[0].study)
    if len(recorded) == {N_BEFORE}:
        os.kill(os.getpid(), signal.SIGKILL)

RowFile.append = append_or_die
main()
"""


def compare(out, *, program=("-m", "benchmarks")):
    command = [sys.executable, "-W", "ignore", *program, "compare", "--suite", "smoke"]
    return subprocess.run(
        [*command, "--out", str(out)], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole")
    done = compare(out)
    assert done.returncode == 0, done.stderr
    assert "ea-bohb" in done.stdout
    return out


def test_the_suite_leaves_rows_and_a_report(whole):
    finished = load(whole / "fashion-nano" / "rows.jsonl").finished()
    assert finished == {(m, seed, 1) for m in methods_of("smoke") for seed in range(2)}
    assert (whole / "report.html").exists()
    assert (whole / "fashion-nano" / "regret_vs_kwh.png").exists()


def test_a_killed_suite_goes_on_and_ends_with_the_same_rows(whole, tmp_path):
    killed = compare(tmp_path, program=("-c", KILLED))  # returns when its workers are gone, too
    assert killed.returncode == -9
    path = tmp_path / "fashion-nano" / "rows.jsonl"
    before = path.read_bytes()
    assert len(load(path).finished()) == N_BEFORE
    path.write_bytes(before + b'{"method": "rs", "se')  # as if killed while it wrote
    assert compare(tmp_path).returncode == 0
    assert path.read_bytes().startswith(before)
    assert sorted(path.read_text().splitlines()) == sorted(
        (whole / "fashion-nano" / "rows.jsonl").read_text().splitlines()
    )
