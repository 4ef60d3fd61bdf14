import math

import pytest

from benchmarks.comparison.suites import (
    LCBENCH_DESIGN,
    LCBENCH_FREE,
    LCBENCH_RESERVED,
    SUITES,
    make_plan,
)
from benchmarks.methods import check_method, get_method
from benchmarks.problems import problem_names


def test_suites_name_what_exists():
    for suite in SUITES:
        plan = plan_of(suite)
        assert {name.partition("/")[0] for name in plan.tasks} <= set(problem_names())
        assert [check_method(name) for name in plan.methods] == list(plan.methods)


def test_the_default_is_a_few_methods_that_need_optuna_alone():
    assert plan_of(None).methods == ("bohb", "rs", "tpe", "ea-bohb")


def plan_of(suite):
    return make_plan(suite, task=None, methods=None, seeds=None, budget_trainings=None)


def test_a_name_that_is_none_is_told_with_the_nearest():
    with pytest.raises(ValueError, match=r"but got 'papr'\. Did you mean 'paper'"):
        make_plan("papr", task=None, methods=None, seeds=None, budget_trainings=None)
    with pytest.raises(ValueError, match=r"but got 'RS'\. Did you mean 'rs'"):
        get_method("RS")


def test_what_the_user_gives_replaces_the_suite():
    plan = make_plan("paper", task="cifar10", methods="rs, tpe", seeds=3, budget_trainings=None)
    assert (plan.tasks, plan.methods, plan.seeds) == (("cifar10",), ("rs", "tpe"), 3)
    assert plan.budget_trainings == SUITES["paper"].budget_trainings
    assert math.isfinite(plan.budget_trainings)


def test_no_table_shows_tasks_that_methods_were_designed_on():
    parts = [set(LCBENCH_DESIGN), set(LCBENCH_FREE), set(LCBENCH_RESERVED)]
    assert [len(part) for part in parts] == [8, 18, 8]
    assert len(set.union(*parts)) == 34
    shown = {name.partition("/")[2] for suite in SUITES.values() for name in suite.tasks}
    assert not shown & (parts[0] | parts[2])
