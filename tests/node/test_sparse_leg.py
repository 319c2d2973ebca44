"""The sparse leg on a real node: its scores are products of the stored weights, alone and with others."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pytest

from aisle.cluster import Cluster
from aisle.encoder.base import SparseQueryEncoder
from aisle.errors import ArtifactMismatch
from aisle.indexer import Ledger, ResumeContext, index_catalogue, sparse_item_encoder, together
from aisle.indexer.vectors import ItemEncoder
from aisle.mappings import (
    BM25,
    DENSE,
    SPARSE,
    FusionSpec,
    fields,
    pipeline_name,
    release_fusions,
    standard_fusions,
)
from aisle.search import Bm25Leg, DenseLeg, Filters, Question, SearchClient, SparseLeg
from aisle.types import Item
from tests.support.hash_vector_catalogue import HashEncoder, shelf_items
from tests.support.indexing import ENCODER, options

ITEMS = shelf_items()
PRINT = "ef" * 32
TOKENS = ("red", "blue", "oak", "steel", "drill", "lamp", "chair", "##s", "[b]", "日本", '"', "'", "*", "a b")


class Words:
    """Weights of a text's words, seeded by the text; a query's words weigh their own numbers."""

    fingerprint = PRINT
    dims = len(TOKENS)

    def encode_items(self, texts: list[str]) -> list[dict[str, float]]:
        return [self.weights(text) for text in texts]

    def weights(self, text: str) -> dict[str, float]:
        draw = np.random.default_rng(list(text.encode()))
        own = [token for token in TOKENS if token in text.split()]
        others = [token for token in TOKENS[7:] if draw.random() < 0.3]
        return {token: round(float(draw.uniform(0.01, 3)), 4) for token in (*own, *others)}

    def encode_query(self, text: str) -> Mapping[str, float]:
        return {token: 0.5 + place for place, token in enumerate(TOKENS) if token in text.split()}


class Vectors(HashEncoder):
    """The vectors of ``tests.support.indexing``, of queries."""

    fingerprint = "ab" * 32

    def encode_queries(self, texts: Sequence[str], dims: int | None = None) -> np.ndarray:
        rows = ENCODER.encode([Item(text, text) for text in texts])[fields.DENSE]
        return np.asarray([rows[row] for row in range(len(texts))])


def item_text(item: Item) -> str:
    return f"{item.title} {item.text}"


WORDS = Words()
SPARSE_ONLY = sparse_item_encoder(WORDS, item_text, name="words")


def put(client: Cluster, name: str, encoder: ItemEncoder, shards: int = 1) -> None:
    fusions = release_fusions(tuple(encoder.spaces), standard_fusions())
    index_catalogue(client, iter(ITEMS), encoder, options(name, fusions=fusions, shards=shards))
    client.indices.refresh(index=name)


def client_of(
    client: Cluster, name: str, sparse: SparseQueryEncoder | None = WORDS, window: int = 300
) -> SearchClient:
    legs = (Bm25Leg(), DenseLeg(), SparseLeg())
    return SearchClient(client, name, Vectors(), legs, window, sparse)


@pytest.fixture(scope="module")
def shop(client: Cluster) -> Iterator[SearchClient]:
    name = "test-sparse-leg"
    client.indices.delete(index=f"{name}-v*", ignore_unavailable=True)
    put(client, name, together(ENCODER, SPARSE_ONLY), shards=2)
    yield client_of(client, name)
    client.indices.delete(index=f"{name}-v*")


def nine_bits(weight: float) -> float:
    """As a rank_features field keeps it: a float32 without its last 15 bits."""
    (bits,) = struct.unpack("<I", struct.pack("<f", weight))
    (kept,) = struct.unpack("<f", struct.pack("<I", bits >> 15 << 15))
    return float(kept)


@pytest.mark.parametrize("query", ["red oak", "lamp", "drill ##s [b] 日本 \" ' *"])
@pytest.mark.parametrize("filters", [Filters(), Filters(brand=("Acme",))])
def test_scores_are_products_of_the_stored_weights(shop: SearchClient, query: str, filters: Filters) -> None:
    asked = WORDS.encode_query(query)
    expected = {}
    for item in ITEMS:
        stored = WORDS.weights(item_text(item))
        score = sum(weight * nine_bits(stored[token]) for token, weight in asked.items() if token in stored)
        if score > 0 and (not filters.brand or item.brand in filters.brand):
            expected[item.id] = score
    ranking = shop.rank(query, legs=[SPARSE], filters=filters)
    found = dict(zip(ranking.results[SPARSE].ids, ranking.results[SPARSE].scores, strict=True))
    assert len(expected) > 10
    assert found == pytest.approx(expected, rel=1e-5)
    exact = {
        id_: sum(weight * WORDS.weights(item_text(item)).get(token, 0) for token, weight in asked.items())
        for id_, item in ((item.id, item) for item in ITEMS)
        if id_ in found
    }
    # Nine significant bits: a weight loses at most one part in 256.
    assert all(score * (1 - 2**-8) <= found[id_] * (1 + 1e-5) for id_, score in exact.items())
    assert [fused.id for fused in ranking.fused] == sorted(found, key=lambda id_: (-found[id_], id_))


def test_three_legs_are_fused_and_each_has_its_own_list(shop: SearchClient) -> None:
    page = shop.search("red oak lamp", size=50)
    assert [signal.leg for signal in page.hits[0].signals] == [BM25, DENSE, SPARSE]
    ranking = shop.rank("red oak lamp")
    for leg in (BM25, DENSE, SPARSE):
        alone = shop.rank("red oak lamp", legs=[leg])
        assert list(ranking.results[leg].ids) == [fused.id for fused in alone.fused]
    for hit in page.hits:
        assert sum(signal.contribution for signal in hit.signals) == pytest.approx(hit.score)
    with_dense = shop.rank("red oak lamp", legs=[BM25, DENSE])
    assert [fused.id for fused in with_dense.fused] != [fused.id for fused in ranking.fused]


@pytest.mark.parametrize("spec", standard_fusions((BM25, DENSE, SPARSE)), ids=pipeline_name)
def test_every_installed_fusion_of_three_legs_can_be_asked(shop: SearchClient, spec: FusionSpec) -> None:
    assert len(shop.search("red oak lamp", fusion=spec).hits) == 10


@pytest.mark.parametrize("legs", [(BM25, SPARSE), (DENSE, SPARSE), (BM25, DENSE)])
def test_every_pair_of_legs_can_be_asked(shop: SearchClient, legs: tuple[str, str]) -> None:
    assert shop.search("red oak", legs=legs).hits


def test_a_query_without_any_known_token_finds_nothing_in_this_leg(shop: SearchClient) -> None:
    assert shop.rank("brush tile", legs=[SPARSE]).fused == []
    assert shop.rank("brush tile", legs=[SPARSE], filters=Filters(brand=("Acme",))).fused == []
    both = shop.rank("brush tile")
    assert both.results[SPARSE].ids == [] and both.results[BM25].ids


def test_the_sparse_leg_pages_and_facets_like_any(shop: SearchClient) -> None:
    whole = [hit.item.id for hit in shop.search("red oak", legs=[SPARSE], size=30).hits]
    cut = [
        hit.item.id
        for page in (1, 2, 3)
        for hit in shop.search("red oak", legs=[SPARSE], size=10, page=page).hits
    ]
    assert cut == whole and len(whole) == 30
    page = shop.search("red oak", legs=[SPARSE], facets=5)
    assert page.facets and page.facets.brand and sum(page.facets.brand.counts.values()) == page.total


def test_weights_of_another_vocabulary_are_refused(client: Cluster, name: str) -> None:
    put(client, name, SPARSE_ONLY)

    class Other(Words):
        fingerprint = "cd" * 32

    for encoder, told in ((Other(), "this client has cdcdcd"), (None, "no encoder")):
        with pytest.raises(ArtifactMismatch, match=told):
            client_of(client, name, encoder).search("red", legs=[SPARSE])
    with pytest.raises(ArtifactMismatch, match="no vectors in 'dense'"):
        client_of(client, name).search("red")
    assert client_of(client, name).search("red", legs=[BM25, SPARSE]).hits


def test_an_index_without_weights_is_refused(client: Cluster, name: str) -> None:
    put(client, name, ENCODER)
    with pytest.raises(ArtifactMismatch, match="no vectors in 'sparse'"):
        client_of(client, name).search("red", legs=[SPARSE])


def test_weights_that_no_field_takes_are_dead_letters(client: Cluster, name: str) -> None:
    """Zeros and negatives are refused, document by document; a dot in a token is not."""
    wrong: dict[str, dict[str, float]] = {
        ITEMS[0].id: {"a.b": 1.0},
        ITEMS[1].id: {"red": 0.0},
        ITEMS[2].id: {"red": -1.0},
        ITEMS[3].id: {},
        ITEMS[4].id: {"red": 1.0},
    }
    encoder = ItemEncoder(
        SPARSE_ONLY.spaces, lambda batch: {fields.SPARSE: [wrong[item.id] for item in batch]}
    )
    ledger = Ledger()
    index_catalogue(
        client,
        iter(ITEMS[:5]),
        encoder,
        options(name, max_refused_share=1.0),
        context=ResumeContext(ledger),
    )
    client.indices.refresh(index=name)
    assert sorted(letter.id for letter in ledger.refused()) == [item.id for item in ITEMS[1:3]]
    assert client.count(index=name)["count"] == 3
    question = Question("", {}, (), 10, {fields.SPARSE: {"a.b": 2.0}})
    found = client.search(index=name, body={"query": SparseLeg().query(question)})["hits"]["hits"]
    assert [(hit["_id"], hit["_score"]) for hit in found] == [(ITEMS[0].id, 2.0)]
