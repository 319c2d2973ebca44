"""Fits the codebooks of code tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle._environment import optional
from aisle.encoder.codes import finite
from aisle.encoder.product_codes import ProductQuantizer
from aisle.encoder.whitening import fit_whitening, unit
from aisle.errors import InputError

_MOST_BITS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class CodebookSettings:
    """The shape of code tables and how they are fitted.

    Attributes:
        tables: codes of an item; the values of a vector are shared out among them.
        bits: of a code: a table has two to the power of them.
        part: values of a turned vector that a table sees; what varies least beyond them is left out.
        rounds: of turning and clustering in turn.
        iterations: of k-means at the end.
        most: vectors that are looked at; of more a sample is drawn.
        seed: of everything that is drawn.

    Raises:
        InputError: a value that cannot be used.
    """

    tables: int = 32
    bits: int = 8
    part: int = 12
    rounds: int = 4
    iterations: int = 12
    most: int = 8_000
    seed: int = 7

    def __post_init__(self) -> None:
        for name in ("tables", "bits", "part", "rounds", "iterations", "most"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} = {getattr(self, name)} makes no code tables", fix="give 1 or more")
        if self.bits > _MOST_BITS:
            raise InputError(f"codes of {self.bits} bits are too many", fix=f"give {_MOST_BITS} or fewer")

    @property
    def size(self) -> int:
        """Codes that there are in a table."""
        return int(2**self.bits)


def fit_product_codes(vectors: NDArray[np.float32], settings: CodebookSettings) -> ProductQuantizer:
    """Fit codebooks on the texts of items, and the rotation before them (`OPQ` of faiss).

    Args:
        vectors: float32 [n, dims], of items that may be learned from; rows of zeros are left out.
        settings: how.

    Raises:
        InputError: fewer different texts than codes in a table, or values that are no numbers.
        MissingExtra: faiss is not installed.
    """
    faiss = optional("faiss", extra="train")
    there = unit(finite(vectors))
    there = np.unique(there[there.any(axis=1)], axis=0)
    if len(there) < settings.size:
        raise InputError(
            f"{len(there):,} different texts cannot fill tables of {settings.size} codes",
            fix="give more items, or codes of fewer bits",
        )
    whitening = fit_whitening(there)
    random = np.random.default_rng(settings.seed)
    chosen = np.sort(random.permutation(len(there))[: settings.most])
    placed = np.ascontiguousarray(whitening.apply(there[chosen]))
    width = settings.tables * settings.part
    turn: Any = faiss.OPQMatrix(placed.shape[1], settings.tables, width)
    turn.niter = settings.rounds
    # Held here: the rotation does not own it.
    within = _quantizer(faiss, settings, iterations=4)
    turn.pq = within
    turn.train(placed)
    rotation = faiss.vector_to_array(turn.A).reshape(width, -1).T.astype(np.float32)
    quantizer = _quantizer(faiss, settings, settings.iterations)
    quantizer.train(np.ascontiguousarray(placed @ rotation))
    centroids = faiss.vector_to_array(quantizer.centroids).reshape(settings.tables, settings.size, -1)
    return ProductQuantizer(whitening, rotation, centroids.astype(np.float32))


def _quantizer(faiss: Any, settings: CodebookSettings, iterations: int) -> Any:
    made: Any = faiss.ProductQuantizer(settings.tables * settings.part, settings.tables, settings.bits)
    made.cp.seed = settings.seed
    made.cp.niter = iterations
    # Without it faiss warns of fewer than 39 vectors a centroid, which a small shop has.
    made.cp.min_points_per_centroid = 1
    return made
