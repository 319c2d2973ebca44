"""Parts of the page: links that are safe, drawings, signals in words, ranges."""

from __future__ import annotations

import re

import pytest

from aisle.service.web.pictograms import BOX, SHAPES
from aisle.service.web.pictures import drawing, picture, web_link
from aisle.service.web.render import price
from aisle.service.web.search_view import range_text
from aisle.service.web.signals import recommendation_signals, search_signals
from aisle.types import Addition, Hit, Item, LegSignal, RankerSignal, RerankSignal


@pytest.mark.parametrize("link", ["https://a.example/b.png?c#d", "http://a.example", " HTTPS://a.example/b "])
def test_links_of_the_web_are_followed(link: str) -> None:
    assert web_link(link) == link.strip()


@pytest.mark.parametrize(
    "link",
    [
        *("", "javascript:alert(1)", " JaVaScript:alert(1)", "java\nscript:alert(1)", "data:text/html,x"),
        *("//a.example/b.png", "/b.png", "b.png", "https:", "https:/b", "file:///etc/passwd", "http://[::1"),
        *("vbscript:x", "blob:https://a.example/1", "\x00javascript:alert(1)", "ftp://a.example/b.png"),
    ],
)
def test_no_other_link_is(link: str) -> None:
    assert web_link(link) == ""
    assert picture(Item("1", "mug", images=(link,))) == ""


def test_a_drawing_shows_the_kind_and_the_colour_of_an_item() -> None:
    mug = drawing(Item("1", "Stainless travel mugs, with handle", attributes={"Colour": ("navy blue",)}))
    assert mug.path == SHAPES["mug"]
    # What comes last is what it is, and what comes before says of which kind.
    assert drawing(Item("2", "coffee machine")).path == SHAPES["machine"]
    assert drawing(Item("3", "Unbekanntes Ding")).path == BOX
    blue = drawing(Item("4", "mug", attributes={"color": ("Blue",)})).ink
    red = drawing(Item("5", "mug", attributes={"farbe": ("dark red",)})).ink
    plain = drawing(Item("6", "mug")).ink
    assert len({blue, red, plain, mug.ink}) == 4
    for path in {*SHAPES.values(), BOX}:
        assert re.fullmatch(r"[MmLlHhVvCcSsAaZz0-9 .-]+", path), path


def hit(**parts: object) -> Hit:
    legs = (LegSignal("bm25", 3, 12.5, 0.7, 0.2), LegSignal("dense", None, None, 0.3, 0.0))
    return Hit(Item("1", "mug"), 2, 0.1, legs, additions=(Addition("rules", -0.1),), **parts)  # type: ignore[arg-type]


def test_signals_are_the_numbers_of_the_hit_and_say_which_way_it_was_moved() -> None:
    said = search_signals(hit(rerank=RerankSignal(1.5, 0.9, 1, 2, 7)).to_json())
    assert [(row.name, row.value, row.width) for row in said.rows] == [
        ("bm25", 0.2, 100.0),
        ("dense", 0.0, 0.0),
        ("rules", -0.1, 50.0),
    ]
    assert said.by_leg and sum(row.value for row in said.rows) == pytest.approx(said.score)
    assert said.notes == ("reranked ↑ from 7 to 2: score 1.500, stage 1",)
    lower = search_signals(hit(rerank=RerankSignal(1.5, 0.9, 1, 9, 7)).to_json())
    assert lower.notes[0].startswith("reranked ↓ from 7 to 9")


def test_the_rankers_panel_sums_to_its_score_and_says_which_way_it_moved() -> None:
    moves = {f"feature {number}": (-1.0) ** number / (number + 1) for number in range(11)}
    score = 0.25 + sum(moves.values())
    said = search_signals(hit(ranker=RankerSignal(score, 0.9, 0.25, moves, 2, 7)).to_json()).learned
    assert said is not None
    assert (said.moved, len(said.rows), said.others) == ("the ranker moved it ↑ from 7 to 2", 8, 3)
    assert said.base + sum(row.value for row in said.rows) + said.others_value == pytest.approx(said.score)
    assert [(row.name, row.width) for row in said.rows[:2]] == [("feature 0", 100.0), ("feature 1", 50.0)]
    few = search_signals(hit(ranker=RankerSignal(0.25, 0.9, 0.25, {}, 7, 7)).to_json()).learned
    assert few is not None and (few.rows, few.others, few.moved) == (
        (),
        0,
        "the ranker moved it = from 7 to 7",
    )
    assert search_signals(hit().to_json()).learned is None


def test_a_recommendation_says_because_of_what_and_its_path_of_codes() -> None:
    said = recommendation_signals(
        {
            "score": 0.5,
            "signals": {"text": 0.5},
            "channels": {"vectors": {"rank": 4, "score": 0.25}},
            "because": "a",
            "semantic_id": [5, 42, 7],
        },
        {"a": "Mug"},
    )
    assert said.notes == ("because of Mug", "semantic ID 5 → 42 → 7")
    assert [(one.name, one.rank, one.score) for one in said.finders] == [("vectors", 4, 0.25)]
    assert not said.by_leg


def test_prices_and_ranges_are_written_for_people() -> None:
    assert price(Item("1", "mug", price=1234.5, currency="EUR")) == "€1,234.50"
    assert price(Item("1", "mug", price=5, price_max=7.25)) == "5.00 to 7.25"
    assert price(Item("1", "mug", price=5, currency="XQ1")) == "XQ15.00"
    assert price(Item("1", "mug")) == ""
    assert [range_text(*one) for one in ((1.0, 2000.0), (None, 0.5), (3.0, None))] == [
        "1 to 2,000",
        "up to 0.5",
        "from 3",
    ]
