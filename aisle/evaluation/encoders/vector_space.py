"""What a vector space looks like, whatever is searched in it: spread, direction, hubs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle.evaluation.encoders.exact import Floats, exact_neighbours

_PAIRS: Final = 100_000
NEIGHBOURS: Final = 10
SAMPLE: Final = 2_000


@dataclass(frozen=True, slots=True)
class SpaceFigures:
    """How vectors lie.

    Attributes:
        uniformity: log of the mean of exp(-2 * squared distance) of two items drawn at random (Wang and Isola
            2020, arXiv 2005.10242, section 4.1); the lower, the more evenly they lie on the sphere.
        anisotropy: mean cosine of two items drawn at random (Ethayarajh 2019, arXiv 1909.00512, section 3.2).
        effective_rank: exp of the entropy of the shares of variance of the principal axes (Roy and Vetterli
            2007): of so many directions use is made.
        hubness: skewness of how often an item is among the ten best of a query (Radovanovic et al. 2010,
            JMLR 11, section 2); high where a few items answer everything.
    """

    uniformity: float
    anisotropy: float
    effective_rank: float
    hubness: float

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {name: round(float(getattr(self, name)), 5) for name in self.__slots__}


def space_figures(items: Floats, queries: Floats, seed: int = 7) -> SpaceFigures:
    """Figures of a space.

    Args:
        items: float32 [n, d], unit rows, 2 or more.
        queries: float32 [q, d], unit rows; without any, hubness is 0.
        seed: of the pairs that are drawn.
    """
    draw = np.random.default_rng(seed)
    first = draw.integers(0, len(items), _PAIRS)
    second = (first + draw.integers(1, len(items), _PAIRS)) % len(items)
    cosines = np.einsum("ij,ij->i", items[first], items[second])
    # Unit rows: squared distance is 2 - 2 cos.
    uniformity = float(np.log(np.mean(np.exp(4 * (cosines - 1)))))
    return SpaceFigures(uniformity, float(cosines.mean()), _effective_rank(items), _hubness(items, queries))


def _effective_rank(items: Floats) -> float:
    centred = items.astype(np.float64) - items.mean(axis=0)
    variances = np.linalg.eigvalsh(centred.T @ centred)
    shares = np.maximum(variances, 0) / max(variances.sum(), np.finfo(float).tiny)
    shares = shares[shares > 0]
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _hubness(items: Floats, queries: Floats) -> float:
    if not len(queries):
        return 0.0
    places = [str(place) for place in range(len(items))]
    found = exact_neighbours(queries, items, places, NEIGHBOURS)
    counts = np.zeros(len(items))
    for row in found:
        counts[[int(place) for place in row]] += 1
    spread = counts.std()
    return float(np.mean(((counts - counts.mean()) / spread) ** 3)) if spread else 0.0


def neighbour_overlap(before: Floats, after: Floats, seed: int = 7) -> float:
    """Mean share of an item's ten nearest other items that are the same in both spaces, of up to 2,000 items.

    Args:
        before: float32 [n, d], unit rows.
        after: float32 [n, e], unit rows of the same items.
        seed: of the items that are drawn.
    """
    chosen = sample(len(before), seed)
    nearest = [_nearest_others(vectors, chosen) for vectors in (before, after)]
    shares = [
        len(set(one) & set(other)) / max(1, len(one)) for one, other in zip(*nearest, strict=True) if len(one)
    ]
    return float(np.mean(shares)) if shares else 1.0


def sample(count: int, seed: int, most: int = SAMPLE) -> NDArray[np.int64]:
    """Sorted positions, at most ``most`` of ``count``."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


def _nearest_others(vectors: Floats, chosen: NDArray[np.int64]) -> list[Sequence[str]]:
    places = [str(place) for place in range(len(vectors))]
    found = exact_neighbours(vectors[chosen], vectors, places, NEIGHBOURS + 1)
    return [
        [place for place in row if place != str(own)][:NEIGHBOURS]
        for own, row in zip(chosen, found, strict=True)
    ]
