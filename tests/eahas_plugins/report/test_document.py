from __future__ import annotations

import csv
import io
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eahas_plugins.report import Objective, Report
from eahas_plugins.report.figures import MAX_DOTS
from eahas_plugins.report.run import STATES, State
from tests.eahas_plugins.report.runs import run, small, trial


class Tags(HTMLParser):
    """Checks that every element is closed where it should be, and collects what would load."""

    VOID = ("meta", "line", "circle", "path", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        self.loads += [str(v) for k, v in attrs if k in ("src", "href")]
        self.loads += [tag] if tag in ("script", "link", "iframe", "img") else []

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(report: Report) -> Tags:
    tags = Tags()
    tags.feed(report.html)
    assert tags.open == []
    return tags


def test_the_page_loads_nothing_and_says_the_numbers() -> None:
    report = Report.of(small(), country="FRA")
    tags = parsed(report)
    assert tags.loads == []
    assert "url(" not in report.html
    for words in (
        "Energy report: hand-made",
        "10 Wh",
        "spent of 20 Wh, 50 %, 3.33 mean complete trials",
        "Left: 10 Wh",
        "≈ 2 Wh",
        "0.56 g CO2e",
        "measured",
        "nvml",
        report.statement,
    ):
        assert words in tags.text, words


def test_the_statement_has_every_number() -> None:
    statement = Report.of(small(), g_per_kwh=100.0).statement
    for words in (
        '"hand-made" ran 6 trials with Optuna and used 10 Wh of electricity, 50 % of its energy '
        "budget of 20 Wh",
        "6 Wh went to 2 complete trials",
        "1 Wh went to 1 pruned trial",
        "1.5 Wh went to 1 trial that the budget cut short",
        "0.5 Wh went to 1 failed trial",
        "1 trial that told nothing is charged what was expected",
        "The best accuracy, 0.9 (trial 2), was found after 7 of 10 Wh; training it took 4 Wh",
        "Pruning saved an estimated 2 Wh",
        "The energy of 4 trials (5.5 Wh) is measured by nvml, counting GPU 0",
        "this is 1 g CO2e",
    ):
        assert words in statement, words


def test_what_a_benchmark_says_was_not_used() -> None:
    from eahas_plugins.report import EnergySource

    source = EnergySource(kind="predicted")
    made = Report.of(run(trial(0, energy_kwh=0.1, values=(0.5,), source=source)))
    assert "by which its trainings would have used 100 Wh" in made.statement


def test_an_exceeded_cap_is_said() -> None:
    assert "Cap; over it: 2 Wh" in parsed(Report.of(small(cap_kwh=0.008))).text
    assert "no cap is known" in parsed(Report.of(small(cap_kwh=None))).text


def test_names_from_a_run_are_never_markup() -> None:
    nasty = '<script>alert("x")</script>&'
    source = trial(0).source.__class__(kind="measured", meter=nasty)
    made = Report.of(
        run(
            trial(0, energy_kwh=0.1, values=(0.5,), config={nasty: nasty}, source=source),
            name=nasty,
            objectives=(Objective(name=nasty),),
            notes=(nasty,),
        )
    )
    assert "<script" not in made.html
    assert nasty in parsed(made).text
    assert "<script" not in made._repr_html_()


def test_json_and_csv_have_the_same_numbers() -> None:
    made = Report.of(small(unlisted_kwh=0.001), country="FRA")
    numbers = json.loads(made.to_json())
    rows = list(csv.DictReader(io.StringIO(made.csv)))
    assert numbers["spent_kwh"] == made.numbers.spent_kwh
    assert numbers["statement"] == made.statement
    energies = [float(row["energy_kwh"]) for row in rows]
    assert math.fsum((*energies, 0.001)) == numbers["spent_kwh"]
    assert [row["trial"] for row in rows] == [one["trial"] for one in numbers["trials"]]
    assert rows[0]["value.accuracy"] == "0.8"
    assert rows[1]["value.accuracy"] == ""
    assert rows[2]["config.x"] == "2"


def test_json_has_finite_numbers_only() -> None:
    made = Report.of(run(trial(0, energy_kwh=0.1, values=(math.nan,), eligible=False)))
    assert json.loads(made.to_json())["trials"][0]["values"] == ["nan"]
    assert "No trial is complete, feasible and finite." in made.statement


def test_a_large_study_makes_a_light_page() -> None:
    many = [trial(i, energy_kwh=1e-6, values=(i / 20_000,)) for i in range(20_000)]
    html = Report.of(run(*many)).html
    assert html.count("<circle") <= 2 * 2 * MAX_DOTS + 4 * len(many) // 10_000
    assert len(html) < 2 << 20


def test_several_objectives_get_a_front() -> None:
    made = Report.of(
        run(
            trial(0, energy_kwh=0.1, values=(0.5, 3.0)),
            trial(1, energy_kwh=0.1, values=(0.7, 5.0)),
            objectives=(Objective(name="accuracy", maximize=True), Objective(name="latency")),
        )
    )
    assert "Front of the objectives" in parsed(made).text
    assert "2 trials are on the Pareto front" in made.statement


def test_an_outlier_does_not_flatten_the_axis() -> None:
    good = [trial(i, energy_kwh=0.1, values=(0.9 + i / 1000,)) for i in range(20)]
    made = Report.of(run(*good, trial(99, energy_kwh=0.1, values=(-1e6,))))
    assert "1 trial is worse than the axis shows" in parsed(made).text
    ticks = re.findall(r'<text class="y"[^>]*>([^<]*)</text>', made.html)
    assert all(0.85 < float(tick) < 1.0 for tick in ticks)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.just(0.0) | st.floats(1e-12, 1e9),
            st.floats(allow_nan=False, allow_infinity=False),
            st.floats(),
            st.sampled_from(STATES),
        ),
        min_size=1,
    )
)
def test_any_values_make_a_page(rows: list[tuple[float, float, float, State]]) -> None:
    trials = [
        trial(i, state, energy_kwh=kwh, values=values, eligible=all(map(math.isfinite, values)))
        for i, (kwh, *values, state) in enumerate(rows)
    ]
    objectives = (Objective(name="a", maximize=True), Objective(name="b"))
    made = Report.of(run(*trials, objectives=objectives), g_per_kwh=100.0)
    for figure in re.findall("<svg.*?</svg>", made.html):
        assert not re.search(r"\b(nan|inf)\b", figure)
    json.loads(made.to_json())


def test_save_writes_the_page_or_raises(tmp_path: Path) -> None:
    made = Report.of(small())
    assert made.save(tmp_path / "report.html").read_text(encoding="utf-8") == made.html
    with pytest.raises(FileNotFoundError):
        made.save(tmp_path / "nowhere" / "report.html")


def test_half_a_character_is_no_reason_to_write_nothing(tmp_path: Path) -> None:
    report = Report.of(small(name="a\ud800b", notes=("c\udfff",)))
    report.save(tmp_path / "report.html")
    for text in (report.html, report.statement, report.csv, report.to_json()):
        text.encode()
    assert '"a?b"' in report.statement
    assert json.loads(report.to_json())["notes"] == ["c?"]


def test_words_about_one_trial_and_about_what_is_unknown() -> None:
    unknown = Report.of(run(trial(0, values=(0.9,)), trial(1, energy_kwh=1e-3, values=(0.8,))))
    assert "what training it took is unknown." in unknown.statement
    two = (Objective(name="a"), Objective(name="b"))
    front = Report.of(run(trial(0, energy_kwh=1e-3, values=(1.0, 1.0)), objectives=two))
    assert "1 trial is on the Pareto front" in front.statement
