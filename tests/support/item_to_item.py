"""A small item-to-item model whose numbers are drawn, not learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aisle.baskets import baskets_from
from aisle.encoder.whitening import fit_whitening
from aisle.recommendation.item_to_item.basket_counts import count_baskets
from aisle.recommendation.item_to_item.model import TwoHeads
from aisle.recommendation.item_to_item.towers import HeadLayers, HeadTowers, Vocabulary, levels_of

WIDTH, HIDDEN, DIMS = 6, 5, 4


def drawn_towers(vocabulary: Vocabulary, text_dims: int = 3, seed: int = 0) -> HeadTowers:
    """Towers of random numbers."""
    random = np.random.default_rng(seed)

    def drawn(*shape: int) -> NDArray[np.float32]:
        return random.normal(size=shape).astype(np.float32)

    def head() -> HeadLayers:
        return HeadLayers(drawn(WIDTH, DIMS), drawn(WIDTH, HIDDEN), drawn(HIDDEN), drawn(HIDDEN, DIMS))

    embeddings, text_map = drawn(len(vocabulary), WIDTH), drawn(text_dims, WIDTH)
    return HeadTowers(vocabulary, embeddings, text_map, head(), head())


def drawn_model(
    items: Sequence[str] = ("a", "b", "c", "d"),
    baskets: Sequence[Sequence[int]] = ((0, 1), (0, 1, 2), (2, 3)),
    *,
    categories: Sequence[str] | None = None,
    texts: NDArray[np.float32] | None = None,
    encoder: str = "e" * 64,
    counts_weight: float = 0.5,
    seed: int = 0,
) -> TwoHeads:
    """A model over some baskets.

    Args:
        items: ids.
        baskets: positions of items.
        categories: paths of the items; None: they have none.
        texts: float32 [items, dims] as an encoder makes them; None: random ones.
        encoder: fingerprint of the encoder.
        counts_weight: of the counts.
        seed: of what is drawn.
    """
    random = np.random.default_rng(seed)
    raw = random.normal(size=(len(items), 5)).astype(np.float32) if texts is None else texts
    whitening = fit_whitening(raw)
    categories = tuple(categories or ("",) * len(items))
    levels = tuple(dict.fromkeys(level for path in categories for level in levels_of(path)))
    towers = drawn_towers(Vocabulary(tuple(items), levels), whitening.dims, seed)
    made = towers.vectors(items, whitening.apply(raw), categories, ("",) * len(items))
    return TwoHeads(
        counts=count_baskets(baskets_from(tuple(items), baskets)),
        counts_weight=counts_weight,
        titles=tuple(f"Title of {item}" for item in items),
        categories=categories,
        engagement=made.engagement,
        relevance=made.relevance,
        towers=towers,
        whitening=whitening,
        encoder=encoder,
    )
