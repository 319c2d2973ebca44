"""What a person sees of a page of results."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from aisle.cli.search import print_page
from aisle.errors import InputError
from aisle.search import Facets, Page, Timings
from aisle.search.facets.results import CountsOf, FacetValue, ValueCounts
from aisle.search.filter_texts import number_ranges
from aisle.search.page import Matched
from aisle.types import Hit, Item, LegSignal, RerankSignal

SIGNALS = (LegSignal("bm25", 3, 7.25, 0.75, 0.5), LegSignal("dense", None, None, 0.25, 0.0))
PAGE = Page(
    hits=(Hit(Item("a", "Oak [chair]"), 1, 0.5, SIGNALS),),
    page=1,
    size=10,
    reachable=1,
    total=1,
    total_is_exact=True,
    release="shop-v0001",
    facets=None,
    timings=Timings(9.0, 1.0, 5.0),
)


def printed(page: Page, query: str = "oak") -> str:
    console = Console(file=io.StringIO(), width=100)
    print_page(console, query, page)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_hit_shows_its_title_as_it_is_and_each_legs_signal() -> None:
    shown = printed(PAGE)
    assert "Oak [chair]" in shown
    assert "#3 7.25 +0.5000" in shown
    assert "1 of 1 reachable, 1 matched in shop-v0001; 9 ms (OpenSearch 5, encoder 1)" in shown
    assert "at least 1 matched" in printed(replace(PAGE, total_is_exact=False))


def test_nothing_found_says_so_and_what_to_try() -> None:
    shown = printed(replace(PAGE, hits=(), reachable=0, total=0), "o\x1bak")
    assert "nothing in shop-v0001 matches" in shown
    assert "fewer filters" in shown
    assert "\x1b" not in shown


def test_what_only_meaning_found_is_not_called_matched() -> None:
    shown = printed(replace(PAGE, matched=Matched.MEANING))
    assert "1 of 1 reachable, none has the words, found by meaning in shop-v0001" in shown
    assert "1 matched" not in shown


def test_the_variants_that_were_asked_for_stand_below_their_hit() -> None:
    hit = replace(PAGE.hits[0], variants=(Item("b", "Oak stool\x1b", price=19.5),), group_size=2)
    shown = printed(replace(PAGE, hits=(replace(hit, item=Item("a", "Oak chair", price=49.0)),)))
    assert shown.index("Oak chair (2 variants)") < shown.index("Oak stool") < shown.index("1 of 1 reachable")
    assert "19.50" in shown
    assert "\x1b" not in shown


def test_a_facet_that_no_item_has_says_so() -> None:
    counts = {"Colour": ValueCounts((FacetValue("Red", 2),)), "Farbe": ValueCounts(())}
    shown = printed(replace(PAGE, facets=Facets(CountsOf.WORDS, attributes=counts, unknown=("Farbe",))))
    assert "Colour: Red (2)" in shown
    assert "Farbe: no item has it" in shown
    shown = printed(replace(PAGE, facets=Facets(CountsOf.WORDS, attributes=counts)))
    assert "Farbe: none of these" in shown


def test_a_page_past_the_end_says_where_the_end_is() -> None:
    assert "page 9 is past the last of 1 reachable" in printed(replace(PAGE, hits=(), page=9))


def test_a_reranked_hit_shows_where_it_came_from() -> None:
    hit = replace(PAGE.hits[0], rerank=RerankSignal(1.5, 1.0, 1, 1, 7))
    page = replace(PAGE, hits=(hit, PAGE.hits[0]), reranked=1, timings=Timings(20.0, 1.0, 5.0, 8.0))
    shown = printed(page)
    assert "was #7 +1.50" in shown
    assert "1 reranked in 8 ms" in shown
    assert "1 reranked, until the time was up" in printed(replace(page, rerank_stopped=True))
    assert "rerank" not in printed(PAGE)


def test_prices_are_shown_where_there_are_any() -> None:
    assert "price" not in printed(PAGE)
    ranged = Item("a", "Oak", price=19.0, price_max=1_230.5, currency="EUR")
    shown = printed(replace(PAGE, hits=(replace(PAGE.hits[0], item=ranged), PAGE.hits[0])))
    assert "19-1,230.50 EUR" in shown
    assert "│" not in shown and " - " in shown


@pytest.mark.parametrize(
    "text", ["Weight", "Weight=5", "=0..5", "Weight=..", "Weight=a..5", "Weight=1..2..3"]
)
def test_a_range_of_numbers_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not NAME=LOW\\.\\.HIGH"):
        number_ranges([text])


def test_ranges_of_numbers() -> None:
    assert number_ranges(["Weight (kg)=0..5", "a=b=-1.5..", "c=..2"]) == {
        "Weight (kg)": (0.0, 5.0),
        "a=b": (-1.5, None),
        "c": (None, 2.0),
    }
