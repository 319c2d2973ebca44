"""What an item is recommended by in an index: its item vector, how popular it is, the prefixes of its ID."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.code_artifact import ItemCodes
from aisle.encoder.codes import Quantizer, prefixes
from aisle.encoder.jitter import jittered
from aisle.mappings import RecommendationSpace, fields
from aisle.mappings.document import Column
from aisle.recommendation.history_encoder import ItemEmbeddings
from aisle.recommendation.known_items import KnownItems
from aisle.types import Item


@dataclass(frozen=True, slots=True, eq=False)
class CodedItems:
    """Semantic IDs, as the prefixes that items are filtered by.

    Attributes:
        places: id of a known item to the row of its codes.
        codes: int32 [items, levels], of known items.
        quantizer: gives all other items the nearest codes of the frozen codebooks.
        text: the quantizer's modality that is made of texts; empty: it has none, and new items have no codes.
    """

    places: Mapping[str, int]
    codes: NDArray[np.int32]
    quantizer: Quantizer
    text: str

    @classmethod
    def of(cls, held: ItemCodes, encoder: str) -> Self:
        """Those of an artifact whose texts were read by the encoder of that fingerprint."""
        text = next((kind.name for kind in held.quantizer.modalities if kind.source == encoder), "")
        return cls({id_: row for row, id_ in enumerate(held.items)}, held.codes, held.quantizer, text)

    @property
    def levels(self) -> int:
        """Codes of a semantic ID."""
        return len(self.quantizer.sizes)

    def columns(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> dict[str, Column]:
        """Each level's field and the prefix of each item, None where it has none.

        A new item's codes do not depend on the other items, so others may have the same: they are looked for
        by prefixes, and told apart by ids.

        Args:
            ids: of the items.
            vectors: float32 [items, dims], of texts; rows of zeros where there is none.
        """
        places = np.array([self.places.get(id_, -1) for id_ in ids], dtype=np.int64)
        codes = np.where(places[:, None] >= 0, self.codes[places], -1)
        new = np.flatnonzero((places < 0) & vectors.any(axis=1))
        if self.text and len(new):
            codes[new] = self.quantizer.encode({self.text: vectors[new]})
        found = [made if row[0] >= 0 else None for made, row in zip(prefixes(codes), codes, strict=True)]
        levels = range(self.levels)
        return {fields.sid(level + 1): [made and made[level] for made in found] for level in levels}


@dataclass(frozen=True, slots=True, eq=False)
class RecommendationFields:
    """Makes the fields that items are recommended by, see ``indexer.vectors.ItemFields``.

    What was learned is frozen, so a new item has them as soon as it has a text.

    Attributes:
        space: the artifacts behind it, as the index names them.
        known: items of the recommender.
        codes: semantic IDs; None: items have none.
        sequences: vectors of items in histories, the router's; None: there is no router.
    """

    space: RecommendationSpace
    known: KnownItems
    codes: CodedItems | None = None
    sequences: ItemEmbeddings | None = None

    def taken(self) -> Iterator[str]:
        """The ids of items that somebody took."""
        return (id_ for id_, share in self.known.popularity.items() if share > 0)

    def columns(self, items: Sequence[Item], vectors: NDArray[np.float32]) -> dict[str, Column]:
        """The fields of some items.

        Args:
            items: any.
            vectors: float32 [items, dims], of their texts, of the encoder that ``space`` names at its full
                width; of any width if it names none. Rows of zeros where there is no text: such an item is
                like nothing.

        Returns:
            Name to values: `fields.TAKEN`; `fields.ITEM_VECTOR` float32 [items, dims], the sequence part and
            then the text part, which is `jittered`; and the prefixes of semantic IDs, see `CodedItems`.
        """
        ids = [item.id for item in items]
        made: dict[str, Column] = {fields.TAKEN: [self.known.popularity.get(id_, 0.0) for id_ in ids]}
        if self.space.dims:
            made[fields.ITEM_VECTOR] = self._item_vectors(ids, vectors)
        if self.codes is not None:
            made |= self.codes.columns(ids, vectors)
        return made

    def _item_vectors(self, ids: Sequence[str], read: NDArray[np.float32]) -> NDArray[np.float32]:
        placed = self.known.whitening.apply(read) if self.known.whitening else None
        sequences = self.sequences.vectors(ids, placed) if self.sequences else None
        if placed is not None:
            text = jittered(placed, ids)
            return text if sequences is None else np.concatenate((sequences, text), axis=1)
        if sequences is None:
            raise ValueError("item vectors of nothing")
        # Of new items, which have none, no two may be the same either.
        some = sequences.any(axis=1, keepdims=True)
        return np.where(some, sequences, jittered(np.zeros_like(sequences), ids))
