import dataclasses
import json
import re
from xml.etree import ElementTree

import pytest
from matplotlib.image import imread

from benchmarks.commands.report import expand, read, report
from benchmarks.harness.row_file import RowFile
from benchmarks.harness.rows import RowsError
from benchmarks.reporting.traces import collect
from tests.benchmarks.made_up_rows import HEADER, make_rows

FILES = [
    "ranks.png",
    "ranks.svg",
    "regret_vs_kwh.png",
    "regret_vs_kwh.svg",
    "regret_vs_kwh_narrow.png",
    "regret_vs_time.png",
    "regret_vs_time.svg",
    "regret_vs_time_narrow.png",
    "report.html",
    "summary.json",
    "tables.md",
]


def study(method, seed, *, energy_aware=False, lift=0.0, time_known=True):
    return [
        dataclasses.replace(
            row,
            method=method,
            energy_aware=energy_aware,
            incumbent_test_metric=0.6 + 0.05 * row.trial + 0.01 * seed + lift,
            runtime_s=100.0 * (row.trial + 1) if time_known else None,
        )
        for row in make_rows(seed=seed)
    ]


def write(folder, header=HEADER, **options):
    with RowFile(folder / "rows.jsonl", header) as file:
        for seed in range(3):
            file.append(study("rs", seed, **options))
            file.append(study("ea-bohb", seed, energy_aware=True, lift=0.04, **options))
    return folder


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = write(tmp_path_factory.mktemp("drawn"))
    report([folder])
    return folder


def test_everything_is_redrawn_from_the_rows_alone(drawn, tmp_path):
    assert sorted(p.name for p in drawn.iterdir()) == sorted([*FILES, "rows.jsonl"])
    (tmp_path / "rows.jsonl").write_bytes((drawn / "rows.jsonl").read_bytes())
    report([tmp_path])
    for name in ("summary.json", "regret_vs_kwh.svg", "ranks.svg"):
        assert (tmp_path / name).read_bytes() == (drawn / name).read_bytes()


def test_summary(drawn):
    summary = json.loads((drawn / "summary.json").read_text())
    rs, ea = summary["methods"]["rs"], summary["methods"]["ea-bohb"]
    assert rs["final_test_accuracy"] == pytest.approx({"q25": 0.705, "median": 0.71, "q75": 0.715})
    assert summary["target_test_accuracy"] == pytest.approx(0.71)
    assert rs["kwh_to_target"]["median"] == pytest.approx(0.3)
    assert rs["kwh_to_target"]["q75"] is None  # one of three never gets there
    assert ea["kwh_to_target"]["median"] == pytest.approx(0.3)
    assert ea["kwh_to_target"]["q25"] == pytest.approx(0.25)  # they are there at 0.2, 0.3, 0.3
    assert ea["n_reached_target"] == 3


@pytest.mark.parametrize("name", ["regret_vs_kwh", "regret_vs_time", "ranks"])
def test_figures_can_be_read(drawn, name):
    height, width, _ = imread(drawn / f"{name}.png").shape
    assert height > 250
    assert width > 500
    assert ElementTree.parse(drawn / f"{name}.svg").getroot().tag.endswith("svg")


def test_page_fetches_nothing(drawn):
    page = (drawn / "report.html").read_text()
    own = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert set(re.findall(r"src='([^,]*),", own)) == {"data:image/png;base64"}
    assert "href=" not in own
    assert "Plotly.newPlot" in page
    assert own.count("<table") == 2
    assert own.count("<img") == 2  # regret, ranks
    assert own.count("<source media='(max-width: 640px)' srcset='data:image/png;base64,") == 1


def test_page_begins_with_the_result_and_its_figure_and_ranks_come_after(drawn):
    page = (drawn / "report.html").read_text()
    body = page[page.index("<body>") :]
    order = [
        "<p class=result>EA-BOHB gets where the best plain method (RS) ends with ",
        "Test regret over energy",
        "Mean ranks of the final test values",
        "<h2>",
        "hypervolume, from 0 to 1: the part of all",
    ]
    places = [body.index(text) for text in order]
    assert places == sorted(places)
    assert "<caption" not in body  # which is as wide as its table
    assert "Training energy of the study (Wh, " in body or "(J, " in body or "(kWh" in body
    assert "mean complete trainings" in body


