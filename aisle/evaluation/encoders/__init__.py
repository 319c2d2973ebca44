"""What an encoder is worth: the model's loss, the index's loss, its cost, and what it forgot."""
