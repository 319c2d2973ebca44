"""A generated catalogue with exact judgments, for demos and tests without data."""

from aisle.testing.synthetic.write import SyntheticCatalogue, SyntheticOptions, write_synthetic

__all__ = ["SyntheticCatalogue", "SyntheticOptions", "write_synthetic"]
