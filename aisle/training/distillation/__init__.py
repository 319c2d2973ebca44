"""A small student of a trained encoder: some of its layers, taught to give its vectors."""
