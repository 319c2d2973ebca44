"""How long an adaptation will train: said before it begins, by how fast this machine encodes now."""

from __future__ import annotations

import time
from typing import Final

from aisle.training.data.mining import TextEncoder
from aisle.training.data.training_set import TrainingSet

_SAMPLE: Final = 64
_TOGETHER: Final = 16
_PASSES: Final = 5
"""Encodings that training on a row takes as long as: there, back, and what AdamW does to every weight. MiniLM
in batches of 64, AMD EPYC without AMX."""


def expected_seconds(data: TrainingSet, rows: int, encoder: TextEncoder) -> float:
    """What the stages of an adaptation will take: some texts are encoded, the rest is multiplied.

    Args:
        data: that will be trained on.
        rows: of it that the model's own weights are trained on.
        encoder: the one that is adapted; it has encoded nothing yet.
    """
    items, queries = list(data.items.values()), list(data.queries.values())
    texts = _sample(items)
    began = time.perf_counter()
    for start in range(0, len(texts), _TOGETHER):
        encoder.encode_items(texts[start : start + _TOGETHER])
    item = (time.perf_counter() - began) / len(texts)
    texts = _sample(queries)
    began = time.perf_counter()
    for start in range(0, len(texts), _TOGETHER):
        encoder.encode_queries(texts[start : start + _TOGETHER])
    query = (time.perf_counter() - began) / len(texts)
    # Items are encoded for their principal axes and for the head, whose steps take about as long again.
    head = 3 * item * len(items) + query * (len(queries) + len(items))
    return head + _PASSES * rows * (item + query)


def _sample(texts: list[str]) -> list[str]:
    """At even distances, by length, as batches of a training are."""
    return sorted(texts[:: max(1, len(texts) // _SAMPLE)][:_SAMPLE], key=len)


def in_words(seconds: float) -> str:
    """As an estimate may be said: whole minutes, or that it is less than one."""
    minutes = round(seconds / 60)
    return "less than a minute" if minutes < 1 else f"about {minutes} min"
