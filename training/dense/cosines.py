"""The model's own scores of candidates, by which likely false negatives are told (2407.15831)."""

from __future__ import annotations

import numpy as np

from training.negatives.candidates import Candidates, Scores
from training.negatives.dense import Encode
from training.pairs.training_set import TrainingSet


def cosines(data: TrainingSet, candidates: Candidates, encode: Encode) -> Scores:
    """Cosine, not under 0, of every query with its candidates and its positives."""
    wanted = {
        query: dict.fromkeys((*candidates.get(query, ()), *data.positives(query))) for query in data.queries
    }
    ids = [
        item for item in dict.fromkeys(item for own in wanted.values() for item in own) if item in data.items
    ]
    places = {item: place for place, item in enumerate(ids)}
    queries = encode(list(data.queries.values()), True)
    items = encode([data.items[item] for item in ids], False)
    found: dict[str, dict[str, float]] = {}
    for row, (query, own) in zip(queries, wanted.items(), strict=True):
        here = [item for item in own if item in places]
        values = np.maximum(items[[places[item] for item in here]] @ row, 0.0)
        found[query] = dict(zip(here, values.tolist(), strict=True))
    return found
