"""The cheapest page: one request, and the same hits as a search of words alone that corrects nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.cluster import Cluster, ClusterSettings, connect
from aisle.mappings import BM25
from aisle.search import Filters, SearchClient, SearchRequest
from aisle.search.brief import can_be_brief
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf, shelf_items
from tests.support.proxies.faulty import FaultyProxy

INDEX = "test-search-brief"
LEGS = ("bm25", "dense")


@pytest.fixture(scope="module")
def shelf(client: Cluster) -> Iterator[SearchClient]:
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    put_shelf(client, INDEX, shelf_items(200), shards=2)
    yield SearchClient(client, INDEX, HashEncoder(), window=50)
    client.indices.delete(index=INDEX)


@settings(max_examples=20, deadline=None)
@given(
    text=st.sampled_from(
        ["oak", "red steel lamp", "oak -red", "nosuchword", "item-0003", "40 w lamp", "oak *"]
    ),
    filters=st.sampled_from([None, Filters(brand=("Acme",)), Filters(price_max=20.0)]),
    size=st.integers(1, 20),
    page=st.integers(1, 2),
)
def test_it_is_the_page_of_words_alone(
    shelf: SearchClient, text: str, filters: Filters | None, size: int, page: int
) -> None:
    asked = SearchRequest(text, filters=filters, size=size, page=page, facets=5, highlight=True)
    brief = shelf.brief(asked)
    whole = shelf.search(
        text, legs=[BM25], filters=filters, size=size, page=page, typos=False, exact=False, facets=5
    )
    assert [(hit.item, hit.rank) for hit in brief.hits] == [(hit.item, hit.rank) for hit in whole.hits]
    assert [hit.score for hit in brief.hits] == pytest.approx([hit.score for hit in whole.hits])
    assert (brief.total, brief.reachable, brief.matched) == (whole.total, whole.reachable, whole.matched)
    assert brief.facets is None and brief.excluded == whole.excluded


def test_it_costs_one_request(node_url: str, shelf: SearchClient) -> None:
    with FaultyProxy(node_url) as proxy, connect(ClusterSettings(url=proxy.url)) as through:
        client = SearchClient(through, INDEX, HashEncoder(), window=50)
        client.search("warm", facets=1)
        for ask, most in ((client.brief, 1), (client.ask, 9)):
            before = proxy.count("_search")
            assert ask(SearchRequest("ook lampp", facets=5)).release == INDEX
            assert 0 < proxy.count("_search") - before <= most
        assert proxy.count("_search") - before > 1


def test_what_is_ordered_otherwise_or_far_away_has_none() -> None:
    plain = SearchRequest("oak")
    assert can_be_brief(plain, LEGS)
    for changed in (
        replace(plain, sort="price"),
        replace(plain, page=9),
        replace(plain, size=51),
        replace(plain, legs=("dense",)),
        SearchRequest("", browse=True),
    ):
        assert not can_be_brief(changed, LEGS)
    assert not can_be_brief(plain, ("dense",))
