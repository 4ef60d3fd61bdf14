import pytest


@pytest.fixture(autouse=True)
def own_roster(tmp_path, monkeypatch):
    """Keep the trials of this test apart from those of anything else on the machine."""
    monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path / "roster"))
