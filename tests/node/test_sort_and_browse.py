"""Sorted results and category pages on a real node: what the references say, and pages that lose nothing."""

from __future__ import annotations

import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aisle.cluster import Cluster
from aisle.errors import AisleError, InvalidQuery
from aisle.mappings import BM25, DENSE
from aisle.search import Bm25Leg, Filters, Matched, MatchType, Page, SearchClient, Sort
from aisle.search.facets.results import CountsOf
from aisle.search.groups import GroupOptions
from aisle.types import Item
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf, swap
from tests.support.varied_items import varied_items

INDEX = "test-sorted"
ITEMS = [replace(item, title=item.title.replace("red lamp", "Rød Lamp red")) for item in varied_items(120)]
BY_ID = {item.id: item for item in ITEMS}
FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
ORDERS = ("price", "price:desc", "newest", "newest:asc", "popularity", "stock:asc", "Width", "title:desc")


@pytest.fixture(scope="module")
def index(client: Cluster) -> Iterator[str]:
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    put_shelf(client, INDEX, ITEMS, shards=2)
    yield INDEX
    client.indices.delete(index=INDEX)


@pytest.fixture(scope="module")
def shop(client: Cluster, index: str) -> SearchClient:
    return SearchClient(client, index, HashEncoder(), window=30)


def ids(page: Page) -> list[str]:
    return [hit.item.id for hit in page.hits]


def value(order: str, item: Item) -> Any:
    name = order.partition(":")[0]
    if name == "newest":
        day = item.signals.added
        return day and (day if "T" in day else f"{day}T00:00:00Z")
    if name == "title":
        folded = unicodedata.normalize("NFKD", item.title.lower()).replace("ø", "o")
        return "".join(mark for mark in folded if not unicodedata.combining(mark))
    if name == "Width":
        return item.numbers.get("Width")
    return item.price if name == "price" else getattr(item.signals, name)


def reference(order: str, items: list[Item]) -> list[str]:
    """Missing last, equal ones in the order of id."""
    falls = order.endswith(":desc") or order in ("newest", "popularity")
    by_id = sorted(items, key=lambda item: item.id)
    having = [item for item in by_id if value(order, item) is not None]
    having.sort(key=lambda item: value(order, item), reverse=falls)
    return [item.id for item in (*having, *(item for item in by_id if value(order, item) is None))]


def open_lists(client: Cluster) -> set[str]:
    try:
        found = client.transport.perform_request("GET", "/_search/point_in_time/_all")
    except AisleError as error:
        assert error.status == 404
        return set()
    return {pit["pit_id"] for pit in found["pits"]}


def exhaustive(order: str) -> Sort:
    return replace(Sort.of(order) or Sort(order), exhaustive=True)


