"""EA-HAS-Bench as a queryable benchmark: learning curves, energy and runtime of joint configurations."""
