"""Encoders trained on a shop's own data, stage by stage."""
