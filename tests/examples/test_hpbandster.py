from tests.examples.run_example import run_example


def test_the_hpbandster_example_learns_and_stops_at_its_budget(tmp_path):
    value, joules = run_example("hpbandster_digits.py", tmp_path, warnings="default")
    assert value > 0.8
    assert 30.0 < joules < 45.0
