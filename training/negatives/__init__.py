"""Hard negatives: candidates from BM25 and from the current model, and the choice among them."""