@FEW
@given(
    order=st.sampled_from(ORDERS),
    size=st.integers(1, 50),
    filters=st.sampled_from([Filters(), Filters(brand=("Acme",)), Filters(in_stock=True)]),
    by_cursor=st.booleans(),
    browse=st.booleans(),
)
def test_pages_of_a_list_are_the_reference_without_a_gap(
    shop: SearchClient, order: str, size: int, filters: Filters, by_cursor: bool, browse: bool
) -> None:
    left = [i for i in ITEMS if filters.matches(i) and (browse or "lamp" in i.title.lower())]
    found: list[str] = []
    cursor: str | None = "*" if by_cursor else None
    for number in range(1, len(left) // size + 3):
        asked: dict[str, Any] = {"sort": exhaustive(order), "filters": filters, "size": size}
        asked |= {"cursor": cursor} if by_cursor else {"page": number}
        page = shop.browse(**asked) if browse else shop.search("lamp", **asked)
        assert [hit.rank for hit in page.hits] == list(range(len(found) + 1, len(found) + len(page.hits) + 1))
        assert (page.total, page.total_is_exact, page.reachable) == (len(left), True, len(left))
        assert (page.cursor is not None) == (by_cursor and len(found) + len(page.hits) < len(left))
        found += ids(page)
        cursor = page.cursor
        if by_cursor and cursor is None:
            break
    assert found == reference(order, left)


@FEW
@given(order=st.sampled_from(ORDERS), size=st.integers(1, 40), grouped=st.booleans())
def test_pages_of_a_relevant_sort_are_the_candidates_in_order(
    shop: SearchClient, order: str, size: int, grouped: bool
) -> None:
    group = GroupOptions() if grouped else None
    whole = shop.search("lamp", sort=order, size=200, group=group)
    relevant = ids(shop.search("lamp", size=200, group=group))
    best = max(hit.score for hit in whole.hits)
    assert all("lamp" in hit.item.title.lower() or hit.score >= 0.5 * best for hit in whole.hits)
    kept = [BY_ID[id_] for id_ in relevant if id_ in set(ids(whole))]
    falls = order.endswith(":desc") or order in ("newest", "popularity")
    having = [item for item in kept if value(order, item) is not None]
    having.sort(key=lambda item: value(order, item), reverse=falls)
    missing = [item for item in kept if value(order, item) is None]
    assert ids(whole) == [item.id for item in (*having, *missing)]
    assert (whole.path, whole.reachable) == (MatchType.SORTED, len(whole.hits))
    cut = [
        id_
        for page in range(1, len(whole.hits) // size + 2)
        for id_ in ids(shop.search("lamp", sort=order, size=size, page=page, group=group))
    ]
    assert cut == ids(whole)


def test_a_sorted_hit_says_what_it_is_sorted_by_and_still_why_it_is_there(shop: SearchClient) -> None:
    page = shop.search("lamp", sort="price", size=40)
    assert page.sorted_by == "price:asc" and page.to_json()["sorted_by"] == "price:asc"
    assert [hit.sorted_by for hit in page.hits] == [hit.item.price for hit in page.hits]
    for hit in page.hits:
        assert hit.score == pytest.approx(sum(signal.contribution for signal in hit.signals))
    listed = shop.search("lamp", sort=exhaustive("price"), facets=3)
    assert listed.hits[0].sorted_by == 0.0 and (listed.hits[0].score, listed.hits[0].signals) == (0.0, ())
    assert (listed.path, listed.matched) == (MatchType.SORTED, Matched.WORDS)
    assert listed.facets and listed.facets.counts_of is CountsOf.WORDS
    assert shop.search("lamp").sorted_by is None


def test_neighbours_do_not_come_first_because_they_are_cheap(shop: SearchClient) -> None:
    strict = shop.search("lamp", sort=Sort("price", least_score=1.0), size=200)
    assert all("lamp" in hit.item.title.lower() for hit in strict.hits[:-1])
    lax = shop.search("lamp", sort=Sort("price", least_score=0.0), size=200)
    assert lax.reachable == shop.search("lamp").reachable > strict.reachable


def test_a_category_page_is_in_order_of_the_signals(shop: SearchClient) -> None:
    filters = Filters(category=("Home",))
    page = shop.browse(filters=filters, size=200, facets=5)
    left = [item for item in ITEMS if filters.matches(item)]

    def key(item: Item) -> tuple[Any, ...]:
        popularity, added = item.signals.popularity, value("newest", item)
        return (popularity is None, -(popularity or 0), added is None, "" if added is None else added)

    assert sorted(ids(page)) == sorted(item.id for item in left)
    popular = [hit.item.signals.popularity for hit in page.hits]
    assert popular == sorted(popular, key=lambda p: (p is None, -(p or 0)))
    assert (page.path, page.matched, page.sorted_by) == (MatchType.BROWSE, Matched.ALL, "signals")
    assert page.facets and page.facets.counts_of is CountsOf.ALL and page.facets.category
    assert page.facets.category.counts["Home"] == page.total == len(left)
    assert shop.browse(size=3).total == len(ITEMS)
    assert shop.browse(filters=Filters(brand=("Nobody",)), facets=3).matched is Matched.NOTHING


def test_a_list_has_one_hit_per_product(shop: SearchClient) -> None:
    page = shop.browse(sort="price", group=GroupOptions(), size=200)
    groups = {item.group or item.id for item in ITEMS}
    assert len(page.hits) == page.total == len(groups)
    cheapest = min(item.price for item in ITEMS if item.group == "lamps" and item.price is not None)
    assert [hit.item.price for hit in page.hits if hit.item.group == "lamps"] == [cheapest]


def test_misspelt_words_are_corrected_in_a_list_too(shop: SearchClient) -> None:
    page = shop.search("lammp", sort=exhaustive("price"))
    assert page.corrected and page.corrected.text == "lamp"
    assert page.total == shop.search("lamp").total
    assert shop.search("lammp", sort=exhaustive("price"), typos=False).matched is Matched.NOTHING


def test_what_cannot_be_sorted_is_refused_and_what_can_be_named(shop: SearchClient) -> None:
    for order in ("rating", "Wattage", "price; drop", "_score", "id", "number.width:desc"):
        with pytest.raises(InvalidQuery, match=r"cannot be sorted by .* \(it has: price, newest, .*width\)"):
            shop.search("lamp", sort=order)
    for asked, told in (
        ({"sort": " "}, "nothing to sort by"),
        ({"sort": Sort("price", exhaustive=True), "legs": [DENSE]}, "without a leg that searches for words"),
        ({"cursor": "*"}, "only an exhaustive sort"),
        ({"cursor": "*", "sort": "price"}, "only an exhaustive sort"),
        ({"cursor": "*", "sort": exhaustive("price"), "page": 2}, "neither page numbers nor groups"),
    ):
        with pytest.raises(InvalidQuery, match=told):
            shop.search("lamp", **asked)
    with pytest.raises(InvalidQuery, match="no share"):
        Sort("price", least_score=2)


def test_a_cursor_is_only_good_for_its_own_list(client: Cluster, shop: SearchClient, name: str) -> None:
    first = shop.browse(sort="price", cursor="*", size=5)
    assert first.cursor
    good = shop.browse(sort="price", cursor=first.cursor, size=5)
    assert not set(ids(good)) & set(ids(first))
    with pytest.raises(InvalidQuery, match="another search or order"):
        shop.browse(sort="price:desc", cursor=first.cursor)
    with pytest.raises(InvalidQuery, match="another search or order"):
        shop.browse(sort="price", cursor=first.cursor, filters=Filters(brand=("Acme",)))
    for broken in ("", "x", "é", first.cursor[:-9], "W10", "bnVsbA", "WzEsMiwzLDQsNV0"):
        with pytest.raises(InvalidQuery, match="cursor"):
            shop.browse(sort="price", cursor=broken)
    for old, new in (f"{name}-v0001", "lamp"), (f"{name}-v0002", "lamp"):
        put_shelf(client, old, [Item(str(n), new, price=float(n)) for n in range(6)])
    client.indices.put_alias(index=f"{name}-v0001", name=name)
    other = SearchClient(client, name, HashEncoder())
    begun = other.browse(sort="price", cursor="*", size=2)
    swap(client, name, f"{name}-v0001", f"{name}-v0002")
    # It is remembered which release is live, until an answer says otherwise.
    assert begun.cursor
    rest = other.browse(sort="price", cursor=begun.cursor, size=10)
    assert ids(rest) == ["2", "3", "4", "5"] and rest.cursor is None
    with pytest.raises(InvalidQuery, match="has expired"):
        other.browse(sort="price", cursor=begun.cursor, size=10)
    fresh = SearchClient(client, name, HashEncoder())
    with pytest.raises(InvalidQuery, match=f"another release: {name}-v0002 is live"):
        fresh.browse(sort="price", cursor=begun.cursor)


def test_a_list_of_corrected_words_goes_to_its_end_by_cursor(client: Cluster, shop: SearchClient) -> None:
    order = exhaustive("price")
    lamps = ids(shop.search("lamp", sort=order, size=100))
    before = open_lists(client)
    found, cursor = [], "*"
    while cursor:
        page = shop.search("lmap", sort=order, cursor=cursor, size=9)
        assert page.corrected and page.corrected.text == "lamp"
        found += ids(page)
        cursor = page.cursor or ""
    assert found == lamps
    # A list that is over is not remembered by the node.
    assert open_lists(client) == before


@pytest.mark.parametrize("changed", [{"exclude": ("red",)}, {"typos": False}])
def test_a_cursor_goes_with_the_words_that_are_searched(shop: SearchClient, changed: dict[str, Any]) -> None:
    order = exhaustive("price")
    begun = shop.search("lamp", sort=order, cursor="*", size=2)
    with pytest.raises(InvalidQuery, match="another search or order"):
        shop.search("lamp", sort=order, cursor=begun.cursor, **changed)


def test_a_cursor_of_no_list_is_not_an_empty_page(shop: SearchClient) -> None:
    begun = shop.browse(cursor="*", size=2).cursor or ""
    parts = orjson.loads(urlsafe_b64decode(begun + "=="))
    parts[1] = "AAAA"
    with pytest.raises(InvalidQuery, match="cursor"):
        shop.browse(cursor=urlsafe_b64encode(orjson.dumps(parts)).decode())


def test_words_alone_are_enough_for_a_list(client: Cluster, index: str) -> None:
    words = SearchClient(client, index, legs=[Bm25Leg()])
    assert words.browse(size=2).hits and words.search("lamp", sort=exhaustive("price")).hits
    assert not words.browse(sort="title", page=9_999, size=10).hits


def test_a_part_number_is_in_a_list_too(shop: SearchClient) -> None:
    item = next(item for item in ITEMS if item.identifiers and "TM" in item.identifiers[0])
    assert item.id in ids(shop.search(item.identifiers[0], sort=exhaustive("price"), size=100))
    assert item.id in ids(shop.search(item.identifiers[0], sort="price", size=100, legs=[BM25, DENSE]))
