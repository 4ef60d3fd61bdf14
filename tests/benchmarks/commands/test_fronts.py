"""The report of fronts, on a small comparison that is run."""

import json

from typer.testing import CliRunner

from benchmarks.__main__ import make_app


def run(*arguments):
    return CliRunner().invoke(make_app([arguments[0]]), [str(a) for a in arguments])


def test_fronts_are_compared_and_reported(tmp_path):
    done = run(
        *("compare", "--task", "fashion-nano-training", "--methods", "rs,ea-bohb"),
        *("--seeds", 2, "--budget-trainings", 8, "--jobs", 1, "--out", tmp_path),
    )
    assert done.exit_code == 0, done.output
    header = json.loads((tmp_path / "rows.jsonl").read_text().splitlines()[0])
    assert header["task"] == "fashion-nano-training"
    assert header["provenance"]["objectives"] == ["accuracy", "energy_kwh"]
    done = run("fronts", tmp_path)
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "fronts.json").read_text())
    assert set(found["tasks"][0]["methods"]) == {"rs", "ea-bohb"}
    assert found["tasks"][0]["best_plain"] == "rs"
    for name in ("front_volumes.png", "front_volumes.svg", "fronts_attained.png", "fronts.md"):
        assert (tmp_path / name).stat().st_size > 200
    assert "median volume of the front" in done.output
