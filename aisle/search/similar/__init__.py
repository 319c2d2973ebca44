"""Similar items from an index: each head finds its best under filters, a quota merges them."""
