"""Vectors of one shop's texts, turned so that they tell its items apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.errors import InputError

_LEAST: Final = 1e-6
"""Share of the greatest variance under which a direction is noise."""


@dataclass(frozen=True, slots=True, eq=False)
class Whitening:
    """A map that was fitted on the vectors of known items, and places those of new ones beside them.

    Attributes:
        mean: float32 [dims], taken away from every vector.
        matrix: float32 [dims, kept], turns and scales what is left.

    Raises:
        InputError: arrays that do not fit each other, or hold values that are no numbers.
    """

    mean: NDArray[np.float32]
    matrix: NDArray[np.float32]

    def __post_init__(self) -> None:
        fit = self.mean.ndim == 1 and self.matrix.ndim == 2 and len(self.mean) == len(self.matrix)
        if not (fit and np.isfinite(self.mean).all() and np.isfinite(self.matrix).all()):
            raise InputError(
                f"a mean of {self.mean.shape} and a matrix of {self.matrix.shape} whiten nothing",
                fix="fit them again with fit_whitening",
            )

    @property
    def dims(self) -> int:
        """Width of what it returns."""
        return int(self.matrix.shape[1])

    def apply(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same vectors, whitened.

        Args:
            vectors: float32 [n, width of the mean]; a row of zeros is an item without a text.

        Returns:
            float32 [n, dims], rows of unit length; rows of zeros stay, and the mean becomes one.

        Raises:
            InputError: vectors of another width.
        """
        if vectors.ndim != 2 or vectors.shape[1] != len(self.mean):
            raise InputError(
                f"vectors of {len(self.mean)} values are whitened, not an array of {vectors.shape}",
                fix="encode the texts with the encoder that the whitening was fitted for",
            )
        turned = ((vectors - self.mean) @ self.matrix).astype(np.float32, copy=False)
        turned[~vectors.any(axis=1)] = 0
        return unit(turned)


def fit_whitening(vectors: NDArray[np.float32], power: float = 0.5, most: int | None = None) -> Whitening:
    """Fit the map whose vectors have no common part, and directions that vary more alike.

    Texts of one shop share what they are about, so that all cosines are high. The mean is taken away, and
    each principal direction is divided by its standard deviation to a power. A power of 1 is the whitening of
    Su et al. 2021 (arXiv 2103.15316), which makes noise of the least of them as loud as the first.

    Args:
        vectors: float32 [n, dims]; rows of zeros are left out.
        power: 0 turns alone, 1 whitens wholly.
        most: directions that are kept, those of greatest variance; None: all that are more than noise.

    Returns:
        The map; one that changes nothing but lengths where fewer than two vectors differ.

    Raises:
        InputError: a power out of range, or no direction to be kept.
    """
    if not 0 <= power <= 1:
        raise InputError(f"nothing is whitened to the power {power:g}", fix="use 0 to 1")
    if most is not None and most < 1:
        raise InputError(f"{most} directions hold nothing", fix="keep 1 or more")
    width = vectors.shape[1]
    known = vectors[vectors.any(axis=1)].astype(np.float64)
    mean = known.mean(axis=0) if len(known) else np.zeros(width)
    centred = known - mean
    variances, directions = np.linalg.eigh(centred.T @ centred / max(1, len(centred)))
    kept = variances > _LEAST * max(_LEAST, variances.max(initial=0))
    if most is not None:
        # Variances ascend.
        kept[:-most] = False
    if not kept.any():
        return Whitening(np.zeros(width, dtype=np.float32), np.eye(width, dtype=np.float32))
    matrix = directions[:, kept] * variances[kept] ** (-power / 2)
    return Whitening(mean.astype(np.float32), matrix.astype(np.float32))


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of unit length; rows of zeros stay so."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: NDArray[np.float32] = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return found
