from pathlib import Path

import pytest
from ConfigSpace import (
    Categorical,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    ForbiddenEqualsClause,
    Integer,
    OrdinalHyperparameter,
)

from eahas_plugins.transfer import EarlierStudies, first_configurations, write_study
from tests.eahas_plugins.transfer.studies import made_up


def space():
    found = ConfigurationSpace(seed=0)
    kind = Categorical("optimizer", ["adam", "sgd", "lion"])
    momentum = Float("momentum", (0.0, 1.0), default=0.25)
    found.add(
        Integer("width", (8, 24)),
        OrdinalHyperparameter("lr", [0.01, 0.1, 1.0]),
        Float("dropout", (0.0, 0.5), default=0.1),
        kind,
        momentum,
    )
    found.add(EqualsCondition(momentum, kind, "sgd"))
    return found


def test_they_are_the_portfolio_in_the_new_space():
    earlier = made_up(40)
    found = first_configurations([earlier], space(), fidelity_param="max_epoch")
    members = EarlierStudies([earlier], fidelity_param="max_epoch").portfolio()
    assert len(found) == len({tuple(dict(c).items()) for c in found}) <= len(members)
    first, member = dict(found[0]), members[0]
    assert first["width"] == min(24, max(8, member["width"]))
    assert first["lr"] == min((0.01, 0.1, 1.0), key=lambda lr: abs(lr - member["lr"]))
    assert first["optimizer"] == member["optimizer"]
    assert first["dropout"] == 0.1
    assert all(("momentum" in c) == (c["optimizer"] == "sgd") for c in found)


def test_what_the_space_forbids_is_left_out():
    narrow = space()
    narrow.add(ForbiddenEqualsClause(narrow["optimizer"], "sgd"))
    found = first_configurations([made_up(40)], narrow)
    assert {config["optimizer"] for config in found} <= {"adam"}


def test_files_are_read(tmp_path):
    write_study(made_up(40), tmp_path / "s.jsonl")
    assert first_configurations([tmp_path / "s.jsonl"], space()) == first_configurations(
        [made_up(40)], space()
    )
    assert first_configurations([], space()) == []
    with pytest.raises(FileNotFoundError):
        first_configurations([tmp_path / "none"], space())


def test_a_study_of_other_parameters_gives_none_and_is_named(caplog):
    other = ConfigurationSpace(seed=0)
    other.add(Float("dropout", (0.0, 0.5)), Categorical("optimizer", ["lion"]))
    assert first_configurations([made_up(40, name="widths")], other) == []
    assert "the earlier study 'widths' says nothing of this one and is left out" in caplog.text
    assert "(dropout, optimizer) it has no value that is possible here" in caplog.text


@pytest.mark.parametrize("source", ["old.jsonl", Path("old.jsonl"), made_up(3)])
def test_one_source_is_no_list(source):
    with pytest.raises(TypeError, match="earlier must be a list of studies but got"):
        first_configurations(source, space())


def test_what_is_no_study_is_named():
    with pytest.raises(TypeError, match=r"earlier must hold folders.* but got 3: export_study"):
        first_configurations([3], space())
