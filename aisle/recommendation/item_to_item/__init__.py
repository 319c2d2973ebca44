"""Item-to-item: what sells with an item and what is like it, two heads merged by quota."""
