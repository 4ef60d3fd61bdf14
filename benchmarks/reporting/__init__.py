"""Tables, figures and pages from the rows of a comparison."""
