"""One hit per product on a real node: as the pure reference has it, on every page, with its variants."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, takewhile

import pytest

from aisle.cluster import Cluster
from aisle.errors import ForeignIndex, InvalidQuery
from aisle.mappings import BM25, DENSE
from aisle.search import Filters, GroupOptions, SearchClient
from aisle.search.groups import collapsed, variants_of
from aisle.types import Hit, Item
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf

INDEX = "test-groups"
COLOURS = ("Red", "Blue", "Green")
# Shirts in three colours, of which the first has twelve sizes more; lamps that are no variants.
ITEMS = (
    *(
        Item(
            f"shirt-{number}-{colour}",
            f"{colour} shirt {number}",
            group=f"shirt-{number}",
            attributes={"Colour": (colour,)},
            price=float(number),
        )
        for number in range(12)
        for colour in COLOURS
    ),
    *(
        Item(f"shirt-0-{size:02d}", f"shirt shirt {size}", group="shirt-0", identifiers=(f"SH-0{size:02d}",))
        for size in range(12)
    ),
    *(Item(f"lamp-{number}", f"lamp for a shirt {number}") for number in range(8)),
)
BY_ID = {item.id: item for item in ITEMS}
PRODUCTS = {item.group or item.id for item in ITEMS}


@pytest.fixture(scope="module")
def shop(client: Cluster) -> Iterator[SearchClient]:
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    put_shelf(client, INDEX, ITEMS, shards=2)
    yield SearchClient(client, INDEX, HashEncoder(), window=100)
    client.indices.delete(index=INDEX)


def product(hit: Hit) -> str:
    return hit.item.group or hit.item.id


@pytest.mark.parametrize("legs", [(BM25,), (DENSE,), (BM25, DENSE)])
def test_pages_show_each_product_once_and_lose_none(shop: SearchClient, legs: tuple[str, ...]) -> None:
    group = GroupOptions(window=1)
    pages = (shop.search("shirt", legs=legs, group=group, size=3, page=page) for page in count(1))
    hits = [hit for page in takewhile(lambda page: page.hits, pages) for hit in page.hits]
    ranked = shop.rank("shirt", legs=legs, group=group)
    assert [hit.item.id for hit in hits] == [fused.id for fused in collapsed(ranked.fused, ranked.values)]
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert {product(hit) for hit in hits} == PRODUCTS
    assert len(hits) == len(PRODUCTS)
    plain = shop.rank("shirt", legs=legs)
    assert [fused.id for fused in ranked.fused] == [fused.id for fused in plain.fused]


def test_reachable_and_total_count_products(shop: SearchClient) -> None:
    plain, grouped = shop.search("shirt"), shop.search("shirt", group=GroupOptions())
    assert (plain.total, plain.reachable) == (len(ITEMS), len(ITEMS))
    assert (grouped.total, grouped.reachable) == (len(PRODUCTS), len(PRODUCTS))
    assert grouped.total_is_exact
    # Only what the words match, and not its neighbours.
    lamps = shop.search("lamp", legs=[BM25], group=GroupOptions(), size=3)
    assert (lamps.total, lamps.reachable, len(lamps.hits)) == (8, 8, 3)


def test_a_filter_chooses_the_variant(shop: SearchClient) -> None:
    filters = Filters(attributes={"Colour": ("Green",)})
    page = shop.search("shirt", filters=filters, group=GroupOptions(size=5), size=20)
    assert {hit.item.id for hit in page.hits} == {f"shirt-{number}-Green" for number in range(12)}
    assert {(hit.variants, hit.group_size) for hit in page.hits} == {((), 1)}
    assert page.total == 12


def test_siblings_pass_the_filters_and_are_those_of_the_reference(shop: SearchClient) -> None:
    for filters in (Filters(), Filters(price_max=4)):
        passing = [item for item in ITEMS if filters.matches(item)]
        page = shop.search("red shirt", filters=filters, group=GroupOptions(size=4), size=30)
        for hit in page.hits:
            assert hit.variants == variants_of(hit.item, passing, 4)
            assert hit.group_size == sum((item.group or item.id) == product(hit) for item in passing)
    assert max(hit.group_size or 0 for hit in page.hits) == 3
    assert page.to_json()["hits"][0]["variants"][0]["group"] == page.hits[0].item.group


def test_a_product_of_many_variants_takes_no_places_of_others(shop: SearchClient) -> None:
    small = SearchClient(shop._cluster, INDEX, HashEncoder(), [*shop._settings.legs.values()], window=4)
    one = small.search("shirt shirt", legs=[BM25], group=GroupOptions(window=1))
    four = small.search("shirt shirt", legs=[BM25], group=GroupOptions(window=5))
    assert one.reachable == 1
    assert four.reachable > 5


def test_items_named_by_number_are_grouped_as_others(shop: SearchClient) -> None:
    page = shop.search("SH-003", group=GroupOptions(size=1), size=50)
    assert page.hits[0].item.id == "shirt-0-03"
    assert page.hits[0].group_size == 15
    assert len({product(hit) for hit in page.hits}) == len(page.hits)
    by_id = shop.search("shirt-0-Red", group=GroupOptions(size=20))
    assert by_id.hits[0].item.id == "shirt-0-Red"
    assert len(by_id.hits[0].variants) == 14


def test_what_cannot_be_is_refused(shop: SearchClient, client: Cluster, name: str) -> None:
    for wrong in ({"size": 100}, {"size": -1}, {"window": 0}, {"window": 11}):
        with pytest.raises(InvalidQuery):
            GroupOptions(**wrong)
    put_shelf(client, name, ITEMS[:2])
    mapping = client.indices.get(index=name)[name]["mappings"]["_meta"]
    older = {"aisle": {**mapping["aisle"], "schema_version": 1}}
    client.indices.put_mapping(index=name, body={"_meta": older})
    with pytest.raises(ForeignIndex, match="cannot be grouped by product: an older Aisle made it"):
        SearchClient(client, name, HashEncoder()).search("shirt", group=GroupOptions())
