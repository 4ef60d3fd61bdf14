"""Version, dates and address agree; with ``--release`` they are those of a release."""

import re
import tomllib
from email import message_from_string

import pytest

from tests.distribution.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
VERSION = PROJECT["project"]["version"]
PLACEHOLDER = "https://example.org/"


@pytest.fixture
def citation() -> dict[str, str]:
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w-]+): (\S+)$", text, flags=re.MULTILINE))


@pytest.fixture
def headings() -> list[str]:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return re.findall(r"^## (.*)$", text, flags=re.MULTILINE)


def test_everybody_says_the_same_version(metadata: str, citation: dict[str, str]) -> None:
    assert message_from_string(metadata)["Version"] == VERSION
    assert citation["version"] == VERSION
    page = (ROOT / "docs" / "citation.md").read_text(encoding="utf-8")
    assert f"{{Version {VERSION}}}" in page


def test_the_changelog_has_versions_with_their_dates(headings: list[str]) -> None:
    dated = [line for line in headings if line != "Unreleased"]
    assert dated
    for line in dated:
        assert re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d", line), line
    assert "Unreleased" not in headings[1:]


def test_the_address_stands_in_one_place() -> None:
    address = PROJECT["tool"]["hatch"]["metadata"]["hooks"]["custom"]["repository"]
    assert re.fullmatch(r"https://[^/]+/.*[^/]", address), address
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert text.count(address) == 1
    for name in ("README.md", "CONTRIBUTING.md", "CITATION.cff"):
        assert address not in (ROOT / name).read_text(encoding="utf-8"), name


def test_a_release(
    request: pytest.FixtureRequest, headings: list[str], citation: dict[str, str], metadata: str
) -> None:
    if not request.config.getoption("--release"):
        pytest.skip("for a release: tox run -e package -- --release")
    assert headings[0] == f"{VERSION} - {citation['date-released']}"
    assert PLACEHOLDER not in metadata, "fill in the repository: docs/publishing.md"
