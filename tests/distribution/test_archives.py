"""What is in the wheel and in the sdist."""

import subprocess
import sys
from email import message_from_string
from pathlib import Path

from tests.distribution.conftest import ROOT

MEGABYTE = 2**20
PICTURES = {
    f"docs/{name}.png" for name in ("paper_regret_vs_kwh", "foreign_mean_regret", "front_volumes")
}
OF_ROWS = {*PICTURES, "tests/test_results_page.py"}
"""Made of, or about, the committed rows of comparisons, which are in the repository alone."""


def tracked(*folders: str) -> set[str]:
    """The files under some folders of the clone that git does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(listed.stdout.split())


def test_an_index_takes_them(wheel: Path, sdist: Path) -> None:
    command = [sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel_holds_the_two_packages_with_their_data_and_nothing_else(
    in_wheel: dict[str, int],
) -> None:
    code = {name for name in in_wheel if ".dist-info/" not in name}
    assert code == tracked("eahas_plugins", "surrogate")
    assert "surrogate/data/fashion-nano/model.npz" in code
    assert {"eahas_plugins/py.typed", "surrogate/py.typed"} <= code


def test_the_sdist_holds_what_a_developer_needs(in_sdist: dict[str, int], sdist: Path) -> None:
    folders = ("eahas_plugins", "surrogate", "benchmarks", "docs", "examples", "package", "tests")
    wanted = {name for name in tracked(*folders) if not name.startswith("benchmarks/results/")}
    assert wanted > OF_ROWS
    alone = {
        *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff", "LICENSE"),
        *("pyproject.toml", "hatch_build.py", "tox.ini", ".gitignore", "PKG-INFO"),
    }
    assert set(in_sdist) == (wanted - OF_ROWS) | alone
    assert sdist.stat().st_size < 5 * MEGABYTE


def test_what_is_in_the_sdist_asks_for_no_rows(in_sdist: dict[str, int]) -> None:
    tests = [ROOT / name for name in in_sdist if name.startswith("tests/") and name.endswith(".py")]
    rows = " / ".join(('"benchmarks"', '"results"'))
    asking = [path.name for path in tests if rows in path.read_text(encoding="utf-8")]
    assert asking == []


def test_the_metadata(metadata: str) -> None:
    fields = message_from_string(metadata)
    classifiers = fields.get_all("Classifier")
    assert fields["Requires-Python"] == ">=3.11"
    assert "Programming Language :: Python :: 3.11" in classifiers
    assert fields["License-Expression"] == "MIT"
    addresses = dict(line.split(", ") for line in fields.get_all("Project-URL"))
    assert set(addresses) == {"Homepage", "Documentation", "Changelog", "Issues"}
    assert all(address.startswith(addresses["Homepage"]) for address in addresses.values())
