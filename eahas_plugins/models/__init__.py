"""Models of value and energy that know no host."""
