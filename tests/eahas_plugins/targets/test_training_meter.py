"""A meter that does not answer for a while, or no more."""

import pytest

from eahas_plugins.budget.entries import Grant
from eahas_plugins.budget.journal import EnergyJournal
from eahas_plugins.energy import FakeMeter, MeterError
from eahas_plugins.targets.checkpoints import CheckpointStore
from eahas_plugins.targets.journal_training import JournalTraining


class Fragile(FakeMeter):
    lost = False

    def read(self):
        if self.lost:
            raise MeterError("GPU is lost")
        return super().read()


@pytest.fixture(autouse=True)
def own_roster(tmp_path, monkeypatch):
    monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path / "roster"))


@pytest.fixture
def meter():
    return Fragile(scope="machine")


def start(meter, folder, attempt=None):
    return JournalTraining(
        meter=meter,
        checkpoint=CheckpointStore(folder).open("a"),
        seed=0,
        budget=None,
        in_kwh=False,
        attempt=attempt,
        cuts=True,
        keeps_checkpoint=False,
    )


def test_a_reading_that_fails_is_made_up_for_by_the_next(meter, tmp_path):
    training = start(meter, tmp_path)
    meter.advance(kwh=1.0)
    meter.lost = True
    training.charge()  # as the heartbeat does
    assert training.report(0.5) is False
    meter.lost = False
    meter.advance(kwh=1.0)
    training.finish()
    assert training.measured().energy_kwh == 2.0


def test_a_meter_that_is_lost_leaves_no_ghost_and_is_an_error(meter, tmp_path):
    training = start(meter, tmp_path / "first")
    meter.advance(kwh=1.0)
    training.charge()
    meter.lost = True
    training.finish()
    with pytest.raises(MeterError, match="GPU is lost"):
        training.measured()
    meter.lost = False
    later = start(meter, tmp_path / "second")
    meter.advance(kwh=1.0)
    later.finish()
    assert later.measured().energy_kwh == 1.0  # not half of it


def test_a_meter_that_stands_still_leaves_the_energy_unknown(meter, tmp_path):
    journal = EnergyJournal(tmp_path / "journal")
    attempt = journal.open(Grant(number=0, trial=(1, None, 0, None), cap_kwh=9.0))
    training = start(meter, tmp_path / "training", attempt)
    training.report(0.5)
    training.finish()
    attempt.close()
    (entry,) = journal.entries()
    assert entry.is_unknown
    with pytest.raises(MeterError):
        training.measured()
