"""A small shop on the node that relates items to one another: vectors and baskets of the tests' own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from opensearchpy import OpenSearch, helpers

from aisle.cluster import Cluster, capabilities
from aisle.indexer.releases.signals import store_percentiles
from aisle.mappings import IndexMeta, IndexSettings, ItemSpaces, ItemToItemSpace, fields, index_body
from aisle.mappings.document import document
from aisle.recommendation.item_to_item.item_fields import item_category
from aisle.recommendation.item_to_item.model import TwoHeads
from aisle.search.similar.client import SimilarArtifacts
from aisle.types import BusinessSignals, Item
from tests.support.item_to_item import DIMS, drawn_model

COUNT = 120
NEW = "new-000"
"""In the index and not in the model: only content says something of it."""
GONE = "gone-000"
"""In the model and not in the index."""
BARE = "item-007"
"""Without relevance vector and without category: nothing but baskets say something of it."""
PLAIN = "item-022"
"""Without category: its kind is told by relevance."""
SPACE = ItemToItemSpace("ef" * 32, "circle", dims=DIMS)


def items() -> list[Item]:
    """Items of the index: in four categories of two roots, three variants a product, the last one new."""
    return [_item(number, f"item-{number:03d}") for number in range(COUNT)] + [_item(COUNT, NEW)]


def _item(number: int, id_: str) -> Item:
    category = (f"root {number % 2}", f"kind {number % 4}")
    return Item(
        id_,
        f"thing {number}",
        group=f"product-{number // 3}",
        categories=() if id_ in (BARE, PLAIN) else (category,),
        price=float(number),
        signals=BusinessSignals(stock=float(number % 3), popularity=float(number)),
    )


@dataclass(frozen=True, slots=True)
class ShopVectors:
    """float32 [items and the one that has gone, DIMS], of each head."""

    engagement: NDArray[np.float32]
    relevance: NDArray[np.float32]


def vectors() -> ShopVectors:
    """Engagement of chance, relevance of neighbours in a circle; zeros where the item has none."""
    draw = np.random.default_rng(7)
    engagement, relevance = draw.normal(size=(2, COUNT + 2, DIMS)).astype(np.float32)
    angles = 2 * np.pi * np.arange(COUNT + 2)[:, None] / COUNT * np.arange(1, DIMS // 2 + 1)[None, :]
    relevance = 0.05 * relevance + np.hstack([np.sin(angles), np.cos(angles)]).astype(np.float32)
    relevance /= np.linalg.norm(relevance, axis=1, keepdims=True)
    bare = [item.id for item in items()].index(BARE)
    engagement[bare] = relevance[bare] = 0
    return ShopVectors(engagement, relevance)


def model() -> TwoHeads:
    """Of all items but the new one, and of one that has left the shop."""
    known = [*items()[:COUNT], _item(COUNT + 1, GONE)]
    draw = np.random.default_rng(5)
    starts, hops = draw.integers(0, len(known), (300, 1)), draw.integers(1, 3, (300, 4))
    made = drawn_model(
        [item.id for item in known],
        ((starts + np.cumsum(hops, axis=1)) % len(known)).tolist(),
        categories=list(map(item_category, known)),
    )
    found, rows = vectors(), [*range(COUNT), COUNT + 1]
    return replace(
        made,
        titles=tuple(item.title for item in known),
        engagement=found.engagement[rows],
        relevance=found.relevance[rows],
    )


def put_similar_shop(
    client: OpenSearch, index: str, space: ItemToItemSpace = SPACE, made: TwoHeads | None = None
) -> SimilarArtifacts:
    """Make the index as Aisle makes it, and what it relates items by."""
    engine = capabilities(client).best_engine
    settings = IndexSettings(dims=DIMS, engine=engine, item_spaces=ItemSpaces(relates=space))
    meta = IndexMeta(index, {}, engine, (), features=settings.features, item_spaces=ItemSpaces(relates=space))
    client.indices.create(index=index, body=index_body(settings, meta))
    found = vectors()
    actions = (
        {"_index": index, "_id": item.id, **document(item, {})}
        | ({fields.ENGAGEMENT: engagement.tolist()} if engagement.any() else {})
        | ({fields.RELEVANCE: relevance.tolist()} if relevance.any() else {})
        for item, engagement, relevance in zip(
            items(), found.engagement[: COUNT + 1], found.relevance[: COUNT + 1], strict=True
        )
    )
    helpers.bulk(client, actions, refresh=True)
    store_percentiles(Cluster.of(client), index)
    return SimilarArtifacts(space, made or model())
