"""What is known of a query once its legs have answered: the input of weights per query. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

from search.fusion import LegResult

_TOP = 10
_NOTHING = LegResult((), ())


def feature_names(legs: Sequence[str]) -> tuple[str, ...]:
    """Names of the features, in the order of `query_features`."""
    return (
        *("words", "characters", "digits"),
        *(f"{what} {leg}" for leg in legs for what in ("top", "gap")),
        *(f"overlap {first} {second}" for first, second in combinations(legs, 2)),
    )


def query_features(text: str, results: Mapping[str, LegResult], legs: Sequence[str]) -> list[float]:
    """The features of one query.

    ``words`` and ``characters`` are logarithms of counts, ``digits`` is the share of characters that are
    digits. Per leg, ``top`` is the logarithm of its best score (of BM25 it grows with the idf of the words
    that match) and ``gap`` how far its tenth score is below that, as a share. ``overlap`` is the share of
    the first ten that two legs have in common.

    Args:
        text: the query.
        results: leg to what it found, best first; a leg that is missing found nothing.
        legs: names, in the order of the fusion.

    Returns:
        Finite numbers, as many as `feature_names`.
    """
    found = [results.get(leg, _NOTHING) for leg in legs]
    tops = [set(result.ids[:_TOP]) for result in found]
    return [
        math.log1p(len(text.split())),
        math.log1p(len(text)),
        sum(character.isdigit() for character in text) / max(1, len(text)),
        *(value for result in found for value in _of_scores(result.scores)),
        *(len(first & second) / _TOP for first, second in combinations(tops, 2)),
    ]


def _of_scores(scores: Sequence[float]) -> tuple[float, float]:
    best = max(scores[0], 0.0) if scores else 0.0
    if not best:
        return 0.0, 0.0
    return math.log1p(best), (best - scores[min(_TOP, len(scores)) - 1]) / best
