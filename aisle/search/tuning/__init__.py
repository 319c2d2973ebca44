"""Chooses how the legs are fused, from what they returned for judged queries (docs/tuning.md)."""
