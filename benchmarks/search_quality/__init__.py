"""Product search step by step: legs, fusions, reranking; quality and speed."""
