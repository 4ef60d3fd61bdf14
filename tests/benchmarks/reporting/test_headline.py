import dataclasses

import pytest

from benchmarks.harness.results import Results
from benchmarks.reporting.headline import headline
from benchmarks.reporting.summary import summarise, summarise_all
from tests.benchmarks.made_up_rows import HEADER, make_rows

PROVENANCE = {"kind": "measured", "energy": "estimated: from CPU time"}


def results(finals, task="fashion-nano", n_studies=3):
    """Methods whose incumbents get better by the same steps, with other starts."""
    rows = [
        dataclasses.replace(
            row,
            method=name,
            energy_aware=name.startswith("ea-") or name == "own",
            incumbent_test_metric=start + 0.05 * row.trial + 0.01 * seed,
        )
        for name, start in finals.items()
        for seed in range(n_studies)
        for row in make_rows(seed=seed)
    ]
    header = dataclasses.replace(HEADER, task=task, provenance=PROVENANCE)
    return Results(header=header, rows=tuple(rows))


def sentence(*tasks):
    overall = summarise_all(tasks) if len(tasks) > 1 else None
    return headline([summarise(task) for task in tasks], overall)


def test_who_needs_what_part_of_whose_energy_and_where_it_was_seen():
    said = sentence(results({"rs": 0.6, "ea-bohb": 0.65, "ea-ls": 0.7}))
    assert said.startswith("EA-BOHB gets where the best plain method (RS) ends with ")
    summary = summarise(results({"rs": 0.6, "ea-bohb": 0.65}))
    ratio = summary["methods"]["ea-bohb"]["kwh_to_target_over_best_plain"]
    assert f"with {ratio['ratio']:.2f} of that method's energy (95 % interval " in said
    assert f"{ratio['low_95']:.2f} to {ratio['high_95']:.2f})" in said
    trainings = f"{summary['budget_trainings']:.3g}"
    assert f"seen in 3 studies of {trainings} mean trainings per method on" in said
    assert said.endswith("fashion-nano (energy estimated).")


def test_one_study_has_no_interval():
    said = sentence(results({"rs": 0.6, "ea-bohb": 0.65}, n_studies=1))
    assert "of that method's energy (one study, so no interval); seen in 1 study of" in said


def test_several_tasks_are_a_geometric_mean_and_all_named():
    first, second = (
        results({"rs": 0.6, "ea-bohb": 0.65}),
        results({"rs": 0.6, "ea-bohb": 0.7}, "t2"),
    )
    said = sentence(first, second)
    assert "(geometric mean over tasks, 95 % interval" in said
    assert "on fashion-nano (energy estimated), t2 (energy estimated)." in said


def test_what_is_not_reached_is_a_bound_and_says_where():
    said = sentence(
        results({"rs": 0.6, "ea-bohb": 0.65}), results({"rs": 0.6, "ea-bohb": 0.3}, "t2")
    )
    assert "does not get where the best plain method (RS) ends within its budget on t2" in said
    assert "so it needs more than " in said


@pytest.mark.parametrize("finals", [{"rs": 0.6}, {"ea-bohb": 0.6}])
def test_nothing_to_compare_is_said(finals):
    assert sentence(results(finals)).startswith("There is no energy-aware method beside a plain")


def test_without_the_method_that_has_ablations_it_is_the_most_accurate_one():
    said = sentence(results({"rs": 0.6, "own": 0.62, "ea-ls": 0.7}))
    assert said.startswith("EA-LS")
