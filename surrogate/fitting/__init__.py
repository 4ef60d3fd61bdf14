"""Fitting a benchmark's models to recorded trainings."""
