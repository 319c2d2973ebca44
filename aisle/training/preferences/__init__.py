"""Training of preferences: bounded DPO over the pools of a recommender."""
