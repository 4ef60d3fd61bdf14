import numpy as np

from benchmarks.reporting.resampling import N_RESAMPLES, seeds_drawn, tasks_drawn


def test_the_same_seeds_are_drawn_for_all_that_have_them_and_others_for_others():
    drawn = seeds_drawn(range(10))
    assert drawn.shape == (N_RESAMPLES, 10)
    assert set(drawn.ravel().tolist()) == set(range(10))
    assert (drawn == seeds_drawn(np.arange(10))).all()
    assert not (drawn == seeds_drawn(range(10, 20))).all(axis=1).any()


def test_a_sample_of_tasks_is_drawn_anew_the_same_for_all_that_is_told_of_them():
    assert (tasks_drawn(9, are_sample=False) == np.arange(9)).all()
    drawn = tasks_drawn(9, are_sample=True)
    assert not (drawn == np.arange(9)).all(axis=1).any()
    assert (drawn == tasks_drawn(9, are_sample=True)).all()
