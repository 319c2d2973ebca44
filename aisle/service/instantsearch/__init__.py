"""What Algolia's clients ask, in terms of Aisle's search, and its answers in theirs. Pure."""
