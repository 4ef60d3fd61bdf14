import dataclasses

import pytest

from benchmarks.harness.results import Results
from benchmarks.reporting.summary import summarise
from tests.benchmarks.made_up_rows import HEADER, make_rows


def test_summary_says_never_by_null():
    slow = [dataclasses.replace(r, method="slow", incumbent_test_metric=0.4) for r in make_rows()]
    summary = summarise(Results(header=HEADER, rows=(*make_rows(), *slow)))
    assert summary["best_plain_method"] == "rs"
    assert summary["target_test_accuracy"] == 0.5
    assert summary["methods"]["rs"]["kwh_to_target"]["median"] == pytest.approx(0.1)
    assert summary["methods"]["rs"]["final_test_accuracy"]["median"] == 0.5
    assert summary["methods"]["slow"]["kwh_to_target"]["median"] is None
    assert summary["methods"]["slow"]["n_reached_target"] == 0
    assert summary["budget_trainings"] == pytest.approx(5.0)
