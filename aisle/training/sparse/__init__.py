"""A learned sparse encoder (SPLADE): texts to weights of vocabulary tokens."""
