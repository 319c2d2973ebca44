"""What goes with an item, and what is like it: counts, texts, libraries and two heads on the same baskets."""
