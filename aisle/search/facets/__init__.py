"""Facets: what the results can be narrowed by, with the counts beside it."""
