"""Semantic IDs: an item's vectors as a tuple of codes, coarse to fine, by residual quantisation, in numpy.

Each level has a codebook of vectors. The nearest one is taken, and the next level quantises what it leaves
(Juang and Gray 1982; as item ids Rajput et al. 2023, "Recommender Systems with Generative Retrieval", arXiv
2305.05065, section 3.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.whitening import Whitening, fit_whitening, unit
from aisle.errors import InputError

_CELLS: Final = 4_000_000
"""Distances that are held at a time: 16 MB."""

_ALIKE: Final = 1e-6
"""Of unit vectors that differ by rounding alone."""

_AGAIN: Final = (
    "train the codes again with `aisle train codes`, or give the vectors that they were trained on"
)


@dataclass(frozen=True, slots=True, eq=False)
class Codebooks:
    """The vectors of every level. They are frozen: what is new gets its codes of them too.

    Attributes:
        levels: of each level float32 [size, dims], coarsest first; all of one width, finite.

    Raises:
        InputError: no level, an empty one, different widths, or values that are no numbers.
    """

    levels: tuple[NDArray[np.float32], ...]

    def __post_init__(self) -> None:
        shapes = {level.shape[1:] for level in self.levels}
        if len(shapes) != 1 or any(level.ndim != 2 or not level.size for level in self.levels):
            raise InputError(
                f"codebooks of the shapes {[level.shape for level in self.levels]} quantise nothing",
                fix="give each level a matrix [size, dims] of one width",
            )
        if not all(np.isfinite(level).all() for level in self.levels):
            raise InputError("a codebook holds values that are no numbers", fix=_AGAIN)

    @property
    def dims(self) -> int:
        """Width of the vectors that are quantised."""
        return int(self.levels[0].shape[1])

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many codes each level has."""
        return tuple(len(level) for level in self.levels)

    def encode(
        self, vectors: NDArray[np.float32], columns: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int32]:
        """The codes of vectors.

        Of two codes that are equally near, the lower one is taken.

        Args:
            vectors: float32 [n, dims].
            columns: bool [dims], over which distances are measured; None: over all.

        Returns:
            int32 [n, levels], coarsest first, each from 0 to its level's size - 1.

        Raises:
            InputError: vectors of another width, or with values that are no numbers.
        """
        left = self._checked(vectors).copy()
        codes = np.empty((len(left), len(self.levels)), dtype=np.int32)
        kept = slice(None) if columns is None else np.flatnonzero(columns)
        for number, level in enumerate(self.levels):
            codes[:, number] = nearest(left[:, kept], level[:, kept])
            left -= level[codes[:, number]]
        return codes

    def decode(self, codes: NDArray[np.int32]) -> NDArray[np.float32]:
        """The vectors that codes stand for.

        Args:
            codes: int [n, depth], a prefix of up to all levels.

        Returns:
            float32 [n, dims], the sums of the levels' vectors; zeros for a prefix of no level.

        Raises:
            InputError: more levels than there are, or a code that its level does not have.
        """
        codes = np.atleast_2d(codes)
        self._check_codes(codes)
        total = np.zeros((len(codes), self.dims), dtype=np.float32)
        for level, column in zip(self.levels, codes.T, strict=False):
            total += level[column]
        return total

    def residuals(self, vectors: NDArray[np.float32], codes: NDArray[np.int32]) -> NDArray[np.float32]:
        """What each level leaves.

        Args:
            vectors: float32 [n, dims].
            codes: int [n, depth].

        Returns:
            float32 [depth + 1, n, dims]: the vectors themselves, then what is left after each level.

        Raises:
            InputError: as ``encode`` and ``decode``.
        """
        left = self._checked(vectors)
        self._check_codes(codes)
        stages = [left]
        for level, column in zip(self.levels, codes.T, strict=False):
            stages.append(stages[-1] - level[column])
        return np.stack(stages)

    def _checked(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        if vectors.ndim != 2 or vectors.shape[1] != self.dims:
            raise InputError(
                f"the codebooks quantise vectors of {self.dims} values, not an array of {vectors.shape}",
                fix=_AGAIN,
            )
        return finite(vectors)

    def _check_codes(self, codes: NDArray[np.int32]) -> None:
        if codes.ndim != 2 or codes.shape[1] > len(self.levels):
            raise InputError(
                f"there are {len(self.levels)} levels, not codes of {codes.shape}", fix="give [n, levels]"
            )
        for size, column in zip(self.sizes, codes.T, strict=False):
            if len(column) and not (column.min() >= 0 and column.max() < size):
                raise InputError(f"a level has the codes 0 to {size - 1}, no others", fix=_AGAIN)


def nearest(vectors: NDArray[np.float32], to: NDArray[np.float32]) -> NDArray[np.int32]:
    """Row of ``to`` at the least Euclidean distance from each vector; of equal ones the lowest, int32 [n]."""
    norms = (to * to).sum(axis=1)
    found = np.empty(len(vectors), dtype=np.int32)
    step = max(1, _CELLS // len(to))
    for begin in range(0, len(vectors), step):
        part = vectors[begin : begin + step]
        found[begin : begin + step] = (norms - 2 * (part @ to.T)).argmin(axis=1)
    return found


def finite(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vectors as float32.

    Raises:
        InputError: a value is no number, or infinite; names the first row.
    """
    whole = np.isfinite(vectors).all(axis=1)
    if not whole.all():
        raise InputError(
            f"the vector in row {int(np.argmin(whole))} holds values that are no numbers",
            fix="encode the items again, or leave those out whose vectors cannot be made",
        )
    return vectors.astype(np.float32, copy=False)


@dataclass(frozen=True, slots=True, eq=False)
class Modality:
    """One kind of vector that an item has: of its text, of what is bought with it, of its image.

    Vectors are half-whitened to unit length, so that a weight says how much of the distance between two
    items a modality decides. A row of zeros is an item that has no such vector.

    Attributes:
        name: by which vectors are given.
        source: what makes the vectors: an encoder's fingerprint, or words.
        weight: against the other modalities, above 0.
        whitening: of unit vectors.

    Raises:
        InputError: a weight that is not above 0.
    """

    name: str
    source: str
    weight: float
    whitening: Whitening

    def __post_init__(self) -> None:
        if not (self.weight > 0 and np.isfinite(self.weight)):
            raise InputError(
                f"modality {self.name!r} has the weight {self.weight}", fix="give a weight above 0"
            )

    @property
    def inputs(self) -> int:
        """Width of its vectors."""
        return len(self.whitening.mean)

    @property
    def dims(self) -> int:
        """Width of what is left of them."""
        return self.whitening.dims

    @classmethod
    def fitted(
        cls, name: str, source: str, weight: float, vectors: NDArray[np.float32], most: int | None = None
    ) -> Self:
        """With the whitening of these vectors.

        Few directions are kept: in many, what the first level leaves is mostly noise, and k-means puts most
        of it into one code.

        Args:
            name: of the modality.
            source: what made the vectors.
            weight: against the other modalities.
            vectors: float32 [n, inputs]; rows of zeros are left out.
            most: directions that are kept; None: all.

        Raises:
            InputError: values that are no numbers, or fewer than two different vectors.
        """
        there = unit(finite(vectors))
        there = there[there.any(axis=1)]
        if not len(there):
            raise InputError(f"no item has a vector of modality {name!r}", fix="leave this modality out")
        if np.linalg.norm(there - there[0], axis=1).max() < _ALIKE:
            raise InputError(f"all vectors of modality {name!r} are the same", fix="leave this modality out")
        return cls(name, source, weight, fit_whitening(there, most=most))

    def placed(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """As they are concatenated, float32 [n, dims]; rows of zeros stay so.

        Raises:
            InputError: another width, or values that are no numbers.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.inputs:
            raise InputError(
                f"modality {self.name!r} has vectors of {self.inputs} values,"
                f" not an array of {vectors.shape}",
                fix=_AGAIN,
            )
        return self.whitening.apply(unit(finite(vectors))) * np.float32(self.weight)


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """An affine map: float32 [inputs, outputs] and [outputs]."""

    matrix: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Vectors in the codebooks' space, and what is known of them.

    Attributes:
        vectors: float32 [n, dims].
        there: bool [n, parts], whether an item has that part of its vector.
        widths: of the parts; they sum to dims.
    """

    vectors: NDArray[np.float32]
    there: NDArray[np.bool_]
    widths: tuple[int, ...]

    def patterns(self) -> Iterator[tuple[NDArray[np.intp], NDArray[np.bool_] | None]]:
        """Rows that have the same parts, and the columns of these, bool [dims]; None: all columns."""
        patterns, which = np.unique(self.there, axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            columns = None if pattern.all() else np.repeat(pattern, self.widths)
            yield np.flatnonzero(which.reshape(-1) == number), columns

    def columns(self, row: int) -> NDArray[np.bool_]:
        """The columns that one item has, bool [dims]."""
        return np.repeat(self.there[row], self.widths)


@dataclass(frozen=True, slots=True, eq=False)
class Quantizer:
    """From an item's vectors to its codes.

    Attributes:
        modalities: whose vectors are concatenated, in this order.
        layers: of an RQ-VAE's encoder, with ReLU between them; none: the concatenation is quantised itself.
        codebooks: of all levels.

    Raises:
        InputError: no modality, one name twice, or widths that do not fit.
    """

    modalities: tuple[Modality, ...]
    layers: tuple[Layer, ...]
    codebooks: Codebooks

    def __post_init__(self) -> None:
        names = [modality.name for modality in self.modalities]
        if not names or len(set(names)) != len(names):
            raise InputError(f"the modalities {names} cannot be concatenated", fix="give each a name, once")
        widths = [sum(modality.dims for modality in self.modalities)]
        for layer in self.layers:
            if layer.matrix.shape != (widths[-1], len(layer.bias)):
                raise InputError(f"a layer of {layer.matrix.shape} does not fit {widths[-1]}", fix=_AGAIN)
            widths.append(len(layer.bias))
        if widths[-1] != self.codebooks.dims:
            raise InputError(
                f"codebooks of width {self.codebooks.dims} do not fit vectors of {widths[-1]}", fix=_AGAIN
            )

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many codes each level has."""
        return self.codebooks.sizes

    def encode(self, vectors: Mapping[str, NDArray[np.float32]]) -> NDArray[np.int32]:
        """Codes of items, of old ones and of new ones alike.

        An item without a vector of some modality, such as a new one that nobody has bought, is compared by
        its others alone. An RQ-VAE takes the mean in its place, since its encoder reads all or nothing.

        Args:
            vectors: by modality, float32 [n, dims] with the same n. A modality that is not given is one that
                no item has, as are rows of zeros.

        Returns:
            int32 [n, levels].

        Raises:
            InputError: an unknown modality, different counts, widths that do not fit, values that are no
                numbers, or an item without any vector.
        """
        return self.encode_placed(self.place(vectors))

    def encode_placed(self, placed: Placed) -> NDArray[np.int32]:
        """The same of what ``place`` made, int32 [n, levels]."""
        codes = np.empty((len(placed.vectors), len(self.codebooks.levels)), dtype=np.int32)
        for rows, columns in placed.patterns():
            codes[rows] = self.codebooks.encode(placed.vectors[rows], columns)
        return codes

    def place(self, vectors: Mapping[str, NDArray[np.float32]]) -> Placed:
        """What the codebooks quantise; see ``encode`` for arguments and errors."""
        inputs, there = concatenate(self.modalities, vectors)
        if self.layers:
            return Placed(self.latent(inputs), np.ones((len(inputs), 1), np.bool_), (self.codebooks.dims,))
        return Placed(inputs, there, tuple(modality.dims for modality in self.modalities))

    def latent(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the codebooks quantise of concatenated vectors, float32 [n, dims]."""
        last = len(self.layers) - 1
        for number, layer in enumerate(self.layers):
            inputs = inputs @ layer.matrix + layer.bias
            if number < last:
                inputs = np.maximum(inputs, 0)
        return inputs


def concatenate(
    modalities: tuple[Modality, ...], vectors: Mapping[str, NDArray[np.float32]]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Vectors of all modalities side by side.

    Args:
        modalities: in the order of the result.
        vectors: by modality, see `Quantizer.encode`.

    Returns:
        float32 [n, sum of dims], zeros where an item has none; and bool [n, modalities], which it has.

    Raises:
        InputError: see `Quantizer.encode`.
    """
    unknown = sorted(vectors.keys() - {modality.name for modality in modalities})
    counts = {len(held) for held in vectors.values()}
    if unknown or len(counts) != 1:
        known = ", ".join(modality.name for modality in modalities)
        raise InputError(
            f"vectors of {sorted(vectors)} with {sorted(counts)} rows cannot be concatenated",
            fix=f"give as many of each, among: {known}",
        )
    (count,) = counts
    held = [
        vectors.get(modality.name, np.zeros((count, modality.inputs), np.float32)) for modality in modalities
    ]
    parts = [modality.placed(rows) for modality, rows in zip(modalities, held, strict=True)]
    there = np.stack([rows.any(axis=1) for rows in held], axis=1)
    lacking = ~there.any(axis=1)
    if lacking.any():
        raise InputError(
            f"the item in row {int(np.argmax(lacking))} has no vector at all",
            fix="give it a text, or leave it out",
        )
    return np.concatenate(parts, axis=1), there


def prefixes(codes: NDArray[np.int32]) -> list[tuple[str, ...]]:
    """Prefixes of every length as words, shortest first: 5, 42, 7 are "5", "5-42" and "5-42-7".

    Args:
        codes: int [n, levels].
    """
    rows = [list(map(str, row)) for row in codes.tolist()]
    return [tuple("-".join(row[:depth]) for depth in range(1, len(row) + 1)) for row in rows]
