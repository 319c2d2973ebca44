"""What a shop needs of a search beside its ranking, measured: words, facets, suggestions, overhead."""