def test_without_times_there_is_no_figure_over_time(tmp_path):
    report([write(tmp_path, time_known=False)])
    assert not (tmp_path / "regret_vs_time.png").exists()
    assert (tmp_path / "regret_vs_kwh.png").exists()


def test_many_methods_none_of_which_is_a_main_one(tmp_path):
    with RowFile(tmp_path / "rows.jsonl", HEADER) as file:
        for seed in range(2):
            for number in range(7):
                file.append(study(f"own-{number}", seed, energy_aware=True, lift=0.01 * number))
    report([tmp_path])
    assert (tmp_path / "report.html").read_text().count("Plotly.newPlot") > 0


def test_tasks_share_a_figure(tmp_path):
    for task in ("fashion-nano", "cifar10"):
        write(tmp_path / task, dataclasses.replace(HEADER, task=task))
    assert expand([tmp_path]) == [tmp_path / "cifar10", tmp_path / "fashion-nano"]
    report([tmp_path])
    assert (tmp_path / "cifar10" / "summary.json").exists()
    one = imread(tmp_path / "cifar10" / "regret_vs_kwh.png").shape
    both = imread(tmp_path / "regret_vs_kwh.png").shape
    assert both[1] > one[1]
    overall = json.loads((tmp_path / "summary.json").read_text())
    assert overall["tasks"] == ["cifar10", "fashion-nano"]
    assert overall["ranks"]["mean_rank"] == {"ea-bohb": 1.0, "rs": 2.0}
    assert overall["kwh_to_target_over_best_plain"]["rs"]["ratio"] == 1.0
    assert (
        overall["kwh_ratio_to_final_of"]["ea-bohb"]["rs"]
        == (overall["kwh_to_target_over_best_plain"]["ea-bohb"])
    )
    assert overall["never_reached_on"] == {"rs": [], "ea-bohb": []}
    tables = (tmp_path / "tables.md").read_text()
    assert "(rs on cifar10, rs on fashion-nano)" in tables
    assert tables.count("| rs ") == 1 + 2 * 2
    assert (tmp_path / "report.html").read_text().count("<h2>") == 2


def test_many_methods_are_split_over_figures_and_the_ablation_is_told(tmp_path):
    names = ["bananas", "bohb", "hb", "ls", "rea", "rs"]
    aware = {"ea-bohb": 0.04, "ea-bohb-no-cooling": 0.02, "ea-ls": 0.01, "ea-bananas": 0.0}
    with RowFile(tmp_path / "rows.jsonl", HEADER) as file:
        for seed in range(6):
            for position, name in enumerate(names):
                file.append(study(name, seed, lift=0.005 * position - 0.05))
            for name, lift in aware.items():
                file.append(study(name, seed, energy_aware=True, lift=lift))
    report([tmp_path])
    both = [imread(tmp_path / f"regret_vs_kwh{part}.png").shape for part in ("", "_all")]
    assert both[1][0] > 2 * both[0][0]  # a row for each of three groups
    assert (tmp_path / "paper_methods.png").exists()
    assert (tmp_path / "paper_energy_aware.png").exists()
    summary = json.loads((tmp_path / "summary.json").read_text())
    part = summary["ablation"]["parts"]["ea-bohb-no-cooling"]
    assert summary["ablation"]["of"] == "ea-bohb"
    assert part["final_test_accuracy_difference"] == pytest.approx(
        {"median": -0.02, "low_95": -0.02, "high_95": -0.02}
    )
    assert part["wilcoxon_p"] == pytest.approx(2 / 2**6)  # all six signs agree
    assert "| ea-bohb-no-cooling | " in (tmp_path / "tables.md").read_text()
    page = (tmp_path / "report.html").read_text()
    assert page.count("<table") == 3
    assert '"legendonly"' in page


