"""The folder that a user chooses for the notes about who uses which device."""

import logging

import pytest

from eahas_plugins.energy import FakeMeter, Share, roster
from eahas_plugins.energy.roster_folder import FOLDER_VARIABLE


def test_the_home_of_nobody_ends_no_training(monkeypatch, caplog):
    monkeypatch.setattr(roster, "_told", set())
    monkeypatch.setattr(roster._log, "disabled", False)
    monkeypatch.setenv(FOLDER_VARIABLE, "~no-such-user/energy")
    with caplog.at_level(logging.WARNING, logger="eahas_plugins"):
        share = Share(meter := FakeMeter())
    meter.advance(kwh=1.0)
    assert share.leave().energy_kwh == 1.0
    assert "EAHAS_ENERGY_DIR is '~no-such-user/energy'" in caplog.text


def test_a_relative_one_stays_where_the_trial_began(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, "energy")
    monkeypatch.chdir(tmp_path)
    meter = FakeMeter(scope="machine")
    first, second = Share(meter), Share(meter)
    elsewhere = tmp_path / "outputs"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)  # as Hydra does
    meter.advance(kwh=2.0)
    assert first.leave().energy_kwh == pytest.approx(1.0)
    assert second.leave().energy_kwh == pytest.approx(1.0)
    assert not list(elsewhere.iterdir())
