"""A small shop on the node that recommends: vectors of the tests' own, orders that walk in a circle."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from opensearchpy import OpenSearch, helpers

from aisle.cluster import Cluster, capabilities
from aisle.encoder import ArtifactStore
from aisle.encoder.whitening import fit_whitening
from aisle.indexer.releases.signals import store_percentiles
from aisle.mappings import IndexMeta, IndexSettings, ItemSpaces, RecommendationSpace, fields, index_body
from aisle.mappings.document import document
from aisle.recommendation.artifact import load_recommender, save_recommender
from aisle.recommendation.counts import count_items
from aisle.recommendation.history_encoder import ItemEmbeddings
from aisle.recommendation.known_items import find_recommender
from aisle.recommendation.pool import feature_names
from aisle.recommendation.preferences import PreferenceSettings, read_channels
from aisle.recommendation.recommender import Recommender
from aisle.recommendation.router import PrefixLevel, Router, prefix_tree
from aisle.recommendation.router_artifact import RouterContent, save_router
from aisle.recommendation.settings import Learned, RecommenderSettings
from aisle.search.recommend.client import RecommendationArtifacts
from aisle.sequences import Sequences, sequences_of
from aisle.types import BusinessSignals, Item
from tests.support.tiny_recommendation import sum_of_items

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


def recommender() -> Recommender:
    """Of these users; of all items but the new one."""
    raw = raw_vectors()
    whitening = fit_whitening(raw)
    titles = [item.title for item in items()[:COUNT]]
    learned = Learned(count_items(walks()), whitening.apply(raw)[:COUNT], whitening)
    return Recommender(learned, titles, RecommenderSettings())


def item_vectors(made: Recommender) -> NDArray[np.float32]:
    """float32 [items, dims], in the order of `items`: the recommender's texts, after the router's vectors."""
    assert made.learned.texts is not None and made.learned.whitening is not None
    texts = np.vstack([made.learned.texts, made.learned.whitening.apply(raw_vectors())[COUNT:]])
    if made.router is None:
        return texts
    ids = [item.id for item in items()]
    return np.hstack([made.router.encoder.item_vectors(ids, texts), texts])


CODES: Final = np.array([[number // 30, number // 6 % 5] for number in range(COUNT + 1)], dtype=np.int32)
"""int32 [items, 2]: semantic IDs of neighbours begin alike."""


def routed(store: ArtifactStore) -> Recommender:
    """The recommender with a router of chance, both kept in the store."""
    kept = save_recommender(recommender(), SPACE.name, store, learned_from=walks())
    made = load_recommender(kept.path, store)
    draw = np.random.default_rng(4)
    levels = (
        PrefixLevel(
            codes,
            draw.normal(size=(len(codes), 8)).astype(np.float32),
            np.zeros(len(codes), np.float32),
            firsts,
        )
        for codes, firsts in prefix_tree(CODES, 2)
    )
    content = RouterContent(
        model=sum_of_items(8),
        embeddings=ItemEmbeddings(
            made.items, draw.normal(size=(COUNT, 8)).astype(np.float32), np.eye(DIMS, 8, dtype=np.float32)
        ),
        max_steps=8,
        router=Router(tuple(levels)),
        weight=0.02,
        recommender=kept,
        codes=None,
    )
    return made.with_router(save_router(content, SPACE.name, store))


def put_preferences(made: Recommender, store: ArtifactStore, seed: int = 6) -> None:
    """Preferences of chance beside the recommender of `routed`; another seed is another training."""
    from aisle.training.preferences.fit import DeltaModel, PreferenceTraining
    from aisle.training.preferences.job import LearnedPreferences, save_preferences

    settings = PreferenceSettings(0.5, 30, read_channels(made.channel))
    columns, draw = len(feature_names(settings.channels)), np.random.default_rng(seed)
    first = draw.normal(size=(columns, 4)).astype(np.float32), np.zeros(4, np.float32)
    second = draw.normal(size=4).astype(np.float32), np.float32(0)
    model = DeltaModel(np.zeros(columns, np.float32), np.full(columns, 10, np.float32), first, second)
    save_preferences(
        LearnedPreferences(model, 0.5, (1, 1), {}),
        settings,
        SPACE.name,
        store,
        recommender=find_recommender(SPACE.name, store),
        example=draw.normal(size=(3, columns)).astype(np.float32),
        training=PreferenceTraining(),
    )


def put_recommending_shop(
    client: OpenSearch,
    index: str,
    space: RecommendationSpace = SPACE,
    made: Recommender | None = None,
) -> RecommendationArtifacts:
    """Make the index as Aisle makes it, and what it recommends by.

    Args:
        client: of the node.
        index: its name.
        space: what its ``_meta`` says.
        made: the recommender, with its router; None: the one of `recommender`.
    """
    made = made or recommender()
    vectors = item_vectors(made)
    engine = capabilities(client).best_engine
    settings = IndexSettings(dims=DIMS, engine=engine, item_spaces=ItemSpaces(recommends=space))
    meta = IndexMeta(
        index, {}, engine, (), features=settings.features, item_spaces=ItemSpaces(recommends=space)
    )
    client.indices.create(index=index, body=index_body(settings, meta))
    popularity = dict(zip(made.items, _popularity(made), strict=True))
    actions = (
        {"_index": index, "_id": item.id, **document(item, {})}
        | {fields.TAKEN: popularity.get(item.id, 0.0)}
        | ({fields.ITEM_VECTOR: vector.tolist()} if space.dims and vector.any() else {})
        | {fields.sid(level): fields.sid_prefix(code[:level]) for level in range(1, space.levels + 1)}
        for item, vector, code in zip(items(), vectors, CODES.tolist(), strict=True)
    )
    helpers.bulk(client, actions, refresh=True)
    store_percentiles(Cluster.of(client), index)
    return RecommendationArtifacts(space, made)


def _popularity(made: Recommender) -> list[float]:
    takers = made.learned.counts.takers
    return [float(found) for found in takers / takers.max()]
