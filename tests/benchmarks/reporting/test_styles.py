import dataclasses

import pytest

from benchmarks.harness.results import Results
from benchmarks.reporting.styles import (
    GROUPS,
    WHOLE_COLOUR,
    energy_kind,
    group_of,
    highlighted,
    one_two_five,
    styles,
)
from benchmarks.reporting.traces import collect
from tests.benchmarks.made_up_rows import HEADER, make_rows

PLAIN = ["bananas", "bohb", "hb", "ls", "rea", "rs", "tpe"]
AWARE = ["ea-bohb", "ea-bohb-no-cooling", "ea-ls", "own"]


@pytest.fixture(scope="module")
def results():
    rows = [
        dataclasses.replace(
            row,
            method=name,
            energy_aware=name in AWARE,
            incumbent_test_metric=0.8 if name == "tpe" else 0.5,
        )
        for name in (*PLAIN, *AWARE)
        for row in make_rows()
    ]
    return Results(header=HEADER, rows=tuple(rows))


def test_a_method_is_in_the_group_that_its_rows_and_file_say(results):
    groups = {name: group_of(name, found) for name, found in collect(results).items()}
    assert {name for name, group in groups.items() if group == GROUPS[0]} == set(PLAIN)
    assert {name for name, group in groups.items() if group == GROUPS[2]} == {"ea-bohb-no-cooling"}
    assert groups["own"] == groups["ea-bohb"] == GROUPS[1]  # a method without a file is drawn too


def test_main_methods_and_the_best_plain_one_are_shown_among_many(results):
    assert set(highlighted([results])) == {"ea-bohb", "bohb", "rs", "tpe"}


def test_no_two_methods_of_a_group_look_alike(results):
    drawn = styles([results])
    groups = {name: group_of(name, found) for name, found in collect(results).items()}
    for group in GROUPS:
        looks = [(s.colour, s.dash) for name, s in drawn.items() if groups[name] == group]
        assert len(set(looks)) == len(looks)
    assert drawn["ea-bohb"].width == max(style.width for style in drawn.values())


def test_a_method_has_one_colour_whichever_others_were_run(results):
    every = styles([results])
    for name in ("ea-ls", "rs", "ea-bohb"):
        rows = tuple(row for row in results.rows if row.method == name)
        alone = styles([dataclasses.replace(results, rows=rows)])
        assert alone == {name: every[name]}
    assert every["ea-ls"].colour == every["ls"].colour  # told apart by the line
    assert every["ea-ls"].dash == "-" != every["ls"].dash
    assert [n for n, style in every.items() if style.colour == WHOLE_COLOUR] == ["ea-bohb"]


@pytest.mark.parametrize(
    ("provenance", "kind"),
    [
        ({"kind": "measured", "energy": "estimated: from CPU time"}, "estimated"),
        ({"kind": "simulated"}, "simulated"),
        ({"energy": "predicted from 100 configurations measured on a GPU"}, "predicted"),
        ({}, "of unknown origin"),
    ],
)
def test_where_energies_come_from_in_a_word(provenance, kind):
    assert energy_kind(provenance) == kind


def test_ticks_are_one_two_and_five_of_each_decade():
    assert one_two_five(0.3, 25.0) == [0.5, 1.0, 2.0, 5.0, 10.0, 20.0]
