"""Releases of real products and copies beside them, and what of each its own vector finds."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from opensearchpy import OpenSearch

from aisle.cluster import Cluster
from aisle.encoder import DenseEncoder, item_text
from aisle.encoder.jitter import JITTER, jittered
from aisle.evaluation import JudgedSet, Run, evaluate
from aisle.evaluation.encoders.exact import exact_neighbours
from aisle.indexer import IndexOptions, ItemEncoder, index_catalogue
from aisle.indexer.releases.smoke_queries import SmokeQuerySender
from aisle.indexer.vectors import Vectors, stored_as
from aisle.mappings import IndexMeta, VectorSpace, fields
from aisle.mappings.document import long_hash
from aisle.mappings.vector_types import Numbers, VectorStorage, VectorType
from aisle.search import read_live
from aisle.search.neighbours import exactly_nearest, nearest, recall
from aisle.types import Item
from benchmarks.harness.item_vectors import item_vectors
from benchmarks.plan_check.table import index_files

Floats = NDArray[np.float32]
TITLE: Final = "Replacement part"


@dataclass(frozen=True, slots=True)
class Way:
    """What is done about vectors that are the same.

    Attributes:
        name: for the table.
        length: of what is added to each vector.
        one_per_text: one document stands for all copies.
    """

    name: str
    length: float = 0.0
    one_per_text: bool = False


AS_THEY_ARE: Final = Way("nothing")
MOVED: Final = Way(f"moved by {JITTER:g}", JITTER)
WAYS: Final = (
    AS_THEY_ARE,
    Way("moved by 0.0001", 1e-4),
    MOVED,
    Way("moved by 0.01", 1e-2),
    Way("one vector for each text", one_per_text=True),
)

Order = Callable[[list[Item], list[Item]], list[Item]]


def copies_first(products: list[Item], copies: list[Item]) -> list[Item]:
    """The graph begins with them."""
    return [*copies, *products]


def shuffled(products: list[Item], copies: list[Item]) -> list[Item]:
    """As in an export by id."""
    mixed = [*products, *copies]
    random.Random(7).shuffle(mixed)
    return mixed


ORDERS: Final[Mapping[str, Order]] = {"copies first": copies_first, "shuffled": shuffled}


@dataclass(frozen=True, slots=True)
class Shop:
    """Products with their vectors, and what shoppers ask.

    Attributes:
        products: of a real catalogue.
        vectors: float32 [products + 1, dims], unit rows; the last one is that of the copies.
        queries: float32 [queries, dims], unit rows.
    """

    products: list[Item]
    vectors: Floats
    queries: Floats

    def cut(self, dims: int) -> Shop:
        """The same with vectors of so many numbers."""
        return Shop(self.products, cut(self.vectors, dims), cut(self.queries, dims))


def cut(vectors: Floats, dims: int) -> Floats:
    """The first so many numbers of each row, as unit rows."""
    some = vectors[:, :dims]
    unit: Floats = some / np.linalg.norm(some, axis=1, keepdims=True)
    return unit


@dataclass(frozen=True, slots=True)
class Found:
    """One release.

    Attributes:
        way, order, copies, kept_as: what it was made of.
        dims: width of its vectors.
        asked: products that were asked for by their own vectors.
        lost: of these, not found.
        recall_10, recall_100: of shoppers' queries, against exact search.
        store_bytes: of the release.
    """

    way: str
    order: str
    copies: int
    kept_as: str
    dims: int
    asked: int
    lost: int
    recall_10: float
    recall_100: float
    store_bytes: int


NAME: Final = "copies"


def ask_release(
    client: OpenSearch, shop: Shop, way: Way, order: str, copies: int, kept_as: VectorType = VectorType.FP32
) -> Found:
    """Index the products and copies of one title as one segment, ask, and remove it again."""
    parts = [Item(f"part-{n:04d}", TITLE) for n in range(1 if way.one_per_text else copies)]
    storage = VectorStorage.fitted(kept_as, shop.vectors)
    encoder = _encoder(shop, parts, way)
    items = ORDERS[order](shop.products, parts)
    report = index_catalogue(client, items, encoder, IndexOptions(NAME, force_merge=True, vectors=storage))
    try:
        cluster = Cluster.of(client)
        meta = read_live(cluster, NAME).meta
        own = list(np.asarray(stored_as(encoder, storage).encode(shop.products)[fields.DENSE]))
        sender = SmokeQuerySender(cluster, report.release, meta.layout)
        lost = sender.not_found_by_vector(shop.products, own, own, fields.DENSE)
        queries = [storage.numbers(row) for row in shop.queries]
        recalls = [_recall(cluster, meta, queries, depth) for depth in (10, 100)]
        store = index_files(client, report.release).store
    finally:
        client.indices.delete(index=report.release)
    return Found(
        way=way.name,
        order=order,
        copies=copies,
        kept_as=kept_as.value,
        dims=shop.vectors.shape[1],
        asked=len(shop.products),
        lost=len(lost),
        recall_10=recalls[0],
        recall_100=recalls[1],
        store_bytes=store,
    )


def _recall(cluster: Cluster, meta: IndexMeta, queries: Sequence[Numbers], depth: int) -> float:
    pairs = ((nearest(cluster, meta, q, depth), exactly_nearest(cluster, meta, q, depth)) for q in queries)
    return float(np.mean([recall(found, exact) for found, exact in pairs]))


def _encoder(shop: Shop, parts: Sequence[Item], way: Way) -> ItemEncoder:
    """The vectors of these items, looked up by id."""
    ids = [item.id for item in (*shop.products, *parts)]
    rows = np.concatenate([shop.vectors[:-1], np.repeat(shop.vectors[-1:], len(parts), axis=0)])
    if way.length:
        rows = jittered(rows, ids, way.length)
    known = dict(zip(ids, rows, strict=True))

    def encode(items: Sequence[Item]) -> Vectors:
        return {
            fields.DENSE: np.stack([known[item.id] for item in items]),
            fields.TEXT_HASH: [long_hash(item_text(item)) for item in items],
        }

    return ItemEncoder({fields.DENSE: VectorSpace("ab" * 32, "looked up", rows.shape[1])}, encode)


@dataclass(frozen=True, slots=True)
class Quality:
    """Exact search over a judged catalogue.

    Attributes:
        way: what is done to vectors.
        dims: their width.
        ndcg_10, recall_200: of the judged queries.
        overlap_100: share of the 100 nearest of unmoved vectors that are among those of moved ones.
    """

    way: str
    dims: int
    ndcg_10: float
    recall_200: float
    overlap_100: float


_DEPTH: Final = 200


def qualities(judged: JudgedSet, items: Sequence[Item], vectors: Floats, queries: Floats) -> list[Quality]:
    """What moving vectors does to exact search.

    Args:
        judged: the set.
        items: of the catalogue.
        vectors: float32 [items, dims], unit rows.
        queries: float32 [judged queries, dims].
    """
    ids = [item.id for item in items]
    texts = {item.id: item_text(item) for item in items}
    found = []
    unmoved: list[list[str]] = []
    for way in WAYS:
        if way.one_per_text:
            continue
        rows = jittered(vectors, ids, way.length) if way.length else vectors
        lists = [side_by_side(some, texts) for some in exact_neighbours(queries, rows, ids, _DEPTH)]
        unmoved = unmoved or lists
        run = Run("dense", {q.id: some for q, some in zip(judged.queries, lists, strict=True)})
        scores = evaluate(run, judged.qrels, ("nDCG@10", "R@200"))
        same = [len({*a[:100]} & {*b[:100]}) / 100 for a, b in zip(unmoved, lists, strict=True)]
        found.append(
            Quality(
                way=way.name,
                dims=vectors.shape[1],
                ndcg_10=scores.mean("nDCG@10"),
                recall_200=scores.mean("R@200"),
                overlap_100=float(np.mean(same)),
            )
        )
    return found


def side_by_side(ids: Sequence[str], texts: Mapping[str, str]) -> list[str]:
    """Items of one text at the place of the first of them, in order of id, as searches have them. Pure."""
    places: dict[str, int] = {}
    for place, id_ in enumerate(ids):
        places.setdefault(texts[id_], place)
    return sorted(ids, key=lambda id_: (places[texts[id_]], id_))


def encoded(model: DenseEncoder, items: Sequence[Item]) -> Floats:
    """Vectors at the model's own width, and one more: that of the copies."""
    return np.concatenate([item_vectors(model, items), model.encode_items([TITLE])])
