"""The HTTP service under load, on the cores of its node."""
