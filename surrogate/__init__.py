"""EA-HAS-Bench as a queryable benchmark: accuracy, energy and runtime of configurations."""
