"""Collecting measured trainings: what is trained, and how its energy is told."""
