from tests.examples.run_example import run_example


def test_the_torch_example_learns_and_stops_at_its_budget(tmp_path):
    value, kwh = run_example("torch_digits.py", tmp_path)
    assert value > 0.8
    assert 5e-6 <= kwh < 7.5e-6
