"""The two towers: content and identity of an item become the vectors that two heads find it by. Plain numpy.

After MTMH (Multi-Task Multi-Head item-to-item retrieval, arXiv 2506.06239): a backbone that both heads share,
of a sparse part (ID, category, brand) and a dense part (text), and a small MLP for each head.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit

from aisle.encoder.whitening import unit
from aisle.errors import InputError
from aisle.mappings import fields

AGAIN: Final = "train the heads again: aisle train item-to-item"


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The sparse features of items: each ID, category and brand has a number of its own, so none collide.

    Attributes:
        ids: of items that were ordered in training; all others are new.
        categories: paths, of all levels: an item in "Home > Kitchen" is in "Home" too.
        brands: as catalogues write them.

    Raises:
        InputError: a name twice.
    """

    ids: tuple[str, ...]
    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    _places: tuple[dict[str, int], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        kinds = (self.ids, self.categories, self.brands)
        firsts = accumulate(map(len, kinds), initial=0)
        places = tuple(
            {name: first + place for place, name in enumerate(names)}
            for names, first in zip(kinds, firsts, strict=False)
        )
        if any(len(found) != len(names) for found, names in zip(places, kinds, strict=True)):
            raise InputError("an ID, category or brand is there twice", fix=AGAIN)
        object.__setattr__(self, "_places", places)

    def __len__(self) -> int:
        return len(self.ids) + len(self.categories) + len(self.brands)

    def features(
        self, ids: Sequence[str], categories: Sequence[str], brands: Sequence[str]
    ) -> sparse.csr_array:
        """Which features items have, float32 [items, features], of 0 and 1; unknown names have none.

        An item's ID, if it has one, is the first feature of its row.

        Args:
            ids: of the items.
            categories: path of each, empty without one.
            brands: of each, empty without one.

        Raises:
            InputError: lists of different lengths.
        """
        if not len(ids) == len(categories) == len(brands):
            raise InputError(
                f"{len(ids):,} items have {len(categories):,} categories and {len(brands):,} brands",
                fix="give each item a category and a brand, '' for none",
            )
        known_ids, known_categories, known_brands = self._places
        rows = [
            [
                *_known(known_ids, (id_,)),
                *_known(known_categories, levels_of(category)),
                *_known(known_brands, (brand,)),
            ]
            for id_, category, brand in zip(ids, categories, brands, strict=True)
        ]
        offsets = np.concatenate(([0], np.cumsum([len(row) for row in rows], dtype=np.int64)))
        columns = np.fromiter((feature for row in rows for feature in row), np.int64, count=int(offsets[-1]))
        ones = np.ones(len(columns), dtype=np.float32)
        return sparse.csr_array((ones, columns, offsets), shape=(len(rows), len(self)))


def _known(places: dict[str, int], names: Iterable[str]) -> list[int]:
    return [places[name] for name in names if name in places]


def levels_of(category: str) -> tuple[str, ...]:
    """A path and all above it, "Home" and "Home > Kitchen"; none of an empty one."""
    if not category:
        return ()
    parts = category.split(fields.PATH_SEPARATOR)
    return tuple(fields.category_path(parts[:count]) for count in range(1, len(parts) + 1))


@dataclass(frozen=True, slots=True, eq=False)
class HeadLayers:
    """An MLP with one hidden layer (SiLU) beside a linear map.

    Attributes:
        linear: float32 [width, dims].
        inner: float32 [width, hidden], and ``inner_bias`` float32 [hidden].
        outer: float32 [hidden, dims].
    """

    linear: NDArray[np.float32]
    inner: NDArray[np.float32]
    inner_bias: NDArray[np.float32]
    outer: NDArray[np.float32]

    def apply(self, backbone: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 [items, width] to [items, dims]."""
        hidden = backbone @ self.inner + self.inner_bias
        found: NDArray[np.float32] = backbone @ self.linear + (hidden * expit(hidden)) @ self.outer
        return found


@dataclass(frozen=True, slots=True, eq=False)
class HeadVectors:
    """What items are found by.

    Attributes:
        engagement: float32 [items, dims], of what sells together; the last value is how popular an item is.
        relevance: float32 [items, dims] of unit length, of what is alike.

    A row of zeros is an item of which nothing is known.
    """

    engagement: NDArray[np.float32]
    relevance: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class HeadTowers:
    """Makes the vectors of known and new items.

    Attributes:
        vocabulary: of the sparse part.
        embeddings: float32 [features, width], of ``vocabulary``.
        text_map: float32 [text dims, width]; no rows where texts are not read.
        engagement, relevance: the heads, of one number of dims.

    Raises:
        InputError: arrays that do not fit each other.
    """

    vocabulary: Vocabulary
    embeddings: NDArray[np.float32]
    text_map: NDArray[np.float32]
    engagement: HeadLayers
    relevance: HeadLayers

    def __post_init__(self) -> None:
        width = self.embeddings.shape[1:]
        fit = len(self.embeddings) == len(self.vocabulary) and self.text_map.shape[1:] == width
        for head in (self.engagement, self.relevance):
            hidden = head.inner_bias.shape
            fit = fit and head.inner.shape == width + hidden and head.outer.shape[:1] == hidden
            fit = fit and head.linear.shape == width + head.outer.shape[1:]
        if not (fit and self.engagement.linear.shape == self.relevance.linear.shape):
            raise InputError("embeddings, texts and heads do not fit each other", fix=AGAIN)

    @property
    def dims(self) -> int:
        """Width of the vectors of each head."""
        return int(self.engagement.linear.shape[1])

    @property
    def text_dims(self) -> int:
        """Width of the whitened texts that are read; 0: none are."""
        return len(self.text_map)

    def vectors(
        self,
        ids: Sequence[str],
        texts: NDArray[np.float32] | None,
        categories: Sequence[str],
        brands: Sequence[str],
    ) -> HeadVectors:
        """Vectors of items. A new item's are made of its content alone, without another training.

        Args:
            ids: of the items.
            texts: float32 [items, text dims], whitened, rows of zeros for none; None: nobody has one.
            categories: path of each item's first category, empty without one.
            brands: of each, empty without one.

        Raises:
            InputError: lists of different lengths, or texts of another number or width.
        """
        known = self.vocabulary.features(ids, categories, brands)
        backbone = known @ self.embeddings
        there = np.diff(known.indptr) > 0
        if texts is not None and self.text_dims:
            if texts.shape != (len(ids), self.text_dims):
                raise InputError(
                    f"texts of {texts.shape} are not {self.text_dims} values for each of {len(ids):,} items",
                    fix=AGAIN,
                )
            backbone = backbone + texts @ self.text_map
            there |= texts.any(axis=1)
        engagement, relevance = self.engagement.apply(backbone), self.relevance.apply(backbone)
        nothing = ~there
        engagement[nothing] = relevance[nothing] = 0
        return HeadVectors(engagement, unit(relevance))


def engagement_query(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """What an item's engagement vector is as a trigger: popularity is a candidate's alone.

    Args:
        vectors: float32 [items, dims].

    Returns:
        float32 [items, dims], the last value 1; rows of zeros stay.
    """
    asked = vectors.copy()
    asked[:, -1] = vectors.any(axis=1)
    return asked
