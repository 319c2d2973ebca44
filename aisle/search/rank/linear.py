"""A ranker that adds up its features: it needs no library of trees to be trained. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from aisle.errors import InputError

Floats = NDArray[np.float64]

_ARRAYS: Final = ("weights", "means", "scales")


@dataclass(frozen=True, slots=True)
class Linear:
    """A weight for each feature, as far as it is from its mean in training.

    Attributes:
        weights: float64 [F], per scale; 0 for a feature that does not count.
        means: float64 [F]; a value that is missing counts as the mean.
        scales: float64 [F], standard deviations, above 0.

    Raises:
        InputError: lists of unequal length, numbers that are not finite, or a scale of 0.
    """

    weights: Floats
    means: Floats
    scales: Floats

    def __post_init__(self) -> None:
        alike = self.weights.shape == self.means.shape == self.scales.shape
        if not (alike and np.isfinite([self.weights, self.means]).all() and (self.scales > 0).all()):
            raise InputError("a ranker has weights that are no numbers", fix="train it again")

    def scores(self, rows: Floats) -> Floats:
        """float64 [n] of float64 [n, F]."""
        return np.asarray(self.contributions(rows).sum(axis=1))

    def contributions(self, rows: Floats) -> Floats:
        """float64 [n, F]: what each feature adds to each score."""
        return np.asarray(self.weights * np.nan_to_num((rows - self.means) / self.scales))

    @property
    def base(self) -> float:
        """The score of an item whose features are all at their means."""
        return 0.0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of it, by name."""
        return {name: getattr(self, name) for name in _ARRAYS}

    @classmethod
    def of_arrays(cls, held: Mapping[str, NDArray[Any]]) -> Self:
        """What `arrays` gave."""
        return cls(**{name: held[name] for name in _ARRAYS})
