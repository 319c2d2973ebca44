"""The fusions that are installed with every index."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Final

from mappings.fusion import COMBINATIONS, L2, MIN_MAX, Z_SCORE, FusionSpec

BM25: Final = "bm25"
DENSE: Final = "dense"
SPARSE: Final = "sparse"


# Untrained, the lexical leg is the better one by far; tuned on the dev judgments of two catalogues, at two
# widths (docs/adr/0008). A trained encoder earns more.
_WEIGHTS: Final[Mapping[str, float]] = {BM25: 0.75, DENSE: 0.25, SPARSE: 0.25}
_OTHER_LEG: Final = 0.25
_RANK_CONSTANT: Final = 10


def standard_fusions(legs: tuple[str, ...] = (BM25, DENSE)) -> tuple[FusionSpec, ...]:
    """RRF, and each normalisation with each mean that it goes with; the default comes first."""
    weights = _weights(legs)
    return (
        default_fusion(legs),
        *(FusionSpec(legs, weights, norm, mean) for norm in (MIN_MAX, L2) for mean in COMBINATIONS),
        FusionSpec(legs, weights, Z_SCORE),
    )


def default_fusion(legs: tuple[str, ...] = (BM25, DENSE)) -> FusionSpec:
    """What a search uses that names no fusion."""
    return FusionSpec(legs, _weights(legs), rank_constant=_RANK_CONSTANT)


def release_fusions(fields: tuple[str, ...], wanted: tuple[FusionSpec, ...]) -> tuple[FusionSpec, ...]:
    """What is installed with a release: ``wanted``, and where it has a sparse field, fusions with that leg.

    Args:
        fields: vector fields of the release.
        wanted: as for a release without one.
    """
    if SPARSE not in fields:
        return wanted
    legs = (BM25, *(leg for leg in (DENSE, SPARSE) if leg in fields))
    pairs = tuple(default_fusion(pair) for pair in combinations(legs, 2))
    return tuple(dict.fromkeys((*wanted, *standard_fusions(legs), *pairs)))


def _weights(legs: tuple[str, ...]) -> tuple[float, ...]:
    return tuple(_WEIGHTS.get(leg, _OTHER_LEG) for leg in legs)
