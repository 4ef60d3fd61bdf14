"""The numbers of the pages about comparisons are those of the committed rows and summaries."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.comparison.suites import LCBENCH_DESIGN
from benchmarks.harness.results import find, load
from benchmarks.reporting.tables import bounded
from benchmarks.transfer.classifiers import NEW_TABLES
from benchmarks.transfer.conditions import CONDITIONS
from benchmarks.transfer.run import TaskResults
from benchmarks.transfer.table import Line, as_json, lines_of, markdown

ROOT = Path(__file__).parent.parent
PAPER = ROOT / "benchmarks" / "results" / "paper"
RESULTS = (ROOT / "docs" / "results.md").read_text()
FRONTS = (ROOT / "docs" / "several_objectives.md").read_text()
CHOOSING = (ROOT / "docs" / "choosing.md").read_text()
EARLIER = (ROOT / "docs" / "earlier_studies.md").read_text()
BUDGET = (ROOT / "docs" / "budget.md").read_text()
PARALLEL = (ROOT / "docs" / "parallel.md").read_text()
REPRODUCING = (ROOT / "docs" / "reproducing.md").read_text()


@pytest.fixture(scope="module")
def summary() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((PAPER / "summary.json").read_text())
    return content


def _bounded(found: dict[str, Any]) -> str:
    """Of what is not reached a bound is told."""
    ratio, low, high = bounded(found, unknown="more than ")
    return f"{ratio} ({low} to {high})"


def test_energy_over_the_best_plain_method(summary: dict[str, Any]) -> None:
    text = _bounded(summary["kwh_to_target_over_best_plain"]["ea-bohb"])
    assert f"| {text} |" in RESULTS
    assert f"| {text} |" in CHOOSING
    assert f"with {text.split()[0]} of that method's energy" in RESULTS


@pytest.mark.parametrize(
    ("method", "label"),
    [
        ("ea-bohb", "`ea_bohb`"),
        ("ea-smac", "its recipe in SMAC"),
        ("gp", "Optuna's `GPSampler`"),
        ("tpe", "`TPESampler`"),
        ("smac", "SMAC"),
        ("ea-tpe", "`EnergyTPESampler`"),
        ("rs", "random search"),
        ("tpe-median", "TPE with `MedianPruner`"),
    ],
)
def test_mean_ranks(summary: dict[str, Any], method: str, label: str) -> None:
    assert f"| {label} | {summary['ranks']['mean_rank'][method]:.1f} |" in CHOOSING


@pytest.mark.parametrize(
    ("method", "label"),
    [
        ("ea-bohb-always-short", "always short schedules first"),
        ("ea-bohb-no-cooling", "no cooling"),
        ("ea-bohb-no-promotion", "no schedule promotion"),
        ("ea-bohb-pruned", "with pruning"),
        ("ea-bohb-tpe", "TPE in place of its Gaussian process"),
        ("ea-bohb-uniform-start", "uniform start"),
    ],
)
def test_what_each_part_earns(summary: dict[str, Any], method: str, label: str) -> None:
    found = summary["ablation"]["parts"][method]["final_test_accuracy_difference"]
    points = [100.0 * found[name] for name in ("median", "low_95", "high_95")]
    median, low, high = (f"{round(value, 2) + 0.0:.2f}" for value in points)
    assert f"| {label} | {median} ({low} to {high}) |" in RESULTS


@pytest.mark.parametrize(
    ("method", "label"),
    [("rs", "random search"), ("gp", "Optuna's Gaussian process"), ("ea-bohb", "**EA-BOHB**")],
)
def test_final_accuracies(method: str, label: str) -> None:
    row = next(line for line in RESULTS.splitlines() if line.startswith(f"| {label} | 8"))
    for task, cell in zip(
        ("fashion-nano", "cifar10", "tinyimagenet"), row.split("|")[2:5], strict=True
    ):
        tables = (PAPER / task / "tables.md").read_text().splitlines()
        found = next(line for line in tables if line.startswith(f"| {method} "))
        accuracy = float(found.split("|")[3])
        shown = float(cell.split()[0])
        assert shown == pytest.approx(100.0 * accuracy, abs=0.0501), (task, row)


def test_what_parts_of_the_budget_gave() -> None:
    tasks = ("fashion-nano", "cifar10", "tinyimagenet")
    found = [json.loads((PAPER / task / "summary.json").read_text())["methods"] for task in tasks]
    for trainings, part in ((4, "0.1"), (10, "0.25"), (20, "0.5"), (40, "1.0")):
        row = next(line for line in BUDGET.splitlines() if line.startswith(f"| {trainings} |"))
        for cell, methods in zip(row.split("|")[2:5], found, strict=True):
            medians = (
                methods[method]["test_accuracy_at_budget_fraction"][part]["median"]
                for method in ("gp", "ea-bohb")
            )
            assert cell.strip() == " / ".join(f"{100.0 * one:.1f}" for one in medians) + " %"


def test_how_many_trials_were_run() -> None:
    files = [find(PAPER / task) for task in ("fashion-nano", "cifar10", "tinyimagenet")]
    n_rows = 0
    for file in files:
        with gzip.open(file) as lines:
            n_rows += sum(1 for _ in lines) - 1  # without the header
    assert f"| {n_rows:,} trials |" in REPRODUCING


@pytest.mark.parametrize("task", ["live-digits", "live-boosting", "live-characters"])
@pytest.mark.parametrize(
    ("method", "label"), [("gp", "Optuna's Gaussian process"), ("ea-bohb", "EA-BOHB")]
)
def test_final_values_of_trainings_that_are_run(task: str, method: str, label: str) -> None:
    section = RESULTS.partition("## Trainings that are run")[2]
    row = next(line for line in section.splitlines() if line.startswith(f"| {label} |"))
    column = ["live-digits", "live-boosting", "live-characters"].index(task) + 2
    shown = row.split("|")[column].strip(" *").split()[0]
    tables = (PAPER.parent / "live" / task / "tables.md").read_text().splitlines()
    found = next(line for line in tables if line.startswith(f"| {method} "))
    assert float(shown) == round(float(found.split("|")[3]), len(shown.partition(".")[2]))


def test_energy_to_the_volume_of_the_best_plain_front() -> None:
    found = json.loads((PAPER.parent / "fronts" / "fronts.json").read_text())
    over_all = _bounded(found["energy_to_best_plain"]["ea-bohb"])
    assert over_all.split()[0] in FRONTS.partition("final volume with ")[2].split()[0]
    assert over_all in RESULTS
    for task in found["tasks"]:
        ours = task["methods"]["ea-bohb"]
        row = next(line for line in FRONTS.splitlines() if line.startswith(f"| `{task['task']}` |"))
        assert _bounded(ours["energy_to_best_plain"]) in row
        volumes = (ours, task["methods"][task["best_plain"]])
        for cell, method in zip(row.split("|")[4:6], volumes, strict=True):
            shown = [float(part) for part in cell.split("/")]
            assert shown == pytest.approx(list(method["median_volume"].values()), abs=0.0051)


@pytest.fixture(scope="module")
def foreign() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((PAPER.parent / "foreign" / "summary.json").read_text())
    return content


def test_energy_on_tasks_that_nothing_was_tuned_on(foreign: dict[str, Any]) -> None:
    section = RESULTS.partition("## Tasks that nothing was tuned on")[2]
    over = foreign["kwh_to_target_over_best_plain"]["ea-bohb"]
    bound = over["at_least"]
    assert over["ratio"] is None
    assert f"more than\n{bound['ratio']:.2f} of the energy" in section
    assert f"{bound['low_95']:.2f} to {bound['high_95']:.2f}; where it never" in section
    for name in ("bohb", "tpe"):
        assert _bounded(foreign["kwh_ratio_to_final_of"]["ea-bohb"][name]) in section
    for task, ratios in zip(foreign["tasks"], foreign["by_task"], strict=True):
        number = task.rpartition("-")[2]
        row = next(line for line in section.splitlines() if line.startswith(f"| {number} |"))
        assert row.endswith(f"| {_bounded(ratios['ea-bohb'])} |")
        assert f"| {100.0 * ratios['ea-bohb']['final_median']:.1f} % |" in row


@pytest.mark.parametrize(
    ("method", "label"),
    [("rs", "random search"), ("gp", "Optuna's Gaussian process"), ("ea-bohb", "**EA-BOHB**")],
)
def test_mean_regrets(foreign: dict[str, Any], method: str, label: str) -> None:
    section = RESULTS.partition("## Tasks that nothing was tuned on")[2]
    row = next(line for line in section.splitlines() if line.startswith(f"| {label} |"))
    found = foreign["regrets"][method]
    for cell, regret in zip(row.split("|")[2:6], found["mean_regret_points"].values(), strict=True):
        mean, low, high = (regret[name] for name in ("mean", "low_95", "high_95"))
        assert cell.strip() == f"{mean:.1f} ({low:.1f} to {high:.1f})"
    if found["pairs"] is not None:
        assert f"| {found['pairs']['ahead']} of {found['pairs']['n']}" in row


def _lines(folder: Path, tasks: Sequence[str]) -> list[Line]:
    """The table of earlier studies, from its rows."""
    found = [
        TaskResults(
            task=task, new=load(find(folder / task)), plain=load(find(folder / task / "plain"))
        )
        for task in tasks
    ]
    recorded = {row.method for row in found[0].new.rows}
    return lines_of(found, [one for one in CONDITIONS if one.name in recorded])


@pytest.mark.parametrize(
    ("family", "tasks"), [("lcbench", LCBENCH_DESIGN), ("networks", NEW_TABLES)]
)
def test_what_earlier_studies_bring(family: str, tasks: Sequence[str]) -> None:
    folder = PAPER.parent / "transfer" / family
    lines = _lines(folder, tasks)
    told = json.loads(json.dumps(as_json(lines)))
    assert told == json.loads((folder / "transfer.json").read_text())
    assert markdown(lines, plain="GP") in EARLIER
    said, by_name = " ".join(EARLIER.split()), {line.condition: line for line in lines}
    without, with_all = by_name["no earlier studies"], by_name["all earlier studies"]
    after = [f"{line.regrets[1]:.1f}" for line in (with_all, without)]
    parts = [f"{line.to_plain:.2f}" for line in (with_all, without)]
    cost = [
        f"{by_name[f'all earlier studies, values {how}'].to_end:.2f}"
        for how in ("permuted", "reversed")
    ]
    if family == "lcbench":
        assert f"after five trainings {after[0]} against {after[1]} points" in said
        assert f"EA-BOHB needs {parts[0]} of GP's energy" in said
        assert f"without earlier studies it needs {parts[1]};" in said
        assert f"values cost {cost[0]} and {cost[1]} of the energy without on LCBench" in said
    else:
        with_three = f"{by_name['3 earlier studies'].regrets[1]:.1f}"
        assert f"{parts[0]} against {parts[1]}, after five trainings {with_three} points" in said
        assert f"{after[0]} with all and {after[1]} without" in said
        assert f"{cost[0]} and {cost[1]} on the networks" in said


MEASURES = {
    "over_one": "energy over one worker's",
    "over_best_plain": "energy over the best plain method's",
    "regret": "final regret, points",
    "time_over_one": "time over one worker's",
}


@pytest.mark.parametrize(
    ("method", "label"),
    [("ea-bohb", "**EA-BOHB**"), ("tpe", "TPE"), ("rs", "random search")],
)
def test_many_workers(method: str, label: str) -> None:
    content = json.loads((PAPER.parent / "workers" / "summary.json").read_text())["workers"]
    section = PARALLEL.partition("## With four times the budget")[2].partition("\n## ")[0]
    assert content["numbers"] == ["1", "4", "16", "64"]
    shown = [line for line in section.splitlines() if line.startswith(f"| {label}: ")]
    assert shown
    for line in shown:
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        measure = next(key for key, told in MEASURES.items() if name == f"{label}: {told}")
        for cell, number in zip(cells, content["numbers"], strict=True):
            found = content["methods"][method][number][measure]
            if measure == "time_over_one":
                assert cell == f"{found:.2f}"
            elif measure == "regret":
                mean, low, high = (found[key] for key in ("mean", "low_95", "high_95"))
                assert cell == f"{mean:.1f} ({low:.1f} to {high:.1f})"
            else:
                assert cell == _bounded(found)


def test_many_workers_in_short() -> None:
    content = json.loads((PAPER.parent / "workers" / "summary.json").read_text())["workers"]
    found = _bounded(content["methods"]["ea-bohb"]["16"]["over_best_plain"])
    assert f"({found.replace(' (', ', ')}" in RESULTS.partition("## Many workers")[2]


def test_the_front_page_tells_the_same(summary: dict[str, Any], foreign: dict[str, Any]) -> None:
    rows = (ROOT / "README.md").read_text().partition("## Results")[2].splitlines()
    reserved, fronts = (
        json.loads((PAPER.parent / name).read_text())
        for name in ("reserved/summary.json", "fronts/fronts.json")
    )
    over = "kwh_to_target_over_best_plain"
    live = (
        json.loads((PAPER.parent / "live" / task / "summary.json").read_text())["methods"]
        for task in ("live-digits", "live-boosting", "live-characters")
    )
    expected = {
        "our three tasks (one": _bounded(summary[over]["ea-bohb"]).replace("(", "(95 % "),
        "18 tasks of LCBench": _bounded(foreign[over]["ea-bohb"]),
        "eight more": _bounded(reserved[over]["ea-bohb"]),
        "the front of accuracy": _bounded(fronts["energy_to_best_plain"]["ea-bohb"]),
        "three small trainings": ", ".join(
            _bounded(methods["ea-bohb"][over]).partition(" (")[0] for methods in live
        ),
    }
    for label, told in expected.items():
        row = next(line for line in rows if line.startswith(f"| {label}"))
        assert row.endswith(f"| {told} |")
