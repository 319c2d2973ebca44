"""The fusions that are installed with every index."""

from __future__ import annotations

from typing import Final

from mappings.fusion import COMBINATIONS, L2, MIN_MAX, Z_SCORE, FusionSpec

BM25: Final = "bm25"
DENSE: Final = "dense"


def standard_fusions(legs: tuple[str, ...] = (BM25, DENSE)) -> tuple[FusionSpec, ...]:
    """RRF, and each normalisation with each mean that it goes with; the default comes first."""
    return (
        default_fusion(legs),
        *(
            FusionSpec.equal(*legs, normalisation=n, combination=c)
            for n in (MIN_MAX, L2)
            for c in COMBINATIONS
        ),
        FusionSpec.equal(*legs, normalisation=Z_SCORE),
    )


def default_fusion(legs: tuple[str, ...] = (BM25, DENSE)) -> FusionSpec:
    """What a search uses that names no fusion."""
    return FusionSpec.equal(*legs)
