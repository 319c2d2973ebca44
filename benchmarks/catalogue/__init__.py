"""A catalogue of 826,402 products: encoding, HNSW graphs and searches."""
