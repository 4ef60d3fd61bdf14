"""The README as a package index shows it: far from the files that it names."""

import re
from email import message_from_string

import pytest
from readme_renderer import markdown

from tests.distribution.conftest import ROOT

ANCHOR = "user-content-"


@pytest.fixture(scope="module")
def page(metadata: str) -> str:
    message = message_from_string(metadata)
    assert message["Description-Content-Type"] == "text/markdown"
    html = markdown.render(str(message.get_payload()))
    assert html
    return html


def test_links_and_pictures_lead_to_the_repository_at_this_version(
    page: str, metadata: str
) -> None:
    fields = message_from_string(metadata)
    addresses = dict(line.split(", ") for line in fields.get_all("Project-URL"))
    places = {
        "href": f"{addresses['Homepage']}/blob/v{fields['Version']}/",
        "src": f"{addresses['Homepage']}/raw/v{fields['Version']}/",
    }
    for attribute, place in places.items():
        targets = re.findall(rf'{attribute}="([^"]*)"', page)
        far = [target for target in targets if not target.startswith("#")]
        assert far, attribute
        for target in far:
            assert target.startswith(place), target
            assert (ROOT / target.removeprefix(place).partition("#")[0]).exists(), target


def test_links_within_the_page_lead_to_a_heading(page: str) -> None:
    targets = re.findall(r'href="#([^"]*)"', page)
    assert targets
    assert set(targets) <= set(re.findall(rf'id="({ANCHOR}[^"]*)"', page))


def test_code_tables_and_figures_are_there(page: str) -> None:
    assert page.count("<table>") >= 2
    assert "<img" in page
    assert 'lang="python"' in page or "language-python" in page
