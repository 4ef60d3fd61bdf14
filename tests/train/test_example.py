from tests.examples.run_example import run_example


def test_the_image_classifier_learns_and_stops_at_its_budget(tmp_path):
    value, joules = run_example("image_classifier.py", tmp_path)
    assert value > 0.8
    assert 25.0 <= joules < 38.0


def test_the_language_model_learns(tmp_path):
    value, joules = run_example("language_model.py", tmp_path)
    assert value < 3.0  # nats a letter; the frequency of letters alone gives 3.1
    assert joules > 0.0
