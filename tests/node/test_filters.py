"""Filters on a real node find what the pure reference does."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import pytest

from aisle.cluster import Cluster
from aisle.errors import InvalidQuery
from aisle.mappings import BM25, DENSE, fields
from aisle.search import Filters, Near, SearchClient
from aisle.search.near import MAX_KM
from aisle.types import Item
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf
from tests.support.varied_items import varied_items

INDEX = "test-filters"
ITEMS = varied_items()
WAYS = (
    Filters(),
    Filters(brand=("Acme", "Corvo & Söhne")),
    Filters(brand=(unicodedata.normalize("NFD", "Café Norvik"),)),
    Filters(category=("Kitchen",)),
    Filters(category=("Home",)),
    Filters(category=("Home > Kitchen",)),
    Filters(category=("Home>Kitchen >Knives", "nowhere")),
    Filters(category=("Sale > Summer",)),
    Filters(category=("kitchen",)),
    Filters(category=(unicodedata.normalize("NFD", "Café"),)),
    Filters(price_min=20),
    Filters(price_max=0),
    Filters(price_min=21, price_max=22),
    Filters(price_min=0),
    Filters(attributes={"Colour": ("Red", "Bleu foncé")}),
    Filters(attributes={"Colour": ("Red",), "a=b": ("c=d",)}),
    Filters(
        attributes={unicodedata.normalize("NFD", "Colour"): (unicodedata.normalize("NFD", "Bleu foncé"),)}
    ),
    Filters(identifiers=("tm001m", "TM-002-M", " tm 005 / s", "V-007")),
    Filters(numbers={"Weight (kg)": (0, None)}),
    Filters(numbers={"weight_kg": (None, 0.0), "Width": (-2, 2)}),
    Filters(numbers={"Width": (None, None)}),
    Filters(in_stock=True),
    Filters(currency=("eur",)),
    Filters(near="52.52,13.405,10km"),
    Filters(near=" +52.52, 13.405, 30 "),
    Filters(near="-17,179.95,20km"),
    Filters(near=Near(89.9, -120.0, 12)),
    Filters(near=Near(-30.5, 20.25, 9000)),
    Filters(near=Near(0, 0, MAX_KM)),
    Filters(near="52.52,13.405,30km", attributes={"Colour": ("Red",)}),
    Filters(brand=("Acme",), category=("Kitchen",), price_min=10, in_stock=True),
)


@pytest.fixture(scope="module")
def index(client: Cluster) -> Iterator[str]:
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    put_shelf(client, INDEX, ITEMS, shards=2)
    yield INDEX
    client.indices.delete(index=INDEX)


def test_clauses_find_what_the_reference_does(client: Cluster, index: str) -> None:
    for filters in WAYS:
        query = {"bool": {"filter": filters.clauses()}}
        body = {"query": query, "size": 1000, "_source": False}
        answer = client.search(index=index, body=body)
        expected = [item for item in ITEMS if filters.matches(item)]
        assert {hit["_id"] for hit in answer["hits"]["hits"]} == {item.id for item in expected}, filters


def test_every_way_narrows_and_none_but_the_first_is_idle() -> None:
    found = [sum(map(filters.matches, ITEMS)) for filters in WAYS]
    assert found[0] == len(ITEMS)
    idle = [filters for filters, count in zip(WAYS, found, strict=True) if count in (0, len(ITEMS))]
    assert idle == [WAYS[0], Filters(category=("kitchen",)), Filters(numbers={"Width": (None, None)})]


def test_both_legs_filter_while_they_search(client: Cluster, index: str) -> None:
    shop = SearchClient(client, index, HashEncoder(), window=200)
    kitchen = Filters(category=("Kitchen",), price_min=12, numbers={"Width": (0, None)}, in_stock=True)
    for filters in (kitchen, Filters(near="52.52,13.405,30km")):
        _assert_both_legs_filter(shop, filters)


def _assert_both_legs_filter(shop: SearchClient, filters: Filters) -> None:
    expected = {item.id for item in ITEMS if filters.matches(item)}
    assert len(expected) > 3
    assert {fused.id for fused in shop.rank("lamp", legs=[DENSE], filters=filters).fused} == expected
    words = {item.id for item in ITEMS if filters.matches(item) and "lamp" in item.title}
    assert {fused.id for fused in shop.rank("lamp", legs=[BM25], filters=filters).fused} == words


def test_a_hit_is_the_whole_item(client: Cluster, index: str) -> None:
    page = SearchClient(client, index, HashEncoder(), window=200).search("lamp", size=200)
    by_id = {item.id: item for item in ITEMS}
    assert len(page.hits) > 100
    assert [hit.item for hit in page.hits] == [by_id[hit.item.id] for hit in page.hits]
    assert page.hits[0].to_json()["item"] == page.hits[0].item.to_json()


def test_a_number_that_no_item_has_is_refused_and_those_that_are_there_named(
    client: Cluster, index: str
) -> None:
    shop = SearchClient(client, index, HashEncoder())
    with pytest.raises(InvalidQuery, match=r"a number 'Wattage' \(it has: weight_kg, width\)"):
        shop.search("lamp", filters=Filters(numbers={"Wattage": (1, 2)}))


def test_what_is_only_shown_can_be_counted(client: Cluster, name: str) -> None:
    items = [
        Item("1", "lamp", "bright", images=("https://x/a.jpg", "b.jpg"), url="https://x/1"),
        Item("2", "lamp", categories=(("Home",),), images=("data:" + "x" * 40_000,)),
        Item("3", "lamp"),
    ]
    put_shelf(client, name, items)
    counted = {
        field: client.count(index=name, body={"query": {"exists": {"field": asked}}})["count"]
        for field, asked in fields.PRESENCE.items()
    }
    assert {field: count for field, count in counted.items() if count} == {
        "text": 1,
        "images": 2,
        "url": 1,
        "categories": 1,
    }
