"""Recommenders on sequences of users, beside what others published for the same file."""
