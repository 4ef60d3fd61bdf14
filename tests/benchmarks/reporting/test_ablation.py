import numpy as np
import pytest

from benchmarks.reporting.ablation import ablate, ablated, is_ablation
from tests.benchmarks.reporting.made_up_traces import method, trace


def finals(name, values):
    return method(name, *(trace([1], [value]) for value in values), energy_aware=True)


def test_files_say_what_is_an_ablation_and_not_names():
    assert ablated() == "ea-bohb"
    assert is_ablation("ea-bohb-no-cooling")
    assert is_ablation("ea-bohb-tpe")
    assert not is_ablation("ea-bohb")
    assert not is_ablation("ea-bohb-of-somebody-else")  # no file says so
    assert not is_ablation("ea-tpe")


def test_differences_are_paired_by_seed_and_medians_averaged_over_tasks():
    whole, part = [0.9, 0.8, 0.7, 0.6, 0.5], [0.8, 0.7, 0.6, 0.5, 0.4]
    first = {"ea-bohb": finals("ea-bohb", whole), "ea-bohb-tpe": finals("ea-bohb-tpe", part)}
    second = {"ea-bohb": first["ea-bohb"], "ea-bohb-tpe": finals("ea-bohb-tpe", whole)}
    found = ablate([first, second])
    assert found["of"] == "ea-bohb"
    (part,) = found["parts"].values()
    assert part["final_test_accuracy_difference"]["median"] == pytest.approx(-0.05)
    assert part["n_pairs"] == 10
    assert ablate([first])["parts"]["ea-bohb-tpe"]["wilcoxon_p"] == pytest.approx(2 / 2**5)


def test_the_same_seeds_are_drawn_on_every_task():
    """A seed that is lucky on one task is so on all: two tasks tell no more than one of them."""
    whole, part = finals("ea-bohb", np.zeros(5)), finals("ea-bohb-tpe", [0.1, 0.2, 0.3, 0.4, 0.5])
    task = {"ea-bohb": whole, "ea-bohb-tpe": part}
    one, two = (ablate([task] * n)["parts"]["ea-bohb-tpe"] for n in (1, 2))
    assert one["final_test_accuracy_difference"] == two["final_test_accuracy_difference"]


def test_without_the_whole_or_its_parts_there_is_none():
    values = np.linspace(0.5, 0.9, 5)
    whole, part = finals("ea-bohb", values), finals("ea-bohb-tpe", values)
    assert ablate([]) is None
    assert ablate([{"ea-bohb": whole}]) is None
    assert ablate([{"ea-bohb-tpe": part}]) is None
    assert ablate([{"ea-bohb": whole, "ea-bohb-tpe": part}, {"ea-bohb": whole}]) is None
