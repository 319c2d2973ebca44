"""What indexing loses when processes are killed and networks fail."""