def test_methods_that_never_reach_the_target_have_a_bound_in_the_tables(tmp_path):
    for task in ("fashion-nano", "cifar10"):
        with RowFile(
            tmp_path / task / "rows.jsonl", dataclasses.replace(HEADER, task=task)
        ) as file:
            for seed in range(3):
                file.append(study("rs", seed))
                file.append(study("ea-bohb", seed, energy_aware=True, lift=-0.1))
    report([tmp_path])
    overall = json.loads((tmp_path / "summary.json").read_text())
    assert overall["never_reached_on"]["ea-bohb"] == ["cifar10", "fashion-nano"]
    # the plain method needs 0.3 of the 0.5 kWh
    row = next(
        line
        for line in (tmp_path / "tables.md").read_text().splitlines()
        if line.startswith("| ea-bohb")
    )
    assert ">1.67" in row
    assert "cifar10, fashion-nano" in row


def test_versions_are_not_mixed(tmp_path):
    write(tmp_path / "a")
    other = dataclasses.replace(HEADER, task="cifar10", versions={"numpy": "1"})
    write(tmp_path / "b", other)
    with pytest.raises(RowsError, match="versions"):
        read([tmp_path / "a", tmp_path / "b"])


def test_one_task_from_two_folders_is_refused(tmp_path):
    write(tmp_path / "a")
    write(tmp_path / "b", dataclasses.replace(HEADER, provenance={"kind": "measured"}))
    with pytest.raises(RowsError, match="different tasks"):
        read([tmp_path / "a", tmp_path / "b"])


def test_torn_and_unfinished_studies_are_reported_and_the_file_left_alone(tmp_path, capsys):
    path = write(tmp_path) / "rows.jsonl"
    torn = path.read_bytes()[:-9]
    path.write_bytes(torn)
    comparisons = read([tmp_path])
    said = " ".join(capsys.readouterr().err.split())
    assert "half-written row" in said
    assert "unfinished studies: ea-bohb seed 2" in said
    assert path.read_bytes() == torn
    assert len(collect(comparisons[tmp_path])["ea-bohb"].traces) == 2


@pytest.mark.parametrize("n_lines", [0, 1, 3])
def test_rows_without_a_finished_study_are_refused(tmp_path, n_lines):
    path = write(tmp_path) / "rows.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:n_lines]))
    with pytest.raises(RowsError):
        report([tmp_path])


def test_studies_with_several_workers_have_a_table_and_change_nothing_else(drawn, tmp_path):
    (tmp_path / "rows.jsonl").write_bytes((drawn / "rows.jsonl").read_bytes())
    with RowFile(tmp_path / "rows.jsonl", HEADER) as file:
        for seed in range(3):
            file.append([dataclasses.replace(row, workers=4) for row in study("rs", seed)])
    report([tmp_path])
    before, now = (json.loads((p / "summary.json").read_text()) for p in (drawn, tmp_path))
    assert now.pop("workers")["methods"]["rs"]["4"]["over_one"]["ratio"] == 1.0
    assert now == before
    assert "4 over 1" in (tmp_path / "tables.md").read_text()
    assert "4 over 1" in (tmp_path / "report.html").read_text()


def test_what_several_workers_cost_over_all_tasks_is_told(tmp_path):
    for task in ("one", "other"):
        header = dataclasses.replace(HEADER, task=task, incumbents_only=True)
        (tmp_path / task).mkdir()
        with RowFile(tmp_path / task / "rows.jsonl", header) as file:
            for seed in range(3):
                for workers in (1, 4):
                    rows = study("rs", seed)
                    file.append([dataclasses.replace(row, workers=workers) for row in rows])
    report([tmp_path])
    found = json.loads((tmp_path / "summary.json").read_text())["workers"]
    assert found["methods"]["rs"]["4"]["over_one"]["ratio"] == 1.0
    tables = (tmp_path / "tables.md").read_text()
    assert tables.startswith("All tasks, by the number of simulated workers")
    row = next(line for line in tables.splitlines() if "rs: energy over one worker's" in line)
    assert row.count("1.00 (1.00 .. 1.00)") == 2
