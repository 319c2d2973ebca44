"""Exact ids and part numbers, on a real node: first or alone, and consistent over pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aisle.cluster import Cluster
from aisle.mappings import BM25, DENSE
from aisle.search import Filters, MatchType, SearchClient, SearchRequest
from tests.support.hardware_catalogue import ITEMS, PLANTERS, searches, stocked
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf, swap
from tests.support.proxies.faulty import FaultyProxy

INDEX = "test-exact"


@pytest.fixture(scope="module", params=[1, 3])
def shop(client: Cluster, request: pytest.FixtureRequest) -> Iterator[SearchClient]:
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    yield stocked(client, INDEX, request.param)
    client.indices.delete(index=INDEX)


def ids(shop: SearchClient, query: str, **how: object) -> list[str]:
    return [hit.item.id for hit in shop.search(query, size=100, **how).hits]  # type: ignore[arg-type]


def test_an_exact_id_comes_first_and_the_rest_follows(shop: SearchClient) -> None:
    page = shop.search("saw-10005", facets=5)
    assert page.hits[0].item == next(item for item in ITEMS if item.id == "saw-10005")
    assert page.path is MatchType.EXACT
    assert page.reachable > 1
    plain = shop.rank("saw-10005", exact=False)
    assert [f for f in shop.rank("saw-10005").fused if f.id != "saw-10005"] == [
        f for f in plain.fused if f.id != "saw-10005"
    ]


def test_a_filter_holds_for_an_exact_id_too(shop: SearchClient) -> None:
    page = shop.search("saw-10005", filters=Filters(brand=("Makita",)))
    assert page.path is MatchType.LEGS
    assert {hit.item.brand for hit in page.hits} == {"Makita"}


@pytest.mark.parametrize("query", ["HP-1640", "hp 1640 HP-1640", "makita hp-1640", "drill hp1640x HP-1640,"])
def test_a_part_number_in_a_title_comes_first(shop: SearchClient, query: str) -> None:
    ranking = shop.rank(query)
    if "hp1640x" in query:
        # Items must have all of the numbers.
        assert ranking.path is MatchType.LEGS
        return
    assert ranking.fused[0].id == "drill-10002"
    assert (ranking.path, ranking.pinned_first) == (MatchType.EXACT, 1)


def test_a_title_goes_before_a_description_and_the_rest_stays_below(
    client: Cluster, shop: SearchClient
) -> None:
    plain = SearchClient(client, INDEX, HashEncoder(), exact=False).rank("DCD771C2")
    ranking = shop.rank("DCD771C2")
    assert ranking.fused[0].id == "drill-10001"
    assert ranking.pinned_first == 1
    assert plain.path is MatchType.LEGS
    rest = [fused for fused in plain.fused if fused.id != "drill-10001"]
    assert ranking.fused[1:] == rest
    assert "battery-10003" in [fused.id for fused in rest]


def test_an_attribute_comes_first(shop: SearchClient) -> None:
    page = shop.search("ch99021", legs=[BM25])
    assert [hit.item.id for hit in page.hits] == ["charger-10004"]
    # No leg knows that spelling of it.
    assert page.hits[0].score == 0
    assert ids(shop, "CH-99021 charger")[0] == "charger-10004"


@pytest.mark.parametrize(
    "query",
    ["TM-050-M", "tm050m", "tm 050 m", "mug TM050-m", "TM-Sage-Wide", "4 006381 333931", "4006381333931"],
)
def test_every_identifier_of_a_merged_product_leads_to_it(shop: SearchClient, query: str) -> None:
    ranking = shop.rank(query)
    assert ranking.fused[0].id == "trail-mug"
    assert (ranking.path, ranking.pinned_first) == (MatchType.EXACT, 1)


def test_an_id_that_is_written_otherwise_is_an_identifier(shop: SearchClient) -> None:
    ranking = shop.rank("SAW 10005")
    assert ranking.fused[0].id == "saw-10005" and ranking.pinned_first == 1
    assert len(ranking.fused) > 1


def test_an_identifier_goes_before_a_title_that_names_it(shop: SearchClient) -> None:
    assert shop.rank("TM-030-S").fused[0].id == "trail-mug"
    assert shop.rank("TM-030-S").pinned_first == 1


def test_what_is_on_many_items_is_no_part_number(client: Cluster, shop: SearchClient) -> None:
    ranking = shop.rank("PL20000X")
    plain = SearchClient(client, INDEX, HashEncoder(), exact=False).rank("PL20000X")
    assert ranking.path is MatchType.LEGS
    assert ranking.fused == plain.fused
    assert len(ranking.results[BM25].ids) == len(PLANTERS)


def test_pages_cut_one_order_with_the_named_items_first(shop: SearchClient) -> None:
    whole = ids(shop, "DCD771C2 drill")
    pages = [shop.search("DCD771C2 drill", size=5, page=page) for page in range(1, len(whole) // 5 + 2)]
    assert [hit.item.id for page in pages for hit in page.hits] == whole
    assert [hit.rank for page in pages for hit in page.hits] == list(range(1, len(whole) + 1))
    assert len(set(whole)) == len(whole)
    assert {page.path for page in pages} == {MatchType.EXACT}


def test_it_can_be_switched_off_and_the_dense_leg_does_without(client: Cluster, shop: SearchClient) -> None:
    off = SearchClient(client, INDEX, HashEncoder(), exact=False)
    assert off.search("saw-10005").path is MatchType.LEGS
    assert off.for_release(INDEX).search("saw-10005").path is MatchType.LEGS
    assert shop.for_release(INDEX).search("saw-10005").path is MatchType.EXACT
    assert shop.search("saw-10005", legs=[DENSE]).path is MatchType.LEGS
    # One search may differ from its client, either way.
    assert shop.rank("saw-10005", exact=False).path is MatchType.LEGS
    assert off.ask(SearchRequest("saw-10005", exact=True)).path is MatchType.EXACT


@pytest.mark.parametrize(
    "query", ['x"}}]}-12345', "DCD771C2\\", "title:DCD771C2~2", "*99021", "PL20000X OR saw-10005", "a" * 9000]
)
def test_a_part_number_is_never_syntax(shop: SearchClient, query: str) -> None:
    assert shop.search(query).path in (MatchType.LEGS, MatchType.EXACT)


def test_only_part_numbers_cost_a_request(shop: SearchClient, shaky: Cluster, proxy: FaultyProxy) -> None:
    # A word that one shard lacks is looked up, too: tests/node/test_typos_search.py.
    counted = SearchClient(shaky, INDEX, HashEncoder(), typos=False)
    counted.search("warm up")
    searches(proxy)
    for query, expected in {"18v drill": 2, "60 in. vanity": 2, "HP-1640": 3, "saw-10005": 3}.items():
        counted.search(query)
        assert searches(proxy) == expected, query


def test_an_id_of_a_release_that_was_replaced(client: Cluster, name: str) -> None:
    put_shelf(client, f"{name}-v0001", ITEMS)
    put_shelf(client, f"{name}-v0002", PLANTERS)
    client.indices.put_alias(index=f"{name}-v0001", name=name)
    shop = SearchClient(client, name, HashEncoder())
    assert shop.search("saw-10005").path is MatchType.EXACT
    swap(client, name, f"{name}-v0001", f"{name}-v0002")
    page = shop.search("saw-10005")
    assert page.path is MatchType.LEGS
    assert page.release == f"{name}-v0002"
    named = shop.search(PLANTERS[3].id)
    assert named.hits[0].item.id == PLANTERS[3].id


def test_an_id_of_the_release_that_just_went_live(client: Cluster, name: str) -> None:
    put_shelf(client, f"{name}-v0001", PLANTERS)
    put_shelf(client, f"{name}-v0002", ITEMS)
    client.indices.put_alias(index=f"{name}-v0001", name=name)
    shop = SearchClient(client, name, HashEncoder())
    shop.search("warm up")
    swap(client, name, f"{name}-v0001", f"{name}-v0002")
    # It has not passed the checks yet, so the legs are asked too; the item is on top all the same.
    page = shop.search("saw-10005")
    assert page.hits[0].item.id == "saw-10005"
    assert page.release == f"{name}-v0002"
