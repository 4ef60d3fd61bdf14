import dataclasses

import pytest

from benchmarks.harness.results import Results
from benchmarks.methods import all_declared
from benchmarks.reporting.paper_figures import draw_paper
from tests.benchmarks.made_up_rows import HEADER, make_rows

PAPER = {name: said for name, said in all_declared().items() if said.paper_place is not None}


def results(names):
    rows = [
        dataclasses.replace(row, method=name, energy_aware=PAPER[name].energy_aware)
        for name in names
        for row in make_rows()
    ]
    return Results(header=HEADER, rows=tuple(rows))


def test_the_paper_compares_six_methods_and_two_energy_aware_ones():
    plain = sorted(
        (said.paper_place, name) for name, said in PAPER.items() if not said.energy_aware
    )
    assert [name for _, name in plain] == ["rs", "ls", "rea", "bananas", "hb", "bohb"]
    assert {said.plain for said in PAPER.values() if said.energy_aware} == {"ls", "bananas"}


@pytest.mark.parametrize(
    ("left_out", "drawn"),
    [
        (set(), ["paper_methods", "paper_energy_aware"]),
        ({"hb"}, ["paper_energy_aware"]),
        ({"ea-ls"}, ["paper_methods"]),
        ({"ls"}, []),
    ],
)
def test_a_figure_is_drawn_where_all_its_methods_are(tmp_path, left_out, drawn):
    assert draw_paper([results(set(PAPER) - left_out)], tmp_path) == drawn
    suffixes = (".png", ".svg")
    assert {p.name for p in tmp_path.iterdir()} == {f"{n}{s}" for n in drawn for s in suffixes}
