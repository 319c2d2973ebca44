"""Trains the two heads of item-to-item: towers over content and identity, on baskets."""
