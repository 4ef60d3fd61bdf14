"""What ``python -m build`` has left in ``dist``; ``tox -e package`` runs it before these tests."""

import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--release", action="store_true", help="also check what a release needs: docs/publishing.md"
    )


def _only(pattern: str) -> Path:
    found = list(DIST.glob(pattern))
    assert len(found) == 1, f"dist must hold one {pattern} but has {found}: run tox -e package"
    return found[0]


@pytest.fixture(scope="session")
def wheel() -> Path:
    return _only("*.whl")


@pytest.fixture(scope="session")
def sdist() -> Path:
    return _only("*.tar.gz")


@pytest.fixture(scope="session")
def in_wheel(wheel: Path) -> dict[str, int]:
    """The files of the wheel and their sizes."""
    with zipfile.ZipFile(wheel) as archive:
        return {info.filename: info.file_size for info in archive.infolist()}


@pytest.fixture(scope="session")
def in_sdist(sdist: Path) -> dict[str, int]:
    """The files of the sdist, below its one folder, and their sizes."""
    with tarfile.open(sdist) as archive:
        members = {member.name: member.size for member in archive.getmembers() if member.isfile()}
    folders = {name.partition("/")[0] for name in members}
    assert folders == {sdist.name.removesuffix(".tar.gz")}
    return {name.partition("/")[2]: size for name, size in members.items()}


@pytest.fixture(scope="session")
def metadata(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return archive.read(name).decode("utf-8")
