"""The teacher: a cross-encoder that reads query and item together, and its scores."""
