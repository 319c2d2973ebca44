"""Item and vectors → document."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import orjson
import pytest

from aisle.indexer.bulk import serialise
from aisle.mappings import IndexMeta, IndexSettings, fields, index_body
from aisle.mappings.document import by_slug, document, item_of, long_hash
from aisle.types import BusinessSignals, GeoPoint, Item

FULL = Item(
    id="a-1",
    title="Trail shoe",
    text="Grippy",
    group="a",
    brand="Acme",
    categories=(("Home", "Shoes"), ("Home", "Trail", "Shoes")),
    price=0.0,
    price_max=12.5,
    list_price=20.0,
    currency="EUR",
    images=("shoe.png", "sole.png"),
    url="https://shop.example/a-1",
    identifiers=("TM-050-M", "tm 051"),
    attributes={"Colour": ("Red", "Blue"), "Size": ("42",)},
    numbers={"Weight (kg)": 0.4, "%": 3.0},
    signals=BusinessSignals(
        popularity=7.0, rating=0.0, margin=-1.0, stock=0.0, available=False, added="2026-11-29"
    ),
    language="en",
    location=GeoPoint(52.52, 13.4),
)
VECTORS = {fields.DENSE: np.full(4, 0.5, dtype=np.float32)}


def mapped() -> dict[str, Any]:
    body = index_body(IndexSettings(dims=4), IndexMeta("r", {}, "lucene", ()))
    properties: dict[str, Any] = body["mappings"]["properties"]
    return properties


def test_every_field_of_a_document_is_mapped() -> None:
    assert set(document(FULL, VECTORS)) <= set(mapped())
    assert {field.partition(".")[0] for field in fields.PRESENCE.values()} <= set(mapped())
    assert set(fields.PRESENCE) < {field.name for field in dataclasses.fields(Item)} | set(fields.SIGNALS)


def test_full_item() -> None:
    built = document(FULL, VECTORS)
    assert built[fields.GROUP] == "a" and built[fields.VARIANT] is True
    assert built[fields.CATEGORY] == ("Home", "Home > Shoes", "Home > Trail", "Home > Trail > Shoes")
    assert built[fields.CATEGORY_NAME] == ("Home", "Shoes", "Trail")
    assert built[fields.ATTRIBUTES] == {"Colour": ("Red", "Blue"), "Size": ("42",)}
    assert built[fields.FACET] == ["Colour=Red", "Colour=Blue", "Size=42"]
    assert built[fields.FACET_NAME] == ["Colour", "Size", "Weight (kg)", "%"]
    assert built[fields.NUMBER] == {"weight_kg": 0.4}
    assert (built[fields.PRICE], built[fields.PRICE_MAX]) == (0.0, 12.5)
    assert built[fields.RATING] == 0.0 and built[fields.AVAILABLE] is False
    assert built[fields.DENSE] is VECTORS[fields.DENSE]


def test_what_is_empty_is_left_out_but_everything_has_a_group() -> None:
    assert document(Item(id="1", title="x"), {}) == {
        fields.ID: "1",
        fields.TITLE: "x",
        fields.GROUP: "1",
        fields.GROUP_HASH: long_hash("1"),
        fields.CODES: ["1"],
    }


def test_a_products_number_is_the_same_in_every_process_and_fits_a_long() -> None:
    assert long_hash("shirt") == -2062805976249727431
    assert -(2**63) <= long_hash("\ud800 shirt") < 2**63


def test_an_item_may_be_of_the_group_that_bears_its_id() -> None:
    for item in (Item("1", "x", group="1"), Item("1", "x")):
        assert item_of("1", document(item, {})) == item


def test_a_document_always_has_a_highest_price_if_it_has_one() -> None:
    assert document(Item("1", "x", price=3.0), {})[fields.PRICE_MAX] == 3.0


@pytest.mark.parametrize(
    ("popularity", "rank"),
    [(None, None), (0.0, None), (-1.0, None), (5.0, 5.0), (1e-300, 1.2e-38), (1e300, 3.4e38)],
)
def test_a_rank_is_one_that_opensearch_takes(popularity: float | None, rank: float | None) -> None:
    built = document(Item("1", "x", signals=BusinessSignals(popularity=popularity)), {})
    assert built.get(fields.POPULARITY_RANK) == rank


def test_a_document_of_the_first_schema_is_read() -> None:
    source = {"id": "1", "title": "x", "category": "A > B", "image": "i", "attributes": {"Size": "42"}}
    expected = Item("1", "x", categories=(("A > B",),), images=("i",), attributes={"Size": ("42",)})
    assert item_of("1", source) == expected


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Weight (kg)", "weight_kg"),
        ("a.b_c", "a_b_c"),
        ("Größe", "grösse"),
        ("重量", "重量"),
        ("%", ""),
        ("x" * 999, "x" * 100),
    ],
)
def test_numbers_have_fields_that_can_be_named(name: str, slug: str) -> None:
    assert fields.number_slug(name) == slug
    assert by_slug({name: 1.0, f"{name}!": 2.0}) == ({slug: 1.0} if slug else {})


def test_float32_is_written_shortly_and_read_back_exactly() -> None:
    vector = np.random.default_rng(1).normal(size=64).astype(np.float32)
    line = serialise("1", {fields.DENSE: vector})
    source = line.data.split(b"\n")[1]  # type: ignore[union-attr]
    assert np.array_equal(np.array(orjson.loads(source)[fields.DENSE], dtype=np.float32), vector)
    # float64 notation of the same values takes about 20 characters each.
    assert len(source) < 64 * 13
