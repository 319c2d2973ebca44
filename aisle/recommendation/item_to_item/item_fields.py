"""What an item is related to others by in an index: a vector of each head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.jitter import moved_apart
from aisle.encoder.whitening import Whitening, unit
from aisle.mappings import ItemToItemSpace, fields
from aisle.mappings.document import Column
from aisle.recommendation.item_to_item.towers import HeadTowers
from aisle.types import Item


def item_category(item: Item) -> str:
    """The category that towers know an item by: the path to its first one, empty if it has none."""
    return fields.category_path(item.categories[0]) if item.categories else ""


@dataclass(frozen=True, slots=True, eq=False)
class HeadFields:
    """Makes the fields that items are related by, see ``indexer.vectors.ItemFields``.

    What was learned is frozen. A new item has both at once, made of its text, category and brand.

    Attributes:
        space: the artifact behind it, as the index names it.
        towers: of that artifact.
        whitening: places vectors of texts as the towers read them; None: they read none.
    """

    space: ItemToItemSpace
    towers: HeadTowers
    whitening: Whitening | None

    def taken(self) -> Iterator[str]:
        """The ids of items that were ordered in training."""
        return iter(self.towers.vocabulary.ids)

    def columns(self, items: Sequence[Item], vectors: NDArray[np.float32]) -> dict[str, Column]:
        """The fields of some items.

        Args:
            items: any.
            vectors: float32 [items, dims], of their texts, of the encoder that ``space`` names at its full
                width; of any width if it names none. Rows of zeros where there is no text.

        Returns:
            `fields.ENGAGEMENT` and `fields.RELEVANCE`: a float32 [dims] row for each item, `moved_apart`;
            None for one of which the head knows nothing, as a row of zeros would stand before all items that
            do not go together.
        """
        ids = [item.id for item in items]
        texts = self.whitening.apply(vectors) if self.whitening else None
        categories, brands = [item_category(item) for item in items], [item.brand for item in items]
        made = self.towers.vectors(ids, texts, categories, brands)
        return {
            fields.ENGAGEMENT: _known(moved_apart(made.engagement, ids)),
            fields.RELEVANCE: _known(unit(moved_apart(made.relevance, ids))),
        }


def _known(rows: NDArray[np.float32]) -> list[NDArray[np.float32] | None]:
    return [row if row.any() else None for row in rows]
