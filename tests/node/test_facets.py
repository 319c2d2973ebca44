"""Facets on a real node: what they count, and that a count is the total after choosing it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aisle.cluster import Cluster
from aisle.errors import InvalidQuery
from aisle.mappings import BM25, DENSE, IndexMeta, IndexSettings
from aisle.search import FacetOptions, Facets, Filters, GroupOptions, Matched, SearchClient
from aisle.search.facets.automatic import usefulness
from aisle.search.facets.planning import plan_facets
from aisle.search.facets.reference import facets_of, products_of, useful_attributes
from aisle.search.facets.results import CountsOf
from aisle.search.legs import QueryEncoders
from aisle.search.preflight import Preflight, read_live
from aisle.types import Item
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf
from tests.support.varied_items import varied_items

INDEX = "test-facets"
# A root that is a level of other paths too.
KITCHENS = [replace(item, id=f"k-{item.id}", categories=(("Kitchen",),)) for item in varied_items(9, seed=5)]
ITEMS = [*varied_items(), *KITCHENS]
EVERY = ("brand", "category", "currency", "price", "in_stock", "Colour", "a=b", "Weight (kg)", "Width")


@pytest.fixture(scope="module")
def index(client: Cluster) -> Iterator[str]:
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    put_shelf(client, INDEX, ITEMS, shards=2)
    yield INDEX
    client.indices.delete(index=INDEX)


@pytest.fixture(scope="module")
def shop(client: Cluster, index: str) -> SearchClient:
    return SearchClient(client, index, HashEncoder(), window=20)


def counted(shop: SearchClient, text: str, filters: Filters, options: FacetOptions, **more: Any) -> Facets:
    found = shop.search(text, filters=filters, facets=options, **more).facets
    assert found is not None
    return found


FILTERS = st.builds(
    Filters,
    brand=st.sampled_from([(), ("Acme",), ("Acme", "Café Norvik"), ("Nobody",)]),
    category=st.sampled_from([(), ("Home",), ("Home > Kitchen",), ("Kitchen",), ("Café", "Garden")]),
    price_min=st.sampled_from([None, None, 5.0]),
    price_max=st.sampled_from([None, None, 30.0]),
    attributes=st.sampled_from([{}, {"Colour": ("Red",)}, {"Colour": ("Red", "Blue"), "a=b": ("c=d",)}]),
    numbers=st.sampled_from([{}, {"Width": (0.0, None)}]),
    in_stock=st.sampled_from([False, False, True]),
    currency=st.sampled_from([(), ("EUR",)]),
)
OPTIONS = st.builds(
    FacetOptions,
    size=st.sampled_from([1, 2, 10]),
    fields=st.just(EVERY),
    disjunctive=st.booleans(),
    search=st.sampled_from([{}, {}, {"brand": "no"}, {"Colour": "BLEU fonce", "category": "kni"}]),
    ranges=st.sampled_from([0, 3, 5]),
)
FEW = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))


@FEW
@given(filters=FILTERS, options=OPTIONS)
def test_counts_are_those_of_the_reference(
    client: Cluster, index: str, shop: SearchClient, filters: Filters, options: FacetOptions
) -> None:
    live = read_live(client, index)
    look = Preflight(client, index, QueryEncoders())
    plan = plan_facets(options, filters, live.meta, look.edges(live), look.shared_roots(live))
    words = [item for item in ITEMS if "lamp" in item.title.split()]
    page = shop.search("lamp", filters=filters, facets=options)
    left = sum(map(filters.matches, words))
    if left:
        assert (page.matched, page.total, page.total_is_exact) == (Matched.WORDS, left, True)
        assert page.facets is not None
        expected = facets_of(words, filters, plan, CountsOf.WORDS)
        assert rounded(page.facets) == rounded(expected)


@settings(FEW, max_examples=6)
@given(filters=FILTERS, options=OPTIONS)
def test_counts_of_a_grouped_search_are_products(
    client: Cluster, index: str, shop: SearchClient, filters: Filters, options: FacetOptions
) -> None:
    live = read_live(client, index)
    look = Preflight(client, index, QueryEncoders())
    plan = plan_facets(options, filters, live.meta, look.edges(live), look.shared_roots(live))
    words = [item for item in ITEMS if "lamp" in item.title.split()]
    page = shop.search("lamp", filters=filters, facets=options, group=GroupOptions())
    if page.matched is Matched.WORDS:
        assert page.facets is not None and page.facets.products
        assert page.total == len({item.group or item.id for item in words if filters.matches(item)})
        expected = products_of(words, filters, plan, facets_of(words, filters, plan, CountsOf.WORDS))
        assert rounded(page.facets) == rounded(expected)


def test_a_name_that_no_item_has_is_told_from_one_that_no_result_has(shop: SearchClient) -> None:
    options = FacetOptions(10, ("brand", "Colour", "colour", "a=b", "Width", "no such"))
    for filters in (None, Filters(brand=("nobody",))):
        page = shop.search("lamp", filters=filters, facets=options)
        assert page.facets and page.facets.unknown == ("colour", "no such")
        assert page.to_json()["facets"]["unknown"] == ["colour", "no such"]
    # A filter by such a name finds nothing: the facet that it brings along says why.
    mistaken = shop.search("lamp", filters=Filters(attributes={"Farbe": ("Red",)}), facets=5)
    assert mistaken.facets and mistaken.facets.unknown == ("Farbe",) and not mistaken.total
    everything = shop.browse(facets=5)
    assert everything.facets and not everything.facets.unknown
    # What nobody within the scope has is unknown there, whatever others have.
    within = Filters(within=Filters(brand=("nobody",)))
    scoped = shop.search("lamp", filters=within, facets=FacetOptions(10, ("Colour",)))
    assert scoped.facets and scoped.facets.unknown == ("Colour",)


def test_a_count_of_products_is_the_total_after_choosing_in_groups_and_lists(shop: SearchClient) -> None:
    page = shop.search("lamp", facets=FacetOptions(10, EVERY), group=GroupOptions())
    items = shop.search("lamp", facets=FacetOptions(10, EVERY))
    facets = page.facets
    assert facets and facets.products and facets.brand and facets.price and facets.to_json()["products"]
    assert items.facets and items.facets.brand and not items.facets.products
    brand = next(value for value in facets.brand.values if value.value == "Acme")
    assert 1 < brand.count < items.facets.brand.counts["Acme"]
    prices = facets.price.ranges[0]
    for filters, count in (
        (Filters(brand=("Acme",)), brand.count),
        (Filters(price_min=prices.low, price_max=prices.high), prices.count),
        (Filters(attributes={"Colour": ("Red",)}), facets.attributes["Colour"].counts["Red"]),
    ):
        assert shop.search("lamp", filters=filters, group=GroupOptions()).total == count
    listed = shop.browse(facets=5, group=GroupOptions())
    assert listed.facets and listed.facets.products and listed.facets.brand and listed.facets.attributes
    acme = shop.browse(filters=Filters(brand=("Acme",)), group=GroupOptions())
    assert acme.total == listed.facets.brand.counts["Acme"]


def rounded(facets: Facets) -> Facets:
    """Sums are added up in another order there."""
    numbers = {name: _rounded(counts) for name, counts in facets.numbers.items()}
    return replace(facets, price=facets.price and _rounded(facets.price), numbers=numbers)


def _rounded(counts: Any) -> Any:
    near = {name: None if (n := getattr(counts, name)) is None else round(n, 6) for name in ("sum", "avg")}
    return replace(counts, **near)


@FEW
@given(text=st.sampled_from(["lamp", "knife", "lamp knife"]), filters=FILTERS, data=st.data())
def test_a_count_before_choosing_is_the_total_after(
    shop: SearchClient, text: str, filters: Filters, data: st.DataObject
) -> None:
    page = shop.search(text, filters=filters, facets=FacetOptions(10, EVERY))
    facets = page.facets
    assert facets is not None
    if facets.counts_of is not CountsOf.WORDS:
        return
    ways: list[tuple[Filters, int]] = []
    assert facets.brand and facets.category and facets.currency
    ways += [(replace(filters, brand=(v.value,)), v.count) for v in facets.brand.values]
    ways += [(replace(filters, category=(v.value,)), v.count) for v in facets.category.values]
    ways += [(replace(filters, currency=(v.value,)), v.count) for v in facets.currency.values]
    for name, counts in facets.attributes.items():
        ways += [
            (replace(filters, attributes={**filters.attributes, name: (v.value,)}), v.count)
            for v in counts.values
        ]
    assert facets.price is not None and facets.in_stock is not None
    ways += [(replace(filters, price_min=r.low, price_max=r.high), r.count) for r in facets.price.ranges]
    for name, numbers in facets.numbers.items():
        ways += [
            (replace(filters, numbers={**filters.numbers, name: (r.low, r.high)}), r.count)
            for r in numbers.ranges
        ]
    ways.append((replace(filters, in_stock=True), facets.in_stock))
    some = [(choice, count) for choice, count in ways if count]
    for choice, count in data.draw(st.lists(st.sampled_from(some), min_size=1, max_size=4)):
        assert shop.search(text, filters=choice).total == count, choice


def test_a_root_that_is_a_level_of_other_paths_counts_what_a_filter_by_it_finds(shop: SearchClient) -> None:
    for text in ("lamp", "knife"):
        category = counted(shop, text, Filters(), FacetOptions(10, ("category",))).category
        assert category is not None
        found = shop.search(text, filters=Filters(category=("Kitchen",)))
        assert category.counts["Kitchen"] == found.total > len(KITCHENS)
        grouped = shop.search(text, facets=FacetOptions(10, ("category",)), group=GroupOptions()).facets
        products = shop.search(text, filters=Filters(category=("Kitchen",)), group=GroupOptions()).total
        assert grouped and grouped.category and grouped.category.counts["Kitchen"] == products


def test_nearest_neighbours_are_not_counted(shop: SearchClient) -> None:
    words = sum("lamp" in item.title for item in ITEMS)
    both = shop.search("lamp", facets=10)
    assert both.total == words == shop.search("lamp", legs=[BM25]).total
    assert both.facets and both.facets.brand and both.facets.brand.missing is not None
    assert sum(both.facets.brand.counts.values()) + both.facets.brand.missing == words


def test_where_words_match_nothing_the_shown_are_counted_and_it_is_said(shop: SearchClient) -> None:
    page = shop.search("asdfghjkl", facets=10, size=100, typos=False)
    assert page.matched is Matched.MEANING and page.facets and page.facets.brand
    assert page.facets.counts_of is CountsOf.SHOWN
    assert page.total == page.reachable == len(page.hits) > 10
    missing = page.facets.brand.missing
    assert sum(page.facets.brand.counts.values()) + (missing or 0) == page.total
    assert shop.search("lamp", legs=[DENSE], facets=10).facets.counts_of is CountsOf.SHOWN  # type: ignore[union-attr]


def test_least_similarity_drops_what_only_meaning_found(shop: SearchClient) -> None:
    every = shop.search("lamp", size=100)
    signals = [{s.leg: s for s in hit.signals} for hit in every.hits]
    least = sorted(s[DENSE].raw_score - 1 for s in signals if s[DENSE].rank and not s[BM25].rank)[3]  # type: ignore[operator]
    kept = shop.search("lamp", size=100, least_similarity=least)
    expected = [
        hit.item.id
        for hit, s in zip(every.hits, signals, strict=True)
        if s[BM25].rank or s[DENSE].raw_score - 1 >= least  # type: ignore[operator]
    ]
    assert [hit.item.id for hit in kept.hits] == expected and kept.reachable == every.reachable - 3
    none = shop.search("asdfghjkl", least_similarity=0.999, typos=False, facets=3)
    assert (none.hits, none.total, none.matched) == ((), 0, Matched.NOTHING)
    assert none.facets and none.facets.brand and not none.facets.brand.values
    with pytest.raises(InvalidQuery, match="cosines are from -1 to 1"):
        shop.search("lamp", least_similarity=float("nan"))


def test_yes_and_no_of_sixty_attributes_do_not_hide_the_colour(client: Cluster, name: str) -> None:
    items = [
        Item(
            f"{n}",
            "lamp",
            attributes={
                "Colour": (("Red", "Green", "Blue", "Black")[n % 4],),
                "Code": (f"c{n}",),
                **{f"Has {k}": ("Yes" if (n * k) % 7 else "No",) for k in range(60)},
            },
            numbers={"Watt": float(n % 9)} if n % 2 else {},
        )
        for n in range(80)
    ]
    put_shelf(client, name, items)
    shop = SearchClient(client, name, HashEncoder())
    facets = shop.search("lamp", facets=5).facets
    assert facets is not None
    assert list(facets.attributes) == useful_attributes(items, 5, 10, ["Watt"])
    assert next(iter(facets.attributes)) == "Colour" and len(facets.attributes) == 10
    assert facets.attributes["Colour"].counts == {"Black": 20, "Blue": 20, "Green": 20, "Red": 20}
    assert "Code" in facets.cut and len(facets.cut) == 52
    watt = facets.numbers["Watt"]
    assert (watt.count, watt.missing, watt.min, watt.max) == (40, 40, 0.0, 8.0)


def test_a_facet_of_very_many_values(client: Cluster, name: str) -> None:
    items = [
        Item(f"{n}", "lamp", brand=f"Brand {n}", attributes={"Colour": ("Red",), "Serial": (f"S{n}",)})
        for n in range(2_200)
    ]
    put_shelf(client, name, [*items, Item("x", "lamp", brand="Brand 7")], shards=2)
    shop = SearchClient(client, name, HashEncoder())
    facets = shop.search("lamp", facets=FacetOptions(5, search={"brand": "brand 19"})).facets
    assert facets and facets.brand
    assert len(facets.brand.values) == 5 and all("Brand 19" in v for v in facets.brand.counts)
    facets = shop.search("lamp", facets=5).facets
    assert facets and facets.brand
    # Each shard named a thousand of its values: the one of two items may be missing, which is said.
    first = facets.brand.values[0].count
    assert first == 2 or facets.brand.error >= 1
    assert facets.brand.other == 2_201 - first - 4
    everything = shop.search("lamp", facets=FacetOptions(5_000, ("brand",))).facets
    assert everything and everything.brand and (everything.brand.error, everything.brand.other) == (0, 0)


def test_what_cannot_be_counted_is_refused(shop: SearchClient) -> None:
    for options, told in (
        ({"size": 0}, "0 values per facet"),
        ({"size": 5_001}, "5001 values per facet"),
        ({"ranges": 51}, "51 ranges"),
        ({"most": 101}, "101 facets"),
        ({"search": {"brand": " "}}, "nothing to search"),
        ({"search": {"brand": "x" * 31}}, "up to 30 letters"),
    ):
        with pytest.raises(InvalidQuery, match=told):
            FacetOptions(**options)
    with pytest.raises(InvalidQuery, match="'Width' has no values of text"):
        shop.search("lamp", facets=FacetOptions(search={"Width": "1"}))


def test_user_text_in_a_value_search_is_no_syntax(shop: SearchClient) -> None:
    for text in (".*", "a|c", "[a-z]", "corvo & s", '"', "\\", "<1-9>", "~x", "@", "#", "{1}", "(", "a=b"):
        found = counted(shop, "lamp", Filters(), FacetOptions(10, search={"brand": text, "Colour": text}))
        assert found.brand is not None
        assert set(found.brand.counts) <= {"Corvo & Söhne"} and (
            bool(found.brand.counts) == (text == "corvo & s")
        )
        assert not found.attributes["Colour"].values


def test_long_names_and_letters_of_many_forms_are_no_patterns_too_long(shop: SearchClient) -> None:
    below = tuple(f"Home & Garden > Household Appliances > Climate Control {n}" for n in range(30))
    options = FacetOptions(10, ("category", "brand", "x-" * 500), search={"brand": "ηλεκτρικό εργαλείο"})
    found = counted(shop, "lamp", Filters(category=("Home", *below)), options)
    alone = counted(shop, "lamp", Filters(category=("Home",)), options)
    assert found.category == alone.category and found.category is not None
    assert any(value.chosen for value in found.category.values)


def test_half_a_character_is_left_out(shop: SearchClient) -> None:
    filters = Filters(brand=("Acme\ud83d",), attributes={"Colour": ("Red\udc00",)})
    whole = Filters(brand=("Acme",), attributes={"Colour": ("Red",)})
    options = FacetOptions(5, search={"category": "kni\ud83d"})
    assert counted(shop, "lamp", filters, options) == counted(shop, "lamp", whole, options)


def test_usefulness_is_the_entropy_of_what_is_shown() -> None:
    assert usefulness({"a": 50, "b": 50}, 100, 5) == 1.0
    assert usefulness({"a": 100}, 100, 5) == 0.0
    assert usefulness({str(n): 1 for n in range(100)}, 100, 5) < 0.5


def test_releases_of_schema_1_have_no_stock_to_count() -> None:
    old = IndexMeta("shop-v1", {}, "lucene", (), schema_version=1)
    assert IndexSettings().features.counts_names and not old.features.counts_names
    assert plan_facets(FacetOptions(), Filters(), old, {}).in_stock is None
    with pytest.raises(Exception, match="cannot count what is in stock"):
        plan_facets(FacetOptions(fields=("in_stock",)), Filters(), old, {})
