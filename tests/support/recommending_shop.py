"""A small shop on the node that recommends: vectors of the tests' own, orders that walk in a circle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from opensearchpy import OpenSearch, helpers

from aisle.cluster import Cluster, capabilities
from aisle.encoder.whitening import fit_whitening
from aisle.indexer.releases.signals import store_percentiles
from aisle.mappings import IndexMeta, IndexSettings, RecommendationSpace, fields, index_body
from aisle.mappings.document import document
from aisle.recommendation.counts import count_items
from aisle.recommendation.recommender import Recommender
from aisle.recommendation.settings import Learned, RecommenderSettings
from aisle.search.recommend.client import RecommendationArtifacts
from aisle.sequences import Sequences, sequences_of
from aisle.types import BusinessSignals, Item

COUNT, DIMS = 120, 8
NEW = "new-000"
"""An item that nobody took: only its text speaks for it."""
BARE = "item-007"
"""An item without a text, so without a vector."""
SPACE = RecommendationSpace("ab" * 32, "walks", dims=DIMS, text_dims=DIMS)


def items() -> list[Item]:
    """Items in four categories, with prices and stock; the last one is new."""
    ids = [*(f"item-{number:03d}" for number in range(COUNT)), NEW]
    return [
        Item(
            id_,
            f"thing {number}",
            categories=((f"kind {number % 4}",),),
            price=float(number),
            signals=BusinessSignals(stock=float(number % 3), popularity=float(number)),
        )
        for number, id_ in enumerate(ids)
    ]


def raw_vectors() -> NDArray[np.float32]:
    """float32 [items, DIMS]: neighbours on a circle are alike, more or less."""
    angles = 2 * np.pi * np.arange(COUNT + 1)[:, None] / COUNT * np.arange(1, 5)[None, :]
    noise = np.random.default_rng(3).normal(scale=0.3, size=(COUNT + 1, DIMS))
    vectors = np.hstack([np.sin(angles), np.cos(angles)]) + noise
    vectors[[item.id for item in items()].index(BARE)] = 0
    return vectors.astype(np.float32)


def walks() -> Sequences:
    """300 users who go on by one or two, in a circle; nobody takes the new item."""
    known = tuple(item.id for item in items()[:COUNT])
    draw = np.random.default_rng(5)
    starts, hops = draw.integers(0, COUNT, (300, 1)), draw.integers(1, 3, (300, 6))
    return sequences_of(known, ((starts + np.cumsum(hops, axis=1)) % COUNT).tolist())


def recommender(vectors: NDArray[np.float32]) -> Recommender:
    """Of these users; of the items of ``vectors`` but for the new one."""
    titles = [item.title for item in items()[:COUNT]]
    return Recommender(Learned(count_items(walks()), vectors[:COUNT]), titles, RecommenderSettings())


def item_vectors() -> NDArray[np.float32]:
    """float32 [items, DIMS], as the recommender's texts."""
    raw = raw_vectors()
    return fit_whitening(raw).apply(raw)


def put_recommending_shop(
    client: OpenSearch, index: str, space: RecommendationSpace = SPACE
) -> RecommendationArtifacts:
    """Make the index as Aisle makes it, and what it recommends by."""
    vectors = item_vectors()
    made = recommender(vectors)
    engine = capabilities(client).best_engine
    settings = IndexSettings(dims=DIMS, engine=engine, recommends=space)
    meta = IndexMeta(index, {}, engine, (), features=settings.features, recommends=space)
    client.indices.create(index=index, body=index_body(settings, meta))
    popularity = dict(zip(made.items, _popularity(made), strict=True))
    actions = (
        {"_index": index, "_id": item.id, **document(item, {})}
        | {fields.TAKEN: popularity.get(item.id, 0.0)}
        | ({fields.ITEM_VECTOR: vector.tolist()} if space.dims and item.id != BARE else {})
        for item, vector in zip(items(), vectors, strict=True)
    )
    helpers.bulk(client, actions, refresh=True)
    store_percentiles(Cluster.of(client), index)
    return RecommendationArtifacts(space, made)


def _popularity(made: Recommender) -> list[float]:
    takers = made.learned.counts.takers
    return [float(found) for found in takers / takers.max()]
