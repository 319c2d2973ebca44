"""The stages of dense training."""
