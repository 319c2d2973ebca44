"""For tests, ours and yours: the synthetic catalogue, several nodes as one cluster, the official image."""
