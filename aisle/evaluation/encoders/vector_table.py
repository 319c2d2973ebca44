"""What smaller vectors find of what full ones do: by width and type, on a sample. Pure.

A sample is less dense than its catalogue, so its recalls are above those to come; which way is best, and by
how much, carries over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.dense import cut
from aisle.errors import InputError
from aisle.evaluation.encoders.exact import exact_neighbours, mean_overlap
from aisle.mappings.vector_types import LAYOUTS, Quantisation, VectorType

Floats = NDArray[np.float32]
DEPTH: Final = 10
# One in so many vectors of the sample is a query for the others.
_QUERIES: Final = 8
# Natively added up eight or more at a time; less than this is no vector to search with.
STEP: Final = 8


@dataclass(frozen=True, slots=True)
class VectorChoice:
    """One way to keep vectors.

    Attributes:
        kept_as: type of their numbers.
        dims: width.
        bytes: of memory that one takes, without its links in the graph.
        recall: mean share of each query's 10 nearest by full float32 vectors that these find, by exact search
            in the sample; 0 to 1.
    """

    kept_as: VectorType
    dims: int
    bytes: int
    recall: float


def as_kept(vectors: Floats, kept_as: VectorType, quantisation: Quantisation) -> Floats:
    """Vectors as their type keeps them, read back as float32 [n, dims].

    Vectors on disk are searched by their full numbers in the end.
    """
    if kept_as is VectorType.FP16:
        return vectors.astype(np.float16).astype(np.float32)
    if kept_as is VectorType.BYTE:
        return quantisation.codes(vectors).astype(np.float32)
    return vectors


def vector_recall(vectors: Floats, dims: int, kept_as: VectorType) -> float:
    """``VectorChoice.recall`` of one way.

    Args:
        vectors: float32 [n, full], unit rows, of a sample: 16 or more.
        dims: width to cut to.
        kept_as: type of the numbers.
    """
    small = cut(vectors, dims)
    small = as_kept(small, kept_as, Quantisation.fitted(small))
    asked = np.arange(len(vectors)) % _QUERIES == 0
    ids = [str(place) for place in range(int((~asked).sum()))]
    found, exact = (
        dict(enumerate(exact_neighbours(rows[asked], rows[~asked], ids, DEPTH))) for rows in (small, vectors)
    )
    return mean_overlap(
        {str(query): best for query, best in found.items()},
        {str(query): best for query, best in exact.items()},
        DEPTH,
    )


def vector_table(
    vectors: Floats, budget: int, engine: str, types: Iterable[VectorType]
) -> tuple[VectorChoice, ...]:
    """The widest vectors of each type that fit into a budget, the best first.

    Args:
        vectors: float32 [n, full], unit rows, of a sample.
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
        dims = full if budget * 8 >= bits * full else budget * 8 // bits // STEP * STEP
        if dims:
            recall = round(vector_recall(vectors, dims, kept_as), 4)
            found.append(VectorChoice(kept_as, dims, -(-bits * dims // 8), recall))
    if not found:
        raise InputError(f"{budget} bytes are too few for a vector", fix="give 32 or more")
    return tuple(sorted(found, key=lambda way: (-way.recall, way.bytes)))
