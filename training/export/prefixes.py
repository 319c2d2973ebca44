"""Prefixes that model families were trained with, by name."""

from __future__ import annotations

from encoder.manifest import Prefixes

# Each from the family's own model card.
_E5 = Prefixes(query="query: ", item="passage: ")
_BGE_EN = Prefixes(query="Represent this sentence for searching relevant passages: ")


def prefixes_of(model: str) -> Prefixes:
    """E5 and English BGE have prefixes, MiniLM and GTE have none; anything else: none."""
    name = model.rpartition("/")[2].lower()
    if name.startswith(("e5-", "multilingual-e5-")):
        return _E5
    if name.startswith("bge-") and "-en" in name:
        return _BGE_EN
    return Prefixes()
