"""Suggestions of a release: what is gathered while it is loaded, and the index that is made of it."""
