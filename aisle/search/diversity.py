"""Diversity: results that differ from those above them move up. Pure.

Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998) over the first results. OpenSearch's own
refuses hybrid queries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from aisle.mappings import fields
from aisle.search.fusion import Fused
from aisle.search.legs import Vector
from aisle.types import DiversitySignal

REORDERED: Final = 50
"""Results that are looked at; later ones keep their places."""


def vectors_body(ids: Sequence[str], field: str = fields.DENSE) -> dict[str, Any]:
    """Body of the request for the vectors of items."""
    return {"size": len(ids), "_source": [field], "query": {"ids": {"values": list(ids)}}}


def read_vectors(answer: Mapping[str, Any], field: str = fields.DENSE) -> dict[str, Vector]:
    """Item to its vector, of length 1, from the answer to `vectors_body`; items without one are absent."""
    found = {}
    for hit in answer["hits"]["hits"]:
        vector = np.array(hit["_source"].get(field, ()), dtype=np.float32)
        if norm := float(np.linalg.norm(vector)):
            found[hit["_id"]] = vector / np.float32(norm)
    return found


def diversified(
    order: Sequence[Fused], vectors: Mapping[str, Vector], diversity: float, pinned: int = 0
) -> tuple[list[Fused], dict[str, DiversitySignal]]:
    """The first `REORDERED` results, each chosen for how relevant it is and how unlike those chosen before.

    Relevance falls evenly with the rank, from 1; likeness is the highest cosine with a result above, 0 for an
    item without a vector.

    Args:
        order: best first.
        vectors: item to its vector, float32 [dims] of length 1.
        diversity: share of unlikeness in the choice, 0 (the order as it is) to 1.
        pinned: how many of the first keep their places.

    Returns:
        All results, and of those looked at what decided.
    """
    head = list(order[:REORDERED])
    width = next((len(vector) for vector in vectors.values()), 0)
    rows = [vectors.get(each.id, np.zeros(width, dtype=np.float32)) for each in head]
    matrix = np.stack(rows) if rows else np.zeros((0, width), dtype=np.float32)
    relevance = 1 - np.arange(len(head)) / max(1, len(head))
    alike = np.zeros(len(head))
    left = list(range(len(head)))
    chosen: list[int] = []
    signals = {}
    while left:
        worth = (1 - diversity) * relevance[left] - diversity * alike[left]
        at = left.pop(0 if len(chosen) < pinned else int(np.argmax(worth)))
        chosen.append(at)
        signals[head[at].id] = DiversitySignal(len(chosen), at + 1, float(alike[at]))
        alike = np.maximum(alike, matrix @ matrix[at])
    return [*(head[at] for at in chosen), *order[REORDERED:]], signals
