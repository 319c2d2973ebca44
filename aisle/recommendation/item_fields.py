"""What an item is recommended by in an index: its item vector, how popular it is, the prefixes of its ID."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.jitter import jittered
from aisle.mappings import RecommendationSpace, VectorSpace, fields
from aisle.mappings.document import Column
from aisle.recommendation.known_items import KnownItems


@dataclass(frozen=True, slots=True, eq=False)
class ItemFields:
    """Makes the fields that items are recommended by.

    There is no other way to them: a load, a single change and whoever checks an answer without a cluster come
    to the same values. What was learned is frozen, so a new item has them as soon as it has a text.

    Attributes:
        space: the artifacts behind it, as the index names them.
        known: items of the recommender.
    """

    space: RecommendationSpace
    known: KnownItems

    @property
    def spaces(self) -> Mapping[str, VectorSpace]:
        """What the index says of its field of item vectors; nothing if items have none."""
        if not self.space.dims:
            return {}
        return {fields.ITEM_VECTOR: VectorSpace(self.space.recommender, self.space.name, self.space.dims)}

    def reads(self, encoder: str) -> bool:
        """Whether the vectors of an encoder of that fingerprint will do."""
        return not self.space.text_dims or encoder == self.space.encoder

    def columns(
        self, ids: Sequence[str], texts: Sequence[str], vectors: NDArray[np.float32]
    ) -> dict[str, Column]:
        """The fields of some items.

        Args:
            ids: of the items.
            texts: of each, as ``encoder.item_text`` makes it; an item without one is like nothing.
            vectors: float32 [items, dims], of the texts, of the recommender's encoder at its full width; of
                any width if it reads none.

        Returns:
            Name to values: `fields.TAKEN`, and `fields.ITEM_VECTOR` float32 [items, dims], the text part of
            which is `jittered`.
        """
        made: dict[str, Column] = {fields.TAKEN: [self.known.popularity.get(id_, 0.0) for id_ in ids]}
        if self.known.whitening is not None:
            there = np.array([bool(text) for text in texts], dtype=np.bool_)[:, None]
            placed = self.known.whitening.apply(np.where(there, vectors, np.float32(0)))
            made[fields.ITEM_VECTOR] = jittered(placed, ids)
        return made
