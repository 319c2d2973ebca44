"""A leg that found nothing leaves its weight to the others. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mappings import FusionSpec
from search.fusion import LegResult


def reweighted(spec: FusionSpec, results: Mapping[str, LegResult]) -> FusionSpec:
    """The fusion with weight 0 for legs that found nothing, and theirs spread over the others in proportion.

    Scores are then those of the other legs fused alone, so that a page's scores mean the same whether a leg
    was left out or came back empty. The order is that of the fusion as it stood: no technique looks at a leg
    for an item that it did not find.

    Args:
        spec: as asked.
        results: leg to what it found; a leg that is missing here found nothing.

    Returns:
        ``spec`` itself if every leg found something, or if all that found something have no weight.
    """
    weights = tuple(
        weight if leg in results and results[leg].ids else 0.0
        for leg, weight in zip(spec.legs, spec.weights, strict=True)
    )
    return spec if weights == spec.weights or not sum(weights) else replace(spec, weights=weights)
