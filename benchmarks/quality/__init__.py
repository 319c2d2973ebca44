"""Quality on real data: every leg and fusion, and HNSW against exact search."""
