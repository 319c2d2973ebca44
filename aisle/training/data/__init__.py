"""Training data: pairs from judgments, reviews, sequences and titles; hard negatives; leakage checks."""
