"""Adapting what is trained to a new domain."""
