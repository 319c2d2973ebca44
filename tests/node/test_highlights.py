"""Highlights on a real node: segments of plain text, of the words that were searched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aisle.cluster import Cluster
from aisle.mappings import DENSE
from aisle.search import SearchClient
from aisle.search.highlights import SNIPPET_CHARS
from aisle.types import Hit, Item
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf

INDEX = "test-highlights"
LONG = "A sturdy case comes with it. " * 40 + "The drills are loud. " + "Nothing else is said. " * 40
ITEMS = (
    Item("kit", "Cordless <b>drills</b> & kit DCD-771", LONG),
    Item("bare", "Drill"),
    Item("odd", "A dr\ufdd0ill \ufdd1or drill"),
    Item("saw", "Circular saw", "Cuts what a drill\ndoes not."),
    Item("lamp", "Refrigerator lamp", "Bright."),
    Item(
        "coat",
        "Long coat",
        attributes={
            "Colour": ("Dark greens", "Red", "Pale green"),
            "Rain_proof": ("Yes",),
            "Lined": ("No",),
            "Trim": ("Pale green",),
            "Green": ("5",),
            "Odd": ("a gre\ufdd0en",),
        },
    ),
)


@pytest.fixture(scope="module")
def shop(client: Cluster) -> Iterator[SearchClient]:
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    put_shelf(client, INDEX, ITEMS)
    yield SearchClient(client, INDEX, HashEncoder())
    client.indices.delete(index=INDEX)


def found(shop: SearchClient, text: str) -> dict[str, Hit]:
    return {hit.item.id: hit for hit in shop.search(text, highlight=True).hits}


def marked(hit: Hit, field: str) -> list[str]:
    return [text for text, matched in hit.highlights[field] if matched]


def test_title_is_whole_and_text_a_snippet_with_the_words_in_their_forms(shop: SearchClient) -> None:
    hit = found(shop, "cordless drill")["kit"]
    assert marked(hit, "title") == ["Cordless", "drills"]
    assert "".join(text for text, _ in hit.highlights["title"]) == ITEMS[0].title
    assert marked(hit, "text") == ["drills"]
    snippet = "".join(text for text, _ in hit.highlights["text"])
    assert snippet in LONG
    assert len(snippet) <= SNIPPET_CHARS * 2
    assert hit.to_json()["highlights"]["title"][0] == ["Cordless", True]


def test_parts_of_numbers_are_marked(shop: SearchClient) -> None:
    assert "771" in "".join(marked(found(shop, "kit dcd771")["kit"], "title"))


def test_what_only_its_meaning_found_has_no_mark_and_a_snippet(shop: SearchClient) -> None:
    hit = found(shop, "drill")["lamp"]
    assert next(signal.rank for signal in hit.signals if signal.leg == DENSE)
    assert hit.highlights == {"title": (("Refrigerator lamp", False),), "text": (("Bright.", False),)}
    assert set(found(shop, "drill")["bare"].highlights) == {"title"}


def test_values_of_attributes_are_marked_and_names_of_those_that_are_true(shop: SearchClient) -> None:
    found_by = found(shop, "green rain proof lined coat")["coat"].highlights
    assert found_by == {
        "title": (("Long ", False), ("coat", True)),
        "attributes.Colour": (
            *(("Dark ", False), ("greens", True)),
            *((", ", False), ("Pale ", False), ("green", True)),
        ),
        "attributes.Rain_proof": (("Rain", True), (" ", False), ("proof", True)),
        "attributes.Trim": (("Pale ", False), ("green", True)),
    }
    assert set(found(shop, "coat")["coat"].highlights) == {"title"}


def test_the_corrected_words_are_marked_and_not_those_typed(shop: SearchClient) -> None:
    page = shop.search("refridgerator", highlight=True)
    assert page.corrected
    assert marked(page.hits[0], "title") == ["Refrigerator"]


def test_a_title_that_holds_the_tags_is_not_marked(shop: SearchClient) -> None:
    assert found(shop, "drill")["odd"].highlights["title"] == (("A drill or drill", False),)


def test_there_are_none_unless_they_are_asked_for(shop: SearchClient) -> None:
    assert all(hit.highlights == {} for hit in shop.search("drill").hits)
