"""Comparisons of methods: which studies, and running them."""
