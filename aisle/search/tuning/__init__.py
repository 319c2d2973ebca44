"""Chooses how the legs are fused, from what they returned for judged queries (docs/how-to/tune-fusion.md)."""
