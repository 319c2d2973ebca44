"""``search.fusion.fuse`` for many queries at once; a test holds it to that reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mappings import ARITHMETIC, GEOMETRIC, HARMONIC, L2, MIN_MAX, RRF, Z_SCORE, FusionSpec
from workflows.tuning.pool import Floats

_FLOOR: Final = 0.001
Key = tuple[str, int, int]


class Block:
    """A few queries of a `Pool`; what several fusions need of them is computed once.

    Args:
        legs: names, of the L axis.
        scores, ranks: [B, L, U], see `Pool`.
    """

    def __init__(self, legs: tuple[str, ...], scores: Floats, ranks: NDArray[np.int32]) -> None:
        self._legs = {leg: place for place, leg in enumerate(legs)}
        self._scores = scores
        self._ranks = ranks
        self._normalised: dict[Key, Floats] = {}
        self._parts: dict[tuple[str, Key], Floats] = {}
        self._lost: dict[tuple[int, ...], NDArray[np.bool_]] = {}

    def fused(self, spec: FusionSpec) -> Floats:
        """Fused scores, float64 [B, U]; -inf where no leg of the spec found the candidate.

        Raises:
            KeyError: a leg of the spec that the block does not have.
        """
        places = tuple(self._legs[leg] for leg in spec.legs)
        constant = spec.rank_constant if spec.normalisation == RRF else 0
        keys = [(spec.normalisation, constant, place) for place in places]
        combine = _weighted_sum if spec.normalisation == RRF else _COMBINE[spec.combination]
        if places not in self._lost:
            self._lost[places] = (self._ranks[:, places] == 0).all(axis=1)
        scores = combine(self, keys, spec.weights)
        scores[self._lost[places]] = -np.inf
        return scores

    def normalised(self, key: Key) -> Floats:
        """A leg's normalised scores [B, U]; 0 where it did not find the candidate."""
        if key not in self._normalised:
            normalisation, constant, place = key
            scores, ranks = self._scores[:, place], self._ranks[:, place]
            if normalisation == RRF:
                found = np.divide(1.0, constant + ranks, where=ranks > 0, out=np.zeros(ranks.shape))
            else:
                found = np.where(ranks > 0, _NORMALISE[normalisation](scores, ranks > 0), 0.0)
            self._normalised[key] = found
        return self._normalised[key]

    def part(self, name: str, key: Key) -> Floats:
        """``positive`` (1 where the normalised score is above 0), ``log`` or ``inverse`` of it there."""
        if (name, key) not in self._parts:
            values = self.normalised(key)
            self._parts[name, key] = _PARTS[name](values, values > 0)
        return self._parts[name, key]


_PARTS: Mapping[str, Callable[[Floats, NDArray[np.bool_]], Floats]] = {
    "positive": lambda _, above: above.astype(np.float64),
    "log": lambda values, above: np.log(values, where=above, out=np.zeros(values.shape)),
    "inverse": lambda values, above: np.divide(1.0, values, where=above, out=np.zeros(values.shape)),
}


def _min_max(scores: Floats, found: NDArray[np.bool_]) -> Floats:
    low = np.min(scores, axis=1, where=found, initial=np.inf, keepdims=True)
    high = np.max(scores, axis=1, where=found, initial=-np.inf, keepdims=True)
    spread = high > low
    scaled: Floats = np.divide(scores - low, high - low, where=spread & found, out=np.ones(scores.shape))
    return np.where(scaled == 0, _FLOOR, scaled)


def _l2(scores: Floats, found: NDArray[np.bool_]) -> Floats:
    known = np.where(found, scores, 0.0)
    norm = np.sqrt(np.sum(known * known, axis=1, keepdims=True))
    scaled: Floats = np.divide(known, norm, where=norm > 0, out=np.zeros(scores.shape))
    return scaled


def _z_score(scores: Floats, found: NDArray[np.bool_]) -> Floats:
    number = found.sum(axis=1, keepdims=True)
    low = np.min(scores, axis=1, where=found, initial=np.inf, keepdims=True)
    high = np.max(scores, axis=1, where=found, initial=-np.inf, keepdims=True)
    # Asked of the scores themselves: rounding can give equal scores a deviation above 0.
    spread = (high > low) & (number > 1)
    known = np.where(found, scores, 0.0)
    mean = known.sum(axis=1, keepdims=True) / np.maximum(number, 1)
    away = np.where(found, scores - mean, 0.0)
    deviation = np.sqrt((away * away).sum(axis=1, keepdims=True) / np.maximum(number - 1, 1))
    z = np.divide(away, deviation, where=spread, out=np.zeros(scores.shape))
    return np.where(spread, np.maximum(z, _FLOOR), scores)


_NORMALISE: Mapping[str, Callable[[Floats, NDArray[np.bool_]], Floats]] = {
    MIN_MAX: _min_max,
    L2: _l2,
    Z_SCORE: _z_score,
}


def _weighted_sum(block: Block, keys: list[Key], weights: tuple[float, ...]) -> Floats:
    # In the order of the legs, as the reference adds: equal sums stay equal to the last bit.
    total: Floats = np.zeros(())
    for key, weight in zip(keys, weights, strict=True):
        total = total + weight * block.normalised(key)
    return total


def _arithmetic(block: Block, keys: list[Key], weights: tuple[float, ...]) -> Floats:
    total: Floats = np.zeros(())
    whole = sum(weights)
    for key, weight in zip(keys, weights, strict=True):
        total = total + weight * block.normalised(key) / whole
    return total


def _geometric(block: Block, keys: list[Key], weights: tuple[float, ...]) -> Floats:
    logs: Floats = np.zeros(())
    present: Floats = np.zeros(())
    for key, weight in zip(keys, weights, strict=True):
        logs = logs + weight * block.part("log", key)
        present = present + weight * block.part("positive", key)
    mean = np.exp(np.divide(logs, present, where=present > 0, out=np.zeros(present.shape)))
    return np.where(present > 0, mean, 0.0)


def _harmonic(block: Block, keys: list[Key], weights: tuple[float, ...]) -> Floats:
    inverse: Floats = np.zeros(())
    present: Floats = np.zeros(())
    for key, weight in zip(keys, weights, strict=True):
        inverse = inverse + weight * block.part("inverse", key)
        present = present + weight * block.part("positive", key)
    return np.divide(present, inverse, where=inverse > 0, out=np.zeros(inverse.shape))


_COMBINE: Mapping[str, Callable[[Block, list[Key], tuple[float, ...]], Floats]] = {
    ARITHMETIC: _arithmetic,
    GEOMETRIC: _geometric,
    HARMONIC: _harmonic,
}
