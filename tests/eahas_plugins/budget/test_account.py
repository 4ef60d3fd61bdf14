"""The account that SMAC and HpBandSter share, with and without a journal."""

from __future__ import annotations

from pathlib import Path

import pytest

from eahas_plugins.budget.account import Charge, RunAccount
from eahas_plugins.budget.entries import Grant, TrialId
from eahas_plugins.budget.journal import EnergyJournal


def trial(number: int, fidelity: float | None = None) -> TrialId:
    return (number, None, 0, fidelity)


@pytest.fixture(params=["in memory", "on disk"])
def account(request: pytest.FixtureRequest, tmp_path: Path) -> RunAccount:
    account = RunAccount(10.0, shortfall="truncate")
    if request.param == "on disk":
        account.attach(EnergyJournal(tmp_path))
    return account


def test_what_is_promised_is_not_promised_again(account: RunAccount) -> None:
    account.grant(trial(1), needed_kwh=8.0)
    second = account.grant(trial(2), needed_kwh=4.0)
    assert (second.reserved_kwh, second.limit_kwh) == (2.0, 2.0)
    assert not account.admits(None)
    assert account.waiting
    account.charge(trial(1), reported_kwh=5.0, succeeded=True)
    assert account.admits(None)
    assert account.balance().spent_kwh == 5.0
    assert account.balance().available_kwh(number=account.next_number) == 3.0


@pytest.mark.parametrize(
    ("reserved_kwh", "known_at", "expected_kwh"),
    [(2.0, 3.0, 2.0), (None, 3.0, 1.5), (None, 9.0, 1.5), (None, None, None)],
    ids=["promised", "median of this fidelity", "of all", "nothing known"],
)
def test_a_lost_trial_is_charged_what_was_expected_of_it(
    account: RunAccount,
    reserved_kwh: float | None,
    known_at: float | None,
    expected_kwh: float | None,
) -> None:
    spent_kwh = 0.0
    if known_at is not None:
        for number, energy_kwh in enumerate((1.0, 1.5, 4.0)):
            account.charge(trial(number, known_at), reported_kwh=energy_kwh, succeeded=True)
        spent_kwh = 6.5
    account.grant(trial(9, 3.0), needed_kwh=reserved_kwh)
    charge = account.charge(trial(9, 3.0), reported_kwh=None, succeeded=False)
    assert charge == Charge(energy_kwh=expected_kwh, estimated=expected_kwh is not None)
    assert account.balance().spent_kwh == spent_kwh + (expected_kwh or 0.0)
    assert account.balance().reserved_kwh == 0.0


def test_the_median_of_one_fidelity_does_not_count_another(account: RunAccount) -> None:
    account.charge(trial(1, 1.0), reported_kwh=0.5, succeeded=True)
    account.charge(trial(2, 9.0), reported_kwh=4.0, succeeded=True)
    account.charge(trial(3, 9.0), reported_kwh=1.0, succeeded=False)
    assert account.usual_kwh(9.0) == 4.0
    assert account.usual_kwh(3.0) is None


def test_a_result_without_energy_is_for_the_host_to_complain_about(account: RunAccount) -> None:
    account.grant(trial(1), needed_kwh=2.0)
    assert account.charge(trial(1), reported_kwh=None, succeeded=True).energy_kwh is None


def test_a_trial_that_was_refused_costs_nothing(account: RunAccount) -> None:
    account.grant(trial(1), needed_kwh=2.0)
    charge = account.charge(trial(1), reported_kwh=None, succeeded=False, refused=True)
    assert charge == Charge(energy_kwh=0.0)
    assert account.balance().spent_kwh == 0.0


def test_one_dear_trial_does_not_end_a_run_in_which_others_fit(account: RunAccount) -> None:
    account.charge(trial(0), reported_kwh=9.0, succeeded=True)
    for number in range(1, 9):
        assert account.admits(None)
        account.grant(trial(number))
        is_dear = number != 4
        account.charge(
            trial(number),
            reported_kwh=None if is_dear else 0.125,
            succeeded=not is_dear,
            refused=is_dear,
        )
    account.grant(trial(9))
    account.charge(trial(9), reported_kwh=None, succeeded=False, refused=True)
    assert not account.admits(None)  # five in a row
    assert account.balance().spent_kwh == 9.125


def test_what_a_dead_worker_wrote_is_what_its_trial_costs(tmp_path: Path) -> None:
    account = RunAccount(10.0, shortfall="truncate")
    account.attach(EnergyJournal(tmp_path))
    grant = account.grant(trial(1), needed_kwh=4.0)
    EnergyJournal(tmp_path).open(grant).report(0.75)  # by its worker, which is killed
    assert account.balance().reserved_kwh == 3.25
    assert account.charge(trial(1), reported_kwh=None, succeeded=False) == Charge(energy_kwh=0.75)
    assert account.balance().spent_kwh == 0.75


def test_a_run_that_goes_on_counts_what_was_spent(tmp_path: Path) -> None:
    for expected_kwh in (0.0, 2.0, 4.0):
        account = RunAccount(10.0, shortfall="truncate")
        account.attach(EnergyJournal(tmp_path))
        assert account.balance().spent_kwh == expected_kwh
        number = account.next_number
        account.grant(trial(number))
        account.charge(trial(number), reported_kwh=2.0, succeeded=True)


@pytest.mark.parametrize("shortfall", ["truncate", "skip"])
def test_a_shortfall(shortfall: str) -> None:
    account = RunAccount(3.0, shortfall=shortfall)  # type: ignore[arg-type]
    assert account.admits(4.0, first_kwh=1.0) == (shortfall == "truncate")
    assert not account.admits(4.0, first_kwh=3.5)
    assert not account.pays_for(4.0)
    assert account.pays_for(None)


@pytest.mark.parametrize(
    ("cap_kwh", "shortfall", "message"),
    [
        (float("nan"), "skip", "`budget_kwh` must be a positive finite number"),
        (1.0, "wait", "shortfall must be 'truncate' or 'skip' but got 'wait'"),
    ],
)
def test_arguments_are_checked(cap_kwh: float, shortfall: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RunAccount(cap_kwh, shortfall=shortfall)  # type: ignore[arg-type]


def test_a_limit_of_every_trial_is_told_from_what_is_left(account: RunAccount) -> None:
    first = account.grant(trial(1), needed_kwh=8.0, limit_kwh=8.0)
    assert (first.limit_kwh, first.own_limit) == (8.0, True)
    second = account.grant(trial(2), needed_kwh=8.0, limit_kwh=8.0)
    assert (second.limit_kwh, second.own_limit) == (2.0, False)
    assert Grant.from_json(first.to_json(), "grant") == first


@pytest.mark.parametrize("unit_kwh", [0.1, 0.125])
def test_what_the_rest_pays_for_is_not_more_than_it(unit_kwh: float) -> None:
    """0.7 - 3 * 0.1 is less than 4 * 0.1, and 0.7 - 7 * 0.1 may be more than nothing."""
    account = RunAccount(round(7 * unit_kwh, 3), shortfall="truncate")
    for number in range(3):
        account.charge(trial(number), reported_kwh=unit_kwh, succeeded=True)
    assert account.pays_for(4 * unit_kwh)
    assert 4 * unit_kwh <= account.left_kwh() < 4.001 * unit_kwh
    account.charge(trial(3), reported_kwh=4 * unit_kwh * (1.0 - 1e-15), succeeded=True)
    assert not account.pays_for(None)
    assert account.left_kwh() <= 0.0
