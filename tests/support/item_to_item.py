"""A small item-to-item model whose numbers are drawn, not learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aisle.baskets import baskets_from
from aisle.encoder.whitening import fit_whitening
from aisle.recommendation.item_to_item.basket_counts import count_baskets
from aisle.recommendation.item_to_item.item_fields import item_category
from aisle.recommendation.item_to_item.model import TwoHeads
from aisle.recommendation.item_to_item.towers import HeadLayers, HeadTowers, Vocabulary, levels_of
from aisle.types import Item

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
    brands: Sequence[str] | None = None,
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
        brands: of the items; None: they have none.
        texts: float32 [items, dims] as an encoder makes them; None: random ones.
        encoder: fingerprint of the encoder; empty: texts are not read.
        counts_weight: of the counts.
        seed: of what is drawn.
    """
    random = np.random.default_rng(seed)
    raw = random.normal(size=(len(items), 5)).astype(np.float32) if texts is None else texts
    whitening = fit_whitening(raw) if encoder else None
    none = ("",) * len(items)
    categories, brands = tuple(categories or none), tuple(brands or none)
    levels = tuple(dict.fromkeys(level for path in categories for level in levels_of(path)))
    vocabulary = Vocabulary(tuple(items), levels, tuple(dict.fromkeys(filter(None, brands))))
    towers = drawn_towers(vocabulary, whitening.dims if whitening else 0, seed)
    placed = whitening.apply(raw) if whitening else None
    made = towers.vectors(items, placed, categories, brands)
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


def drawn_model_of(
    items: Sequence[Item], texts: NDArray[np.float32] | None = None, encoder: str = ""
) -> TwoHeads:
    """A model over items of a catalogue, each of which was bought with the next one.

    Args:
        items: at least two.
        texts: float32 [items, dims] of the encoder.
        encoder: fingerprint of the encoder; empty: texts are not read.
    """
    return drawn_model(
        [item.id for item in items],
        [(place, (place + 1) % len(items)) for place in range(len(items))],
        categories=list(map(item_category, items)),
        brands=[item.brand for item in items],
        texts=texts,
        encoder=encoder,
    )
