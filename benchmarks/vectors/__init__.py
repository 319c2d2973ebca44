"""What vectors cost and find on this node: loading and searching them, by type, width and way to load."""
