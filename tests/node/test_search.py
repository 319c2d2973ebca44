"""The search client on a real node: explained hits, stable pages, filters, and what it refuses."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, product

import pytest
from opensearchpy import OpenSearch

from aisle.errors import (
    ArtifactMismatch,
    ClusterUnavailable,
    ForeignIndex,
    IndexNotFound,
    InputError,
    InvalidQuery,
    PipelineMissing,
)
from aisle.mappings import BM25, DENSE, FusionSpec, default_fusion, pipeline_name, standard_fusions
from aisle.search import Filters, Page, SearchClient
from aisle.types import Item
from tests.support.hash_vector_catalogue import HashEncoder, direction, put_shelf, shelf_items, swap

INDEX = "test-search"
ITEMS = shelf_items()
BY_ID = {item.id: item for item in ITEMS}


@pytest.fixture(scope="module")
def shop(client: OpenSearch) -> Iterator[SearchClient]:
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    put_shelf(client, INDEX, ITEMS, shards=3)
    yield SearchClient(client, INDEX, HashEncoder(), window=50)
    client.indices.delete(index=INDEX)


def test_a_hit_is_the_item_and_explains_itself(shop: SearchClient) -> None:
    page = shop.search("red oak chair", size=20)
    assert len(page.hits) == 20
    for rank, hit in enumerate(page.hits, 1):
        assert hit.item == BY_ID[hit.item.id]
        assert hit.rank == rank
        assert [signal.leg for signal in hit.signals] == [BM25, DENSE]
        assert sum(signal.contribution for signal in hit.signals) == pytest.approx(hit.score)
        for signal in hit.signals:
            assert (signal.rank is None) == (signal.raw_score is None) == (signal.contribution == 0)
    assert [hit.score for hit in page.hits] == sorted((hit.score for hit in page.hits), reverse=True)


def test_each_legs_signals_are_that_legs_own_list(shop: SearchClient) -> None:
    ranking = shop.rank("steel lamp")
    for leg in (BM25, DENSE):
        alone = shop.rank("steel lamp", legs=[leg])
        assert list(ranking.results[leg].ids) == [fused.id for fused in alone.fused]


def test_the_dense_leg_finds_the_true_neighbours(shop: SearchClient) -> None:
    query = direction("blue drill")
    exact = sorted(ITEMS, key=lambda item: -float(direction(item.id) @ query))[:20]
    found = [fused.id for fused in shop.rank("blue drill", legs=[DENSE]).fused[:20]]
    assert len(set(found) & {item.id for item in exact}) >= 19


def test_pages_cut_one_stable_order(shop: SearchClient) -> None:
    whole = shop.search("door light", size=1000)
    assert whole.reachable == len(whole.hits)
    pages = [shop.search("door light", size=7, page=page) for page in range(1, whole.reachable // 7 + 2)]
    assert [hit.item.id for page in pages for hit in page.hits] == [hit.item.id for hit in whole.hits]
    assert [hit.rank for page in pages for hit in page.hits] == list(range(1, whole.reachable + 1))
    beyond = shop.search("door light", size=7, page=500)
    assert beyond.hits == ()
    assert beyond.reachable == whole.reachable


@pytest.mark.parametrize("fusion", standard_fusions(), ids=pipeline_name)
def test_every_standard_fusion_can_be_asked(shop: SearchClient, fusion: FusionSpec) -> None:
    page = shop.search("tile saw", fusion=fusion)
    assert len(page.hits) == 10
    for hit in page.hits:
        assert sum(signal.contribution for signal in hit.signals) == pytest.approx(hit.score)


def test_filters_hold_for_every_leg(shop: SearchClient) -> None:
    filters = Filters(
        brand=("Acme", "Corvo"),
        price_min=50,
        price_max=250,
        attributes={"Colour": ("Red",), "Size": ("1", "2")},
    )
    wanted = {
        item.id
        for item in ITEMS
        if item.brand in ("Acme", "Corvo")
        and item.price is not None
        and 50 <= item.price <= 250
        and item.attributes["Colour"] == ("Red",)
        and item.attributes["Size"] in (("1",), ("2",))
    }
    found = {fused.id for fused in shop.rank("oak", filters=filters).fused}
    assert found
    assert found <= wanted
    assert len({fused.id for fused in shop.rank("oak", legs=[DENSE], filters=filters).fused}) == min(
        50, len(wanted)
    )


def test_facets_count_what_matched(shop: SearchClient) -> None:
    filters = Filters(category=("aisle 2",))
    page = shop.search("lamp", legs=[BM25], filters=filters, facets=10)
    assert page.facets and page.facets.category and page.facets.brand
    # The facet ignores its own filter.
    assert page.facets.category.counts["aisle 2"] == page.total and len(page.facets.category.counts) == 4
    assert sum(page.facets.brand.counts.values()) == page.total
    assert set(page.facets.attributes) == {"Colour", "Size"}
    assert shop.search("lamp").facets is None


@pytest.mark.parametrize(
    "query",
    [
        'title:"red" AND (oak OR',
        "* OR *:*",
        "re? oak~^",
        "../../_all",
        '{"match_all":{}}',
        "a" * 3000,
        "\x00red\x1b",
    ],
)
def test_a_query_is_words_and_never_syntax(shop: SearchClient, query: str) -> None:
    assert shop.search(query).reachable >= 50
    for fused in shop.rank(query, legs=[BM25]).fused:
        words = f"{BY_ID[fused.id].title} {BY_ID[fused.id].text}".split()
        assert {"red", "oak"} & set(words)


def test_a_wildcard_matches_nothing_lexically(shop: SearchClient) -> None:
    assert shop.rank("re*", legs=[BM25]).fused == []


@pytest.mark.parametrize("kind", ["word{}", "{}", "a{}-b{}", "{} mm"])
def test_as_many_words_as_the_limit_allows_are_answered(shop: SearchClient, kind: str) -> None:
    letters = ("".join(three) for three in product("abcdefghijklm", repeat=3))
    numbered = (kind.format(number, number) for number in range(1000))
    spelt = (kind.format(three, three) for three in letters)
    for words in (islice(numbered, 1000), islice(spelt, 1000)):
        assert shop.search(" ".join(words)).reachable >= 50


@pytest.mark.parametrize("query", ["", "  \t\n", "\x00\x07", "*", "?! -", "word " * 10_000])
def test_empty_and_endless_queries_are_refused(shop: SearchClient, query: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        shop.search(query)
    assert refused.value.fix


def test_bad_arguments_are_refused(shop: SearchClient) -> None:
    with pytest.raises(InvalidQuery):
        shop.search("red", size=0)
    with pytest.raises(InvalidQuery):
        shop.search("red", page=0)
    with pytest.raises(InputError, match="no leg 'sparse'"):
        shop.search("red", legs=["sparse"])
    with pytest.raises(InputError):
        shop.search("red", legs=[BM25], fusion=default_fusion())
    with pytest.raises(InvalidQuery):
        Filters(price_min=5, price_max=1)
    with pytest.raises(InvalidQuery):
        Filters(price_min=float("nan"))


def test_an_unknown_index_is_named_with_the_fix(client: OpenSearch) -> None:
    with pytest.raises(IndexNotFound, match="no-such-shop") as refused:
        SearchClient(client, "no-such-shop", HashEncoder()).search("red")
    assert "aisle index" in refused.value.fix


def test_a_foreign_index_is_refused(client: OpenSearch, name: str) -> None:
    client.indices.create(index=name)
    with pytest.raises(ForeignIndex, match=name):
        SearchClient(client, name, HashEncoder()).search("red")


def test_another_vector_space_is_refused(client: OpenSearch, name: str) -> None:
    put_shelf(client, name, ITEMS[:5], fingerprint="cd" * 32)
    with pytest.raises(ArtifactMismatch, match="cdcdcdcdcdcd"):
        SearchClient(client, name, HashEncoder()).search("red")
    with pytest.raises(ArtifactMismatch, match="no encoder"):
        SearchClient(client, name).search("red")
    # Words need no vectors.
    assert SearchClient(client, name).search("red oak steel drill lamp", legs=[BM25]).hits


def test_a_missing_pipeline_is_refused(client: OpenSearch, shop: SearchClient) -> None:
    unseen = FusionSpec((BM25, DENSE), (0.123, 0.877))
    with pytest.raises(PipelineMissing, match=pipeline_name(unseen)):
        shop.search("red", fusion=unseen)
    shop.install(unseen)
    try:
        assert shop.search("red", fusion=unseen).hits
    finally:
        client.transport.perform_request("DELETE", f"/_search/pipeline/{pipeline_name(unseen)}")


def test_a_swap_to_another_space_is_noticed_before_its_answer_counts(client: OpenSearch, name: str) -> None:
    put_shelf(client, f"{name}-v0001", ITEMS[:50])
    put_shelf(client, f"{name}-v0002", [Item("new", "red new thing")], fingerprint="cd" * 32)
    client.indices.put_alias(index=f"{name}-v0001", name=name)
    shop = SearchClient(client, name, HashEncoder())
    assert shop.search("red").release == f"{name}-v0001"
    swap(client, name, f"{name}-v0001", f"{name}-v0002")
    with pytest.raises(ArtifactMismatch):
        shop.search("red")


def test_a_swap_to_the_same_space_goes_unnoticed(client: OpenSearch, name: str) -> None:
    put_shelf(client, f"{name}-v0001", ITEMS[:50])
    put_shelf(client, f"{name}-v0002", ITEMS[50:60])
    client.indices.put_alias(index=f"{name}-v0001", name=name)
    shop = SearchClient(client, name, HashEncoder())
    assert shop.search("red").release == f"{name}-v0001"
    swap(client, name, f"{name}-v0001", f"{name}-v0002")
    page = shop.search("red")
    assert page.release == f"{name}-v0002"
    assert page.reachable <= 10


def test_a_swap_to_another_width_is_asked_in_its_own_terms(client: OpenSearch, name: str) -> None:
    put_shelf(client, f"{name}-v0001", ITEMS[:50])
    put_shelf(client, f"{name}-v0002", ITEMS[50:60], dims=8)
    client.indices.put_alias(index=f"{name}-v0001", name=name)
    shop = SearchClient(client, name, HashEncoder())
    assert shop.search("red").release == f"{name}-v0001"
    swap(client, name, f"{name}-v0001", f"{name}-v0002")
    assert shop.search("red").release == f"{name}-v0002"


def test_searches_go_on_while_releases_come_and_go(client: OpenSearch, name: str) -> None:
    """The alias moves and the old release is deleted at once: no search fails, no page mixes releases."""
    halves = (ITEMS[:50], ITEMS[50:100])
    put_shelf(client, f"{name}-v0001", halves[0])
    client.indices.put_alias(index=f"{name}-v0001", name=name)
    shop = SearchClient(client, name, HashEncoder())
    stop = threading.Event()
    pages: list[Page] = []

    def ask() -> None:
        while not stop.is_set():
            pages.append(shop.search("red oak steel lamp", size=100))

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        try:
            for version in range(2, 8):
                old, new = f"{name}-v{version - 1:04d}", f"{name}-v{version:04d}"
                put_shelf(client, new, halves[(version + 1) % 2])
                swap(client, name, old, new)
                client.indices.delete(index=old)
        finally:
            stop.set()
        asking.result(timeout=60)
    assert len({page.release for page in pages}) >= 4
    for page in pages:
        expected = halves[(int(page.release[-4:]) + 1) % 2]
        assert {hit.item.id for hit in page.hits} <= {item.id for item in expected}
        assert len(page.hits) == page.reachable


def test_a_dead_node_is_one_clear_error() -> None:
    dead = OpenSearch("http://127.0.0.1:9", timeout=2, max_retries=0)
    with pytest.raises(ClusterUnavailable) as refused:
        SearchClient(dead, INDEX, HashEncoder()).search("red")
    assert "aisle up" in refused.value.fix
