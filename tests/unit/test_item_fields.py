"""Fields of items under their own names: what changes and dead letters hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aisle.catalogue.item_fields import read_fields
from aisle.catalogue.rejects import BadRow
from aisle.encoder.text import item_text
from aisle.types import BusinessSignals, Item
from tests.unit.test_document import FULL


def read(**cells: object) -> Item:
    return read_fields({"id": "1", "title": "Mug", **cells}).item()


def merged(before: Item = FULL, **cells: object) -> Item:
    return read_fields({"id": before.id, **cells}).merged_into(before)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"category": "Home > Kitchen"}, {"categories": (("Home", "Kitchen"),)}),
        ({"category": "TV/Video"}, {"categories": (("TV/Video",),)}),
        ({"categories": ["Home > Kitchen", "Sale"]}, {"categories": (("Home", "Kitchen"), ("Sale",))}),
        ({"categories": [["Home", "A > B"], ["Sale"]]}, {"categories": (("Home", "A > B"), ("Sale",))}),
        ({"image": "a.jpg"}, {"images": ("a.jpg",)}),
        ({"images": ["https://x/a.jpg", "b.jpg"]}, {"images": ("https://x/a.jpg", "b.jpg")}),
        ({"price": "9,50 EUR"}, {"price": 9.5, "currency": "EUR"}),
        ({"price": "19.99 - 29.99"}, {"price": 19.99, "price_max": 29.99}),
        ({"price": 5, "price_max": 5, "list_price": 5}, {"price": 5.0}),
        (
            {"price": 5, "list_price": 8, "currency": "eur"},
            {"price": 5.0, "list_price": 8.0, "currency": "EUR"},
        ),
        ({"identifiers": ["TM-1", "N/A"]}, {"identifiers": ("TM-1",)}),
        ({"identifiers": "TM-1"}, {"identifiers": ("TM-1",)}),
        (
            {"attributes": {"Colour": ["Red", "Blue", "Red"], "Weight": 0.5, "Size": "42"}},
            {
                "attributes": {"Colour": ("Red", "Blue"), "Weight": ("0.5",), "Size": ("42",)},
                "numbers": {"Weight": 0.5},
            },
        ),
        ({"numbers": {"Weight": "0.5", "Width": None}}, {"numbers": {"Weight": 0.5}}),
        (
            {"stock": "3", "available": "in stock", "added": "2026-11-29", "popularity": 0},
            {"signals": BusinessSignals(popularity=0.0, stock=3.0, available=True, added="2026-11-29")},
        ),
        ({"signals": {"rating": 4.5}, "margin": -1}, {"signals": BusinessSignals(rating=4.5, margin=-1.0)}),
        (
            {"language": "pt_br", "group": 7, "url": "https://x/1"},
            {"language": "pt-BR", "group": "7", "url": "https://x/1"},
        ),
        ({"brand": {"name": "Norvik"}, "text": "<p>a</p><p>b</p>"}, {"brand": "Norvik", "text": "a\nb"}),
        ({"brand": None, "categories": None, "images": None, "price": None, "signals": None}, {}),
    ],
)
def test_every_field_is_read_as_a_catalogues_cells_are(
    cells: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert read(**cells) == Item("1", "Mug", **expected)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"prize": 1}, "unknown field (facets of your own go under attributes)"),
        ({"price": "cheap"}, "price cannot be read"),
        ({"price": -1}, "price is negative"),
        ({"list_price": "-1"}, "list_price is negative"),
        ({"stock": "many"}, "stock cannot be read"),
        ({"rating": -1}, "rating is negative"),
        ({"available": "perhaps"}, "available cannot be read"),
        ({"added": "one day"}, "added cannot be read"),
        ({"numbers": [1]}, "numbers is not an object"),
        ({"numbers": {"Weight": "heavy"}}, "numbers cannot be read"),
        ({"signals": {"sold": 1}}, "unknown field in signals"),
        ({"attributes": "red"}, "attributes is not an object"),
        ({"attributes": {" ": "red"}}, "an attribute has no name"),
        ({"attributes": {"a": {"b": 1}}}, "an attribute is not text"),
        ({"attributes": {"a": "x" * 9_000}}, "an attribute is over 8,191 characters"),
        ({"currency": "shells"}, "currency cannot be read"),
        ({"images": [True]}, "images cannot be read"),
        ({"group": {"a": 1}}, "group is not text"),
        ({"title": None}, "title is missing or empty"),
        ({"id": None}, "id is missing or empty"),
        ({"text": "x" * 1_000_001}, "text is over 1,000,000 characters"),
    ],
)
def test_what_cannot_be_read_is_said_and_nothing_is_read(cells: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadRow) as refused:
        read(**cells)
    assert str(refused.value) == reason


def test_fields_that_are_not_named_stay() -> None:
    assert merged() == FULL
    changed = merged(stock=5, rating=None, attributes={"Size": None, "Fit": "wide"}, numbers={"Depth": 1})
    assert changed == replace(
        FULL,
        signals=replace(FULL.signals, stock=5.0, rating=None),
        attributes={"Colour": ("Red", "Blue"), "Fit": ("wide",)},
        numbers={**FULL.numbers, "Depth": 1.0},
    )


def test_null_removes_all_of_it() -> None:
    bare = merged(
        FULL,
        **dict.fromkeys(
            (
                *("text", "group", "brand", "category", "price", "list_price", "currency", "image", "url"),
                *("identifiers", "attributes", "numbers", "signals", "language", "location"),
            )
        ),
    )
    assert bare == Item(FULL.id, FULL.title)


def test_a_price_is_the_whole_price() -> None:
    assert (FULL.price, FULL.price_max, FULL.list_price) == (0.0, 12.5, 20.0)
    one = merged(price=7)
    assert (one.price, one.price_max, one.list_price) == (7.0, None, 20.0)
    ranged = merged(price=7, price_max=9)
    assert (ranged.price, ranged.price_max) == (7.0, 9.0)
    assert merged(price_max=0).price_max is None
    assert merged(price=None).price_max is None
    # A list price that is said to be no reduction.
    assert merged(price=20, list_price=20).list_price is None


def test_an_attribute_that_is_a_number_stays_one() -> None:
    weighed = replace(FULL, attributes={"Weight": ("1",)}, numbers={"Weight": 1.0})
    assert merged(weighed, attributes={"Weight": "2,5"}).numbers == {"Weight": 2.5}
    assert merged(weighed, attributes={"Weight": "heavy"}).numbers == {}
    assert merged(weighed, attributes={"Weight": None}).numbers == {}
    assert merged(weighed, attributes={"Size": "42"}).numbers == {"Weight": 1.0}
    assert merged(weighed, attributes={"Size": 42}).numbers == {"Weight": 1.0, "Size": 42.0}
    assert merged(weighed, attributes={"Weight": 3}, numbers={"Weight": 4}).numbers == {"Weight": 4.0}


def test_signals_and_stock_leave_the_text_that_is_encoded_alone() -> None:
    changed = merged(stock=1, popularity=2, price=3, available=True, images=["x.png"], categories="A > B")
    assert item_text(changed) == item_text(FULL)
