"""Experiments on shoppers: who sees what, two rankings in one list, and what came of it. Pure."""
