"""README's first command needs no more packages than it installs."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMAND = re.search(
    r"^python3 -m venv \.venv && \.venv/bin/pip install -q '\.\[(?P<extras>.*?)\]' "
    r"&& \.venv/bin/python -m (?P<words>benchmarks compare .*)$",
    (ROOT / "README.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)
MODULES = {
    "hpbandster": "hpbandster",
    "optuna": "optuna",
    "scikit-learn": "sklearn",
    "scipy": "scipy",
    "smac": "smac",
    "torch": "torch",
    "xgboost": "xgboost",
    "matplotlib": "matplotlib",
    "plotly": "plotly",
}
"""Modules of the optional distributions."""


def optional_packages():
    """The distributions of each extra of the project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {
        extra: {re.match(r"[\w-]+", line)[0] for line in lines}
        for extra, lines in project["optional-dependencies"].items()
    }


def test_it_compares_and_draws_with_the_extras_that_it_installs(tmp_path):
    packages = optional_packages()
    installed = set().union(*(packages[extra] for extra in COMMAND["extras"].split(",")))
    absent = tmp_path / "absent"
    for distribution, module in MODULES.items():
        if distribution not in installed:
            (absent / module).mkdir(parents=True)
            refusal = f"raise ModuleNotFoundError('absent', name={module!r})\n"
            (absent / module / "__init__.py").write_text(refusal)
    assert (absent / "xgboost").is_dir()
    words = re.sub(r"(--seeds|--budget-trainings) \d+", "", COMMAND["words"]).split()
    words[words.index("--out") + 1] = str(tmp_path / "out")
    done = subprocess.run(
        [sys.executable, "-m", *words, "--seeds", "2", "--budget-trainings", "6"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(absent), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    methods = words[words.index("--methods") + 1].split(",")
    rows = (tmp_path / "out" / "rows.jsonl").read_text(encoding="utf-8")
    assert all(f'"method": "{name}"' in rows for name in methods)
    for name in ("regret_vs_kwh.png", "ranks.png", "report.html", "summary.json"):
        assert (tmp_path / "out" / name).stat().st_size > 0
