"""Item and vectors → document."""

from __future__ import annotations

import numpy as np
import orjson

from aisle.indexer.bulk import serialise
from aisle.mappings import IndexMeta, IndexSettings, fields, index_body
from aisle.mappings.document import document
from aisle.types import Item

FULL = Item(
    id="a-1",
    title="Trail shoe",
    text="Grippy",
    brand="Acme",
    categories=(("Shoes",),),
    price=0.0,
    images=("shoe.png",),
    attributes={"Colour": ("Red",), "Size": ("42",)},
)
VECTORS = {fields.DENSE: np.full(4, 0.5, dtype=np.float32)}


def test_every_field_of_a_document_is_mapped() -> None:
    mapped = index_body(IndexSettings(dims=4), IndexMeta("r", {}, "lucene", ()))["mappings"]["properties"]
    assert set(document(FULL, VECTORS)) <= set(mapped)


def test_full_item() -> None:
    built = document(FULL, VECTORS)
    assert built[fields.ATTRIBUTES] == {"Colour": ["Red"], "Size": ["42"]}
    assert built[fields.FACET] == ["Colour=Red", "Size=42"]
    assert built[fields.TITLE] == "Trail shoe"
    assert built[fields.PRICE] == 0.0
    assert built[fields.DENSE] is VECTORS[fields.DENSE]


def test_what_is_empty_is_left_out() -> None:
    assert document(Item(id="1", title="x"), {}) == {
        fields.ID: "1",
        fields.TITLE: "x",
    }


def test_float32_is_written_shortly_and_read_back_exactly() -> None:
    vector = np.random.default_rng(1).normal(size=64).astype(np.float32)
    line = serialise("1", {fields.DENSE: vector})
    source = line.data.split(b"\n")[1]  # type: ignore[union-attr]
    assert np.array_equal(np.array(orjson.loads(source)[fields.DENSE], dtype=np.float32), vector)
    # float64 notation of the same values takes about 20 characters each.
    assert len(source) < 64 * 13
