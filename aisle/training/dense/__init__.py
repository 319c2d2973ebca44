"""Bi-encoder training: a ladder of stages, each on sentence-transformers' trainer."""
