from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from eahas_plugins.budget.entries import Entry, Grant
from eahas_plugins.budget.journal import EnergyJournal


@dataclass
class Clock:
    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


def grant(number: int, **kwargs: float) -> Grant:
    return Grant(number=number, trial=(number, None, 0, 1.0), cap_kwh=10.0, **kwargs)


def burnt(entries: list[Entry]) -> float:
    return sum(entry.charged_kwh for entry in entries)


def test_the_total_is_the_sum_over_attempts_in_every_state(tmp_path: Path) -> None:
    journal = EnergyJournal(tmp_path)
    done, running = journal.open(grant(0)), journal.open(grant(1, reserved_kwh=4.0))
    done.report(2.0)
    done.close()
    running.report(1.0)
    balance = EnergyJournal(tmp_path).balance(10.0)
    assert balance.spent_kwh == 3.0
    assert balance.reserved_kwh == 3.0
    assert balance.available_kwh(number=2) == 4.0
    assert balance.available_kwh(number=1) == 7.0


def test_energy_never_falls(tmp_path: Path) -> None:
    journal = EnergyJournal(tmp_path)
    attempt = journal.open(grant(0))
    attempt.report(2.0)
    attempt.report(1.0)
    assert journal.balance(10.0).spent_kwh == 2.0


def test_a_retry_starts_from_zero_and_the_dead_attempt_keeps_what_it_burnt(
    tmp_path: Path,
) -> None:
    clock = Clock()
    journal = EnergyJournal(tmp_path, clock=clock)
    journal.open(grant(3, reserved_kwh=5.0)).report(2.0)
    clock.now_s += 1.0
    retry = journal.open(grant(3, reserved_kwh=5.0))
    assert retry.energy_kwh is None
    balance = journal.balance(10.0)
    assert balance.spent_kwh == 2.0
    assert balance.reserved_kwh == 5.0  # of the retry alone
    retry.report(5.0)
    retry.close()
    assert burnt(journal.settle(grant(3).trial)) == 7.0


def test_a_silent_reservation_lapses_unless_the_trial_is_known_to_be_out(tmp_path: Path) -> None:
    clock = Clock()
    journal = EnergyJournal(tmp_path, lease_s=60.0, clock=clock)
    journal.open(grant(0, reserved_kwh=4.0)).report(1.0)
    clock.now_s += 60.0
    assert journal.balance(10.0).reserved_kwh == 3.0
    clock.now_s += 1.0
    assert journal.balance(10.0).reserved_kwh == 0.0
    assert journal.balance(10.0).spent_kwh == 1.0
    assert journal.balance(10.0, granted=[grant(0)]).reserved_kwh == 3.0


def test_a_trial_that_has_not_begun_is_promised_its_energy(tmp_path: Path) -> None:
    journal = EnergyJournal(tmp_path)
    waiting = grant(1, reserved_kwh=4.0)
    assert journal.balance(10.0, granted=[waiting]).reserved_kwh == 4.0
    begun = journal.open(waiting)
    assert journal.balance(10.0, granted=[waiting]).reserved_kwh == 4.0
    begun.report(3.0)
    begun.close()  # its result has not been collected yet
    assert journal.balance(10.0, granted=[waiting]).reserved_kwh == 0.0


@pytest.mark.parametrize(
    ("limit_kwh", "own_kwh", "others_kwh", "stops"),
    [
        (None, 3.0, 6.0, False),
        (None, 4.0, 6.0, True),
        (2.0, 1.9, 0.0, False),
        (2.0, 2.0, 0.0, True),
    ],
)
def test_a_trial_ends_at_its_limit_or_at_the_cap(
    tmp_path: Path, limit_kwh: float | None, own_kwh: float, others_kwh: float, stops: bool
) -> None:
    journal = EnergyJournal(tmp_path)
    journal.record(grant(0), others_kwh)
    attempt = journal.open(
        Grant(number=1, trial=(1, None, 0, None), cap_kwh=10.0, limit_kwh=limit_kwh)
    )
    attempt.report(own_kwh)
    assert attempt.must_stop() is stops


def test_the_allowance_keeps_every_promise_and_counts_dead_attempts(tmp_path: Path) -> None:
    journal = EnergyJournal(tmp_path)
    journal.open(grant(1, reserved_kwh=3.0))
    journal.open(grant(0, limit_kwh=6.0)).report(2.0)  # killed
    retry = journal.open(grant(0, limit_kwh=6.0))
    assert retry.allowance_kwh() == pytest.approx(4.0)  # its limit, less what is burnt
    journal.record(grant(2), 2.5)
    assert retry.allowance_kwh() == pytest.approx(2.5)  # 10 - 2 - 2.5, less the 3 promised


def test_settling_ends_dead_attempts_of_one_trial_or_of_all(tmp_path: Path) -> None:
    journal = EnergyJournal(tmp_path)
    for number in range(3):
        journal.open(grant(number, reserved_kwh=2.0)).report(1.0)
    assert burnt(journal.settle(grant(1).trial)) == 1.0
    assert journal.balance(10.0).reserved_kwh == 2.0
    assert burnt(journal.settle()) == 3.0
    assert journal.balance(10.0).reserved_kwh == 0.0
    assert journal.balance(10.0).spent_kwh == 3.0


def test_an_attempt_may_end_with_its_last_word(tmp_path: Path) -> None:
    journal = EnergyJournal(tmp_path)
    attempt = journal.open(grant(0, reserved_kwh=4.0))
    attempt.finish(1.5)
    (on_disk,) = tmp_path.iterdir()  # the log alone: nothing runs
    written = on_disk.read_text()
    attempt.report(1.5)  # what others say of it afterwards is no news, and revives no promise
    attempt.close()
    assert on_disk.read_text() == written
    balance = journal.balance(10.0)
    assert (balance.spent_kwh, balance.reserved_kwh, balance.running) == (1.5, 0.0, ())


def test_a_killed_process_loses_nothing_it_reported(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from eahas_plugins.budget.entries import Grant\n"
        "from eahas_plugins.budget.journal import EnergyJournal\n"
        "g = Grant(number=0, trial=(1, None, 0, None), cap_kwh=10.0)\n"
        "a = EnergyJournal(Path(sys.argv[1])).open(g)\n"
        "a.report(1.25)\n"
        "print('reported', flush=True)\n"
        "time.sleep(600)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "reported\n"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert EnergyJournal(tmp_path).balance(10.0).spent_kwh == 1.25


@pytest.mark.parametrize("lease_s", [0.0, -1.0, float("nan")])
def test_a_lease_must_be_positive(tmp_path: Path, lease_s: float) -> None:
    with pytest.raises(ValueError, match="lease_s must be positive"):
        EnergyJournal(tmp_path, lease_s=lease_s)


@pytest.mark.parametrize("energy_kwh", [float("nan"), -1.0, float("inf")])
def test_a_report_must_be_an_energy(tmp_path: Path, energy_kwh: float) -> None:
    with pytest.raises(ValueError, match="energy_kwh"):
        EnergyJournal(tmp_path).open(grant(0)).report(energy_kwh)
