"""Words that no item has, on a real node: corrected, shown, paid for only when there are any."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from aisle.cluster import Cluster
from aisle.errors import ClusterUnavailable
from aisle.mappings import (
    BM25,
    DENSE,
    IndexMeta,
    IndexSettings,
    VectorSpace,
    fields,
    index_body,
    standard_fusions,
)
from aisle.search import Correction, Filters, MatchType, Ranking, SearchClient
from aisle.search.preflight import install_pipeline
from tests.support.hardware_catalogue import ITEMS, searches, stocked
from tests.support.hash_vector_catalogue import DIMS, FINGERPRINT, HashEncoder
from tests.support.proxies.faulty import Answer, FaultyProxy

INDEX = "test-typos"
KNOWN = ("cordless drill", "DRILLS", "drilling", "garden planters", "dewalt's drill", "the lamp", "planer")


@pytest.fixture(scope="module", params=[1, 3])
def shop(client: Cluster, request: pytest.FixtureRequest) -> Iterator[SearchClient]:
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    yield stocked(client, INDEX, request.param)
    client.indices.delete(index=INDEX)


def without_times(ranking: Ranking) -> Ranking:
    return replace(ranking, encode_ms=0, server_ms=0, suggested=None)


def test_a_misspelt_word_is_corrected_and_the_page_says_so(shop: SearchClient) -> None:
    page = shop.search("cordles Drill", legs=[BM25])
    assert page.hits[0].item.id == "drill-10001"
    assert page.path is MatchType.CORRECTED
    assert page.corrected == Correction("cordless Drill", {"cordles": "cordless"})
    assert page.to_json()["corrected"] == {"text": "cordless Drill", "words": {"cordles": "cordless"}}
    assert page.to_json()["path"] == "corrected"


def test_it_is_the_search_for_the_corrected_words(shop: SearchClient) -> None:
    corrected, meant = shop.rank("refrigarator lmap"), shop.rank("refrigerator lamp")
    assert meant.path is MatchType.LEGS
    assert corrected.fused == meant.fused
    assert corrected.text == meant.text == "refrigerator lamp"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("refrigeratr", "refrigerator"), ("percussoin", "percussion"), ("electricl", "electric")],
)
def test_a_word_whose_stem_is_like_no_other_stem_is_corrected(
    shop: SearchClient, typed: str, meant: str
) -> None:
    assert shop.rank(typed, legs=[BM25]).text == meant


@pytest.mark.parametrize("query", KNOWN)
def test_known_words_and_other_forms_of_them_are_left_alone(
    client: Cluster, shop: SearchClient, query: str
) -> None:
    strict = SearchClient(client, INDEX, HashEncoder(), typos=False)
    for legs in ([BM25], [BM25, DENSE]):
        ranking = shop.rank(query, legs=legs)
        assert ranking.path is MatchType.LEGS
        assert without_times(ranking) == without_times(strict.rank(query, legs=legs))


def test_a_part_number_is_never_corrected(shop: SearchClient) -> None:
    page = shop.search("DCD771C3", legs=[BM25])
    assert page.corrected is None
    assert page.hits == ()
    both = shop.search("cordles DCD771C3", legs=[BM25])
    assert both.corrected is not None and both.corrected.text == "cordless DCD771C3"


def test_what_is_like_nothing_stays(shop: SearchClient) -> None:
    assert shop.search("xylophone", legs=[BM25]).hits == ()
    assert shop.search("xylophone").corrected is None


def test_the_dense_leg_alone_needs_no_correction(shop: SearchClient) -> None:
    assert shop.rank("cordles", legs=[DENSE]).path is MatchType.LEGS


def test_corrections_can_be_switched_off(client: Cluster, shop: SearchClient) -> None:
    strict = SearchClient(client, INDEX, HashEncoder(), typos=False)
    assert strict.search("cordles", legs=[BM25]).hits == ()
    assert strict.for_release(INDEX).search("cordles", legs=[BM25]).hits == ()
    assert shop.for_release(INDEX).search("cordles", legs=[BM25]).hits
    # One search may differ from its client, either way.
    assert shop.search("cordles", legs=[BM25], typos=False).hits == ()
    assert strict.search("cordles", legs=[BM25], typos=True).hits


def test_pages_of_a_corrected_search_cut_one_order(shop: SearchClient) -> None:
    whole = shop.search("gardn plantr", size=50)
    pages = [shop.search("gardn plantr", size=7, page=page) for page in range(1, 8)]
    assert [hit.item.id for page in pages for hit in page.hits] == [h.item.id for h in whole.hits]


def test_filters_that_leave_nothing_to_the_corrected_words(shop: SearchClient) -> None:
    page = shop.search("refrigarator", legs=[BM25], filters=Filters(brand=("Makita",)))
    assert page.hits == ()
    assert page.corrected is None


def test_only_misspelt_words_cost_a_request(shop: SearchClient, shaky: Cluster, proxy: FaultyProxy) -> None:
    counted = SearchClient(shaky, INDEX, HashEncoder())
    counted.search("warm up")
    searches(proxy)
    for query in ("garden planter", "PLANTER", "18v 2x4"):
        counted.search(query)
        # The candidates, then the documents of the page.
        assert searches(proxy) == 2, query
    # That some item has another form of the word is found out.
    counted.search("planters")
    assert searches(proxy) == 3
    counted.search("cordles drill")
    assert searches(proxy) == 4


def test_a_node_that_goes_away_before_the_second_request(
    shop: SearchClient, shaky: Cluster, proxy: FaultyProxy
) -> None:
    proxy.plan = lambda request: Answer(503) if b"cordless" in request.body else None
    with pytest.raises(ClusterUnavailable) as failed:
        SearchClient(shaky, INDEX, HashEncoder()).search("cordles")
    assert failed.value.fix


def test_an_older_index_answers_as_ever(client: Cluster, name: str) -> None:
    meta = IndexMeta(name, {fields.DENSE: VectorSpace(FINGERPRINT, "hash", DIMS)}, "lucene", ())
    body: Any = index_body(IndexSettings(dims=DIMS), meta)
    properties = body["mappings"]["properties"]
    del properties[fields.SPELLING]
    for mapping in properties.values():
        mapping.pop("copy_to", None)
    client.indices.create(index=name, body=body)
    client.index(index=name, id="1", body={"id": "1", "title": ITEMS[0].title}, refresh=True)
    for spec in standard_fusions():
        install_pipeline(client, spec)
    shop = SearchClient(client, name, HashEncoder())
    assert shop.search("cordles drill", legs=[BM25]).reachable == 1
    assert shop.search("cordles drill").corrected is None
