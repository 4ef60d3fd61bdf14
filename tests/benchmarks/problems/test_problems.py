import json

import pytest

from benchmarks.harness.bench import SCHEDULE
from benchmarks.problems import FIDELITIES, Problem, all_declared, get_problem, problem_names


def test_a_problem_is_a_file_or_a_folder(tmp_path):
    assert {"fashion-nano", "cifar10", "tinyimagenet"} <= set(problem_names())
    assert get_problem("cifar10") == Problem("cifar10", counts_full=False)
    with pytest.raises(ValueError, match="import-official"):
        get_problem(str(tmp_path))
    (tmp_path / "provenance.json").write_text(json.dumps({}))
    found = get_problem(str(tmp_path))
    assert (found.name, found.folder) == (tmp_path.name, tmp_path)


@pytest.mark.parametrize("name", problem_names())
def test_what_a_file_declares_can_be(name):
    said = all_declared()[name]
    assert said.description.endswith((".", ":"))
    assert said.fidelities
    assert set(said.fidelities) <= set(FIDELITIES)


@pytest.mark.parametrize(
    "name", [name for name, said in all_declared().items() if not said.needs_source]
)
def test_a_problem_with_schedules_has_their_length_in_its_space(name):
    said = all_declared()[name]
    assert ("schedule" in said.fidelities) == (SCHEDULE in get_problem(name).load().space)


def test_a_problem_that_reads_a_folder_asks_for_it():
    with pytest.raises(ValueError, match="zeus-v100 needs a folder of yours"):
        get_problem("zeus-v100")


def test_a_problem_that_reads_no_folder_has_none(tmp_path):
    for name in ("cifar10", "live-digits"):
        assert get_problem(name, tmp_path) == get_problem(name)


def test_a_part_of_a_folder_is_a_problem_with_a_folder_of_its_own(tmp_path):
    found = get_problem("yahpo-lcbench-schedules/3945", tmp_path)
    assert (found.name, found.source) == ("yahpo-lcbench-schedules", tmp_path / "3945")
    assert found.title == "yahpo-lcbench-schedules-3945"
    assert found.plain_in_full
    assert get_problem("cifar10").title == "cifar10"
    with pytest.raises(ValueError, match="yahpo-lcbench-schedules needs a folder of yours"):
        get_problem("yahpo-lcbench-schedules/3945")
    with pytest.raises(ValueError, match="task must be one of"):
        get_problem("cifar10/3945")


def test_a_file_without_load_is_told_so(tmp_path):
    (tmp_path / "mine.py").write_text('FIDELITIES = ("schedule",)\n')
    problem = get_problem(str(tmp_path / "mine.py"))
    with pytest.raises(ValueError, match=r"problem 'mine' must define load\(\)"):
        problem.load()
