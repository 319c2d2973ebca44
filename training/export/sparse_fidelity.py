"""What INT8 costs a sparse encoder, and what a query takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from encoder.dense import MODEL
from encoder.sparse import SparseEncoder
from training.export.samples import sample_texts
from training.judge.timing import query_p50_ms

_TEXTS = 200
_QUERIES = ("led outdoor flood light", "wireless mouse", "18v cordless drill with battery", "toilet seat")
_ROUNDS = 30


def sparse_metrics(
    served: SparseEncoder, reference: SparseEncoder, texts: Sequence[str] = ()
) -> dict[str, float]:
    """Cosines of all weights to fp32's, sizes, tokens with a weight and milliseconds, rounded.

    Args:
        served: in INT8.
        reference: of the same weights, in fp32.
        texts: to compare on, prefixes included; made-up ones if none are given.
    """
    compared = list(texts[:_TEXTS]) or sample_texts(_TEXTS)
    ours, theirs = served.encode_raw(compared), reference.encode_raw(compared)
    norms = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    cosines = (ours * theirs).sum(axis=1) / np.maximum(norms, np.finfo(np.float32).tiny)
    sizes = [(encoder.artifact.path / MODEL).stat().st_size for encoder in (served, reference)]
    found = {
        "cosine_mean": float(cosines.mean()),
        "cosine_min": float(cosines.min()),
        "size_ratio": sizes[0] / sizes[1],
        "active_items": float((ours > 0).sum(axis=1).mean()),
        "p50_ms": query_p50_ms({"served": served.encode_query}, _QUERIES, _ROUNDS)["served"],
    }
    return {name: round(value, 5) for name, value in found.items()}
