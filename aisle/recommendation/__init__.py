"""Channels that recommend items for a history, without a model server: counts, texts and their blends."""
