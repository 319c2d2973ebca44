"""Reading the answer of the candidates request: what each leg found, in its order, with its scores. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from search.fusion import LegResult


def leg_results(hits: Sequence[Mapping[str, Any]], legs: Sequence[str], window: int) -> dict[str, LegResult]:
    """Each leg's own list, rebuilt from the union.

    Args:
        hits: ``hits.hits`` of a hybrid answer with ``matched_queries`` scores, or of a single leg's answer.
        legs: names, in the order asked.
        window: candidates per leg. OpenSearch scores every hit for every leg that matches it, so a hit that
            only the dense leg found can carry a BM25 score from far below BM25's window: that is cut off.

    Returns:
        Leg to at most ``window`` ids, best first; ties in order of id.
    """
    if len(legs) == 1:
        scored = {legs[0]: [(hit["_id"], float(hit["_score"])) for hit in hits]}
    else:
        scored = {leg: [] for leg in legs}
        for hit in hits:
            for leg, score in hit.get("matched_queries", {}).items():
                scored[leg].append((hit["_id"], float(score)))
    return {leg: _best(found, window) for leg, found in scored.items()}


def _best(found: list[tuple[str, float]], window: int) -> LegResult:
    found.sort(key=lambda pair: (-pair[1], pair[0]))
    kept = found[:window]
    return LegResult([id_ for id_, _ in kept], [score for _, score in kept])
