"""Code tables: a text's vector as one code from each of many codebooks, by product quantisation, in numpy.

A vector is turned, cut into parts of equal width, and of each part the nearest centroid of its codebook is
taken (Jégou et al. 2011; turned so that little is lost, Ge et al. 2013, "Optimized Product Quantization").
Codes that two domains share are looked up in tables that each domain may have of its own (VQ-Rec, Hou et al.
2023, arXiv 2210.12316, section 2.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.codes import finite, nearest
from aisle.encoder.whitening import Whitening
from aisle.errors import InputError

NO_CODE: Final = -1
"""In every column of an item without a text."""
_AGAIN: Final = "fit the codebooks again, or give the vectors of the encoder that they were fitted with"


@dataclass(frozen=True, slots=True, eq=False)
class ProductQuantizer:
    """From vectors of texts to codes, of known items and of new ones alike.

    Attributes:
        whitening: of the encoder's vectors.
        rotation: float32 [whitened dims, tables x part], columns of unit length.
        centroids: float32 [tables, size, part].

    Raises:
        InputError: arrays that do not fit each other, or hold values that are no numbers.
    """

    whitening: Whitening
    rotation: NDArray[np.float32]
    centroids: NDArray[np.float32]

    def __post_init__(self) -> None:
        fit = self.rotation.ndim == 2 and self.centroids.ndim == 3 and self.centroids.size
        if not fit or self.rotation.shape != (
            self.whitening.dims,
            self.centroids.shape[0] * self.centroids.shape[2],
        ):
            raise InputError(
                f"a rotation of {self.rotation.shape} and centroids of {self.centroids.shape} quantise"
                f" nothing of {self.whitening.dims} values",
                fix=_AGAIN,
            )
        if not (np.isfinite(self.rotation).all() and np.isfinite(self.centroids).all()):
            raise InputError("the codebooks hold values that are no numbers", fix=_AGAIN)

    @property
    def tables(self) -> int:
        """Codes of an item."""
        return len(self.centroids)

    @property
    def size(self) -> int:
        """Codes that there are in a table."""
        return int(self.centroids.shape[1])

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[np.int32]:
        """The codes of vectors; of two centroids that are equally near the lower one is taken.

        Args:
            vectors: float32 [n, dims], of the encoder; a row of zeros is an item without a text.

        Returns:
            int32 [n, tables], each from 0 to size - 1; `NO_CODE` in the row of an item without a text.

        Raises:
            InputError: vectors of another width, or with values that are no numbers.
        """
        there = vectors.any(axis=1) if vectors.ndim == 2 else np.zeros(0, dtype=np.bool_)
        turned = self.whitening.apply(finite(vectors)) @ self.rotation
        parts = turned.reshape(len(turned), self.tables, -1)
        codes = np.stack(
            [nearest(parts[:, table], held) for table, held in enumerate(self.centroids)], axis=1
        )
        codes[~there] = NO_CODE
        return codes

    def decode(self, codes: NDArray[np.int32]) -> NDArray[np.float32]:
        """The vectors that codes stand for.

        Args:
            codes: int [n, tables].

        Returns:
            float32 [n, whitened dims]; zeros for rows of `NO_CODE`.

        Raises:
            InputError: another number of codes, or a code that no table has.
        """
        check_codes(codes, self.tables, self.size)
        there = codes[:, :1] != NO_CODE
        found = self.centroids[np.arange(self.tables), np.where(there, codes, 0)].reshape(len(codes), -1)
        return np.where(there, found @ self.rotation.T, np.float32(0))

    def rows(self, dims: int) -> NDArray[np.float32]:
        """What each code of each table stands for, as the directions in which texts differ most.

        Args:
            dims: directions, zeros where there are no more.

        Returns:
            float32 [tables, size, dims]; the sum of an item's rows is its decoded vector.
        """
        parts = self.rotation.T.reshape(self.tables, -1, self.whitening.dims)
        # Directions of a whitening come by ascending variance.
        found = np.einsum("tsp,tpd->tsd", self.centroids, parts[..., -dims:])
        return np.pad(found, ((0, 0), (0, 0), (0, dims - found.shape[2]))).astype(np.float32)

    def error(self, vectors: NDArray[np.float32]) -> float:
        """Share of the vectors' energy that their codes lose; 0 for no vectors."""
        placed = self.whitening.apply(vectors)
        lost = placed - self.decode(self.encode(vectors))
        energy = float((placed * placed).sum())
        return float((lost * lost).sum()) / energy if energy else 0.0


def check_codes(codes: NDArray[np.int32], tables: int, size: int) -> None:
    """Whether these are codes of so many tables.

    Raises:
        InputError: another number of codes, or a code that no table has.
    """
    if codes.ndim != 2 or codes.shape[1] != tables:
        raise InputError(f"an item has {tables} codes, not codes of {codes.shape}", fix=_AGAIN)
    none = (codes == NO_CODE).all(axis=1)
    known = ((codes >= 0) & (codes < size)).all(axis=1)
    if not (none | known).all():
        row = int(np.argmin(none | known))
        raise InputError(f"the item in row {row} has a code outside 0 to {size - 1}", fix=_AGAIN)
