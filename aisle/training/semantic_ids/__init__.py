"""Codebooks of semantic IDs: residual k-means, and an RQ-VAE as its rival."""
