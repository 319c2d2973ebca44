"""The right to change one catalogue, held by one process at a time."""
