"""826,402 products from a file to a live alias, other ways to load, and searches meanwhile."""
