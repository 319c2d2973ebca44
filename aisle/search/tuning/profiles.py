"""What the weight of a leg does: the best that any fusion of the grid reaches with it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aisle.mappings import FusionSpec
from aisle.search.tuning.matrix import Floats


@dataclass(frozen=True, slots=True)
class ProfilePoint:
    """One weight of a leg.

    Attributes:
        weight: 0 to 1; with 0 the leg is not asked.
        mean: of the metric, of the best fusion with this weight, on the queries that it is chosen on.
        fusion: which that is.
    """

    weight: float
    mean: float
    fusion: str


def weight_profiles(specs: Sequence[FusionSpec], means: Floats) -> Mapping[str, tuple[ProfilePoint, ...]]:
    """Leg to its weights in the grid, rising, each with the best fusion.

    Args:
        specs: the grid.
        means: float64 [fusions], of the metric.
    """
    legs = list(dict.fromkeys(leg for spec in specs for leg in spec.legs))
    best: dict[str, dict[float, ProfilePoint]] = {leg: {} for leg in legs}
    for spec, mean in zip(specs, means.tolist(), strict=True):
        weights = dict(zip(spec.legs, spec.weights, strict=True))
        for leg in legs:
            weight = round(weights.get(leg, 0.0), 6)
            known = best[leg].get(weight)
            if known is None or mean > known.mean:
                best[leg][weight] = ProfilePoint(weight, mean, spec.title)
    return {leg: tuple(found[weight] for weight in sorted(found)) for leg, found in best.items()}
