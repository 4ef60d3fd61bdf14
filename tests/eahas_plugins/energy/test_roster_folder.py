"""The folder that a user chooses for the notes about who uses which device."""

import logging
import os
import stat

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


@pytest.mark.parametrize("mode", [0o1777, 0o2775, 0o700])
def test_who_may_use_the_folder_may_use_what_lies_in_it(tmp_path, monkeypatch, mode):
    """Users who share a machine share one folder: each of them notes what he uses."""
    common = tmp_path / "common"
    common.mkdir()
    common.chmod(mode)
    monkeypatch.setenv(FOLDER_VARIABLE, str(common))
    before = os.umask(0o077)
    try:
        Share(FakeMeter()).leave()
    finally:
        os.umask(before)
    (inside,) = common.iterdir()
    assert stat.S_IMODE(inside.stat().st_mode) == mode
    files = {file.suffix: stat.S_IMODE(file.stat().st_mode) for file in inside.iterdir()}
    assert files == {".json": 0o644, ".here": 0o644}


def test_a_file_in_its_place_is_said(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(roster, "_told", set())
    monkeypatch.setattr(roster._log, "disabled", False)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file"))
    with caplog.at_level(logging.WARNING, logger="eahas_plugins"):
        Share(FakeMeter()).leave()
    assert "trials count as if each were alone" in caplog.text
