"""What data cards, the paper's statistics and the quality of models are made from."""
