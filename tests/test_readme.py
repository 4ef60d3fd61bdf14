"""The examples of the README and of the pages under docs run as they are printed."""

import importlib.util
import re
from pathlib import Path

import pytest

from benchmarks.__main__ import COMMANDS
from benchmarks.methods import declared, method_names
from surrogate.cli import app
from tests.pages import HOSTS, ROOT, blocks_of, hosts_of

BLOCKS = blocks_of(ROOT / "README.md")
PAGES = sorted((ROOT / "docs").glob("*.md"))
ON_PAGES = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, block in enumerate(blocks_of(page))
]

PICTURES_OF_ROWS = {"paper_regret_vs_kwh.png", "foreign_mean_regret.png", "front_volumes.png"}
"""Left out of the sdist, as the rows are that they show."""

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def test_there_is_an_example_for_every_host() -> None:
    shown = [*BLOCKS, *(block for page in PAGES for block in blocks_of(page))]
    assert {host for block in shown for host in hosts_of(block)} == set(HOSTS)
    for block in BLOCKS:
        assert len(block.splitlines()) <= 16, block


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    "block", [*BLOCKS, *ON_PAGES], ids=lambda block: "-".join(hosts_of(block)) or "core"
)
def test_example_runs(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = re.findall(r"^(?:import|from) (\w+)", block, flags=re.MULTILINE)
    needed = [*imported, *hosts_of(block), *(["matplotlib"] if "matplotlib" in block else [])]
    missing = [package for package in needed if importlib.util.find_spec(package) is None]
    if missing:
        # Some hosts and libraries are tested in environments of their own, with their examples.
        pytest.skip(f"{missing[0]} is tested in its own environment")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    exec(compile(block, "example", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in PAGES])
def test_links_and_pictures_of_a_page_exist(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        # the pages under api/ are made by the build, which checks links to them
        if target in PICTURES_OF_ROWS and not (ROOT / ".git").exists():
            continue
        if "://" not in target and not target.startswith(("#", "api/")):
            assert (page.parent / target.partition("#")[0]).exists(), target


def test_every_page_is_in_the_contents() -> None:
    contents = (ROOT / "docs" / "index.md").read_text().splitlines()
    assert {page.stem for page in PAGES} - {"index"} <= set(contents)


def test_the_page_of_the_command_line_has_every_command() -> None:
    page = (ROOT / "docs" / "command_line.md").read_text()
    commands = {
        command.name or str(command.callback.__name__) for command in app.registered_commands
    }
    assert commands == set(re.findall(r"^\| `eahas ([a-z][a-z-]*)", page, flags=re.MULTILINE))


def test_the_page_of_the_comparison_has_every_command() -> None:
    page = (ROOT / "docs" / "reproducing.md").read_text()
    for command in COMMANDS:
        assert f"`{command}`" in page, command


EXTRA_OF = {"torch": "train", "optuna": "optuna", "smac": "smac", "hpbandster": "hpbandster"}


@pytest.mark.parametrize("name", ["README.md", "docs/reproducing.md", "docs/extending.md"])
def test_what_a_comparison_needs_is_installed_in_its_section(name: str) -> None:
    for section in re.split(r"^## ", (ROOT / name).read_text(), flags=re.MULTILINE):
        compared = re.findall(r"--methods[ \\\n]+([a-z0-9,-]+)", section)
        methods = set(",".join(compared).split(",")) & set(method_names())
        needed = {package for method in methods for package in declared(method).requires}
        installed = set(",".join(re.findall(r"'\.\[([a-z,]+)\]'", section)).split(","))
        extras = {EXTRA_OF[package] for package in needed if package in EXTRA_OF}
        assert extras <= installed, section.partition("\n")[0]


def test_the_page_of_citation_has_the_version() -> None:
    said = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), flags=re.MULTILINE)
    assert said
    assert f"{{Version {said[1]}}}" in (ROOT / "docs" / "citation.md").read_text()
