"""Recommendations from an index: channels find candidates under filters, one score orders them."""
