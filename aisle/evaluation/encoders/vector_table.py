"""What smaller vectors find of what full ones do, by type and, within a budget, by width. Pure.

A sample is less dense than its catalogue, so its recalls are above those to come; which way is best, and by
how much, carries over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from aisle.encoder.dense import DenseEncoder, cut
from aisle.errors import InputError
from aisle.evaluation.encoders.exact import Floats, exact_neighbours, mean_overlap
from aisle.mappings.vector_types import LAYOUTS, VectorChoice, VectorStorage, VectorType


@dataclass(frozen=True, slots=True)
class KeptSearch:
    """Exact search of vectors as their type keeps them, a ``Neighbours``.

    Those on disk are scored by their full numbers in the end, so they are searched as they are.

    Attributes:
        kept_as: type of the numbers.
    """

    kept_as: VectorType

    def __call__(self, queries: Floats, items: Floats, ids: Sequence[str], depth: int, /) -> list[list[str]]:
        """See ``Neighbours``."""
        storage = VectorStorage.fitted(self.kept_as, items)
        return exact_neighbours(self._numbers(queries, storage), self._numbers(items, storage), ids, depth)

    def _numbers(self, vectors: Floats, storage: VectorStorage) -> Floats:
        if self.kept_as is VectorType.FP16:
            vectors = vectors.astype(np.float16)
        return storage.numbers(vectors).astype(np.float32)


# So that a query has ten neighbours to find.
_FEW: Final = 16
# Those on disk are searched by their full numbers: a budget of memory sets no width.
BUDGETED: Final = (VectorType.FP32, VectorType.FP16, VectorType.BYTE)

DEPTH: Final = 10
# One in so many vectors of the sample is a query for the others.
_QUERIES: Final = 8
# Processors multiply that many numbers at once.
_STEP: Final = 8


def choose_vectors(
    encoder: DenseEncoder,
    texts: Sequence[str],
    budget: int,
    engine: str,
    types: Iterable[VectorType] = BUDGETED,
) -> tuple[VectorChoice, ...]:
    """What an encoder's vectors may be kept as within a budget, by what they find in a sample.

    Args:
        encoder: at its full width.
        texts: of a catalogue's items, ``SAMPLE`` of them or what there is.
        budget: bytes of memory that a vector may take, without its links in the graph.
        engine: that will keep them.
        types: to choose from.

    Raises:
        InputError: too few texts, or nothing fits.
    """
    if len(texts) < _FEW:
        raise InputError(
            f"{len(texts)} items are too few to choose vectors by", fix="give --dims and --vectors instead"
        )
    return vector_table(encoder.encode_items(texts), budget, engine, types)


def vector_recall(vectors: Floats, dims: int, kept_as: VectorType) -> float:
    """``VectorChoice.recall`` of one way.

    Args:
        vectors: float32 [n, full], unit rows, of a sample: 16 or more.
        dims: width to cut to.
        kept_as: type of the numbers.
    """
    asked = np.arange(len(vectors)) % _QUERIES == 0
    small, ids = cut(vectors, dims), [str(place) for place in range(int((~asked).sum()))]
    found = KeptSearch(kept_as)(small[asked], small[~asked], ids, DEPTH)
    exact = exact_neighbours(vectors[asked], vectors[~asked], ids, DEPTH)
    places = [str(place) for place in range(len(exact))]
    return mean_overlap(dict(zip(places, found, strict=True)), dict(zip(places, exact, strict=True)), DEPTH)


def vector_table(
    vectors: Floats, budget: int, engine: str, types: Iterable[VectorType]
) -> tuple[VectorChoice, ...]:
    """The widest vectors of each type that fit into a budget, the best first.

    Args:
        vectors: float32 [n, full], unit rows, of a sample: 16 or more.
        budget: bytes of memory that a vector may take, without its links in the graph.
        engine: that keeps them.
        types: to choose from; those that the engine does not keep are left out.

    Raises:
        InputError: none fits.
    """
    full = vectors.shape[1]
    found = []
    for kept_as in types:
        if engine not in LAYOUTS[kept_as]:
            continue
        bits = LAYOUTS[kept_as][engine].bits
        dims = full if budget * 8 >= bits * full else budget * 8 // bits // _STEP * _STEP
        if dims:
            recall = round(vector_recall(vectors, dims, kept_as), 4)
            found.append(VectorChoice(kept_as, dims, -(-bits * dims // 8), recall))
    if not found:
        raise InputError(f"no vector fits into {budget} bytes", fix="give 32 or more with --bytes")
    return tuple(sorted(found, key=lambda way: (-way.recall, way.bytes)))
