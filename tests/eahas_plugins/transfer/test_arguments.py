"""Arguments that are numbers are numbers: of what an earlier study is made of."""

from __future__ import annotations

from eahas_plugins.transfer import EarlierTrial
from tests.eahas_plugins.bad_numbers import Arguments, check_refuses, table

MADE = {
    "EarlierTrial": Arguments(
        EarlierTrial,
        {"value": "finite", "energy_kwh": "positive?", "length": "positive?"},
        {"config": {}, "value": 1.0},
    )
}


@table(MADE)
def test_what_is_no_number_is_refused_by_name(arguments: Arguments, name: str) -> None:
    check_refuses(arguments, name)
