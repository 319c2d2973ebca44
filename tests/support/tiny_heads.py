"""An item-to-item model of chance: what goes with what means nothing, that all ways make the same does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aisle.baskets import Baskets
from aisle.encoder.whitening import Whitening
from aisle.recommendation.item_to_item.basket_counts import count_baskets
from aisle.recommendation.item_to_item.item_fields import item_category
from aisle.recommendation.item_to_item.model import TwoHeads
from aisle.recommendation.item_to_item.towers import HeadLayers, HeadTowers, Vocabulary
from aisle.types import Item

DIMS, HIDDEN, WIDE = 4, 3, 5


def tiny_towers(vocabulary: Vocabulary, text_dims: int) -> HeadTowers:
    """Weights that are drawn, always the same."""
    draw = np.random.default_rng(2)

    def drawn(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return draw.normal(size=shape).astype(np.float32)

    heads = (
        HeadLayers(drawn(WIDE, DIMS), drawn(WIDE, HIDDEN), drawn(HIDDEN), drawn(HIDDEN, DIMS))
        for _ in range(2)
    )
    return HeadTowers(vocabulary, drawn(len(vocabulary), WIDE), drawn(text_dims, WIDE), *heads)


def tiny_heads(items: Sequence[Item], whitening: Whitening | None = None, encoder: str = "") -> TwoHeads:
    """Of these items; each was bought with the next one. Vectors of known items are those without a text."""
    ids = tuple(item.id for item in items)
    pairs = np.array([[place, (place + 1) % len(ids)] for place in range(len(ids))], dtype=np.int32)
    baskets = Baskets(
        ids,
        tuple(map(str, pairs[:, 0])),
        np.arange(0, pairs.size + 1, 2, dtype=np.int64),
        pairs.reshape(-1),
        None,
    )
    categories, brands = tuple(map(item_category, items)), [item.brand for item in items]
    vocabulary = Vocabulary(
        ids, tuple(dict.fromkeys(filter(None, categories))), tuple(dict.fromkeys(filter(None, brands)))
    )
    towers = tiny_towers(vocabulary, whitening.dims if whitening else 0)
    made = towers.vectors(ids, None, categories, brands)
    titles = tuple(item.title for item in items)
    counts = count_baskets(baskets)
    return TwoHeads(
        counts, 0.5, titles, categories, made.engagement, made.relevance, towers, whitening, encoder
    )
