"""Search pipelines: one per fusion, named by its content, so that a name never changes its meaning."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from itertools import combinations
from typing import Any, Final

from aisle.mappings.fusion import COMBINATIONS, L2, MIN_MAX, RRF, Z_SCORE, FusionSpec

_VERSION = 1


def pipeline_name(spec: FusionSpec) -> str:
    """``aisle-v1-<technique>-<sha8>``: the version of this module's format and the hash of the body."""
    body = json.dumps(pipeline_body(spec), sort_keys=True).encode()
    technique = spec.title.replace("+", "-").replace("_", "-")
    return f"aisle-v{_VERSION}-{technique}-{hashlib.sha256(body).hexdigest()[:8]}"


def pipeline_body(spec: FusionSpec) -> dict[str, Any]:
    """Body for ``PUT _search/pipeline/<name>``."""
    # Rounded so that 0.1 + 0.2 style noise does not make a new pipeline; OpenSearch wants their sum to be 1.
    weights = {"weights": [round(weight, 6) for weight in spec.weights]}
    legs = ", ".join(f"{leg} {weight:.3g}" for leg, weight in zip(spec.legs, spec.weights, strict=True))
    description = f"Aisle {spec.title} of {legs}"
    if spec.normalisation == RRF:
        combination = {"technique": RRF, "rank_constant": spec.rank_constant, "parameters": weights}
        processor: dict[str, Any] = {"score-ranker-processor": {"combination": combination}}
    else:
        processor = {
            "normalization-processor": {
                "normalization": {"technique": spec.normalisation},
                "combination": {"technique": spec.combination, "parameters": weights},
            }
        }
    return {"description": description, "phase_results_processors": [processor]}


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
