"""Edges, ranges and the search within values, for any numbers and texts."""

from __future__ import annotations

import math
import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from aisle.search.facets.kinds import opened
from aisle.search.facets.ranges import Cumulated, choose_ranges, round_edges
from aisle.search.facets.value_search import (
    MAX_PATTERN,
    beginning_pattern,
    below_patterns,
    escaped,
    folded,
    matches_value,
    value_pattern,
)

NUMBERS = st.floats(-1e12, 1e12).map(lambda number: round(number, 2))


@given(st.lists(NUMBERS, max_size=60))
def test_edges_rise_and_stand_between_the_quantiles(quantiles: list[float]) -> None:
    edges = round_edges(quantiles)
    assert all(low < high for low, high in pairwise(edges))
    distinct = sorted(set(quantiles))
    assert len(edges) == max(0, len(distinct) - 1)
    assert all(low < edge <= high for low, edge, high in zip(distinct, edges, distinct[1:], strict=False))


def test_edges_are_as_round_as_can_be() -> None:
    assert round_edges([0.3, 7.2, 18.8, 23.1, 131, 4_870]) == (5, 10, 20, 100, 2_000)
    assert round_edges([2015, 2016, 2017]) == (2016, 2017)
    assert round_edges([-3.2, -0.4, 0.02, 0.049]) == (-2, 0, 0.02 * 2)


@given(
    st.lists(st.tuples(NUMBERS, st.floats(0, 1e6)), min_size=1, max_size=80),
    st.lists(NUMBERS, max_size=40),
    st.integers(1, 12),
)
def test_a_range_counts_what_its_filter_finds(
    items: list[tuple[float, float]], quantiles: list[float], most: int
) -> None:
    lowest = [low for low, _ in items]
    highest = [low + more for low, more in items]
    edges = round_edges(quantiles)
    ranges = choose_ranges(Cumulated.of(edges, lowest), Cumulated.of(edges, highest), most)
    assert len(ranges) <= most
    for (low, high), count in ranges:
        found = sum(
            (high is None or least <= high) and (low is None or top >= low)
            for least, top in zip(lowest, highest, strict=True)
        )
        assert count == found > 0
    if ranges:
        assert ranges[0][0][0] is None and ranges[-1][0][1] is None


def test_ranges_are_about_equally_full() -> None:
    prices = [round(1.07**n, 2) for n in range(100)]
    edges = round_edges(prices[::4])
    found = choose_ranges(Cumulated.of(edges, prices), Cumulated.of(edges, prices), 4)
    assert len(found) == 4 and all(len(f"{low:g}".strip("0")) == 1 for (low, _), _ in found if low)
    assert all(15 <= count <= 35 for _, count in found)


LETTERS = st.text("aàâbcéoøößsæ &-/(日本кЙπά9.*", min_size=1, max_size=8)


@given(st.lists(LETTERS, min_size=1, max_size=3).map(" ".join), LETTERS)
def test_the_pattern_finds_every_value_that_matches(value: str, text: str) -> None:
    if folded(text.strip()) and matches_value(text, value):
        # The few signs of Lucene's syntax that are used mean the same to Python.
        assert re.fullmatch(value_pattern(text, "Colour="), f"Colour={value}", re.DOTALL)


@given(
    # As `checked_text` lets texts pass.
    st.text(min_size=1, max_size=30).map(str.strip).filter(folded),
    st.text(max_size=1_200),
    st.lists(st.text("AZ&+ >é", min_size=1, max_size=700), max_size=9),
)
def test_no_pattern_is_longer_than_opensearch_takes(text: str, prefix: str, paths: list[str]) -> None:
    value = f"{prefix}{text}"
    below = below_patterns(paths, " > ")
    patterns = [value_pattern(text, prefix), beginning_pattern(prefix), *below]
    assert max(map(len, patterns)) <= MAX_PATTERN
    assert re.fullmatch(beginning_pattern(prefix), value, re.DOTALL)
    for path in paths:
        for one in (path, f"{path} > x"):
            assert any(re.fullmatch(pattern, one, re.DOTALL) for pattern in below)


@given(st.text(max_size=20), st.text(max_size=20))
def test_what_is_escaped_matches_itself_alone(text: str, other: str) -> None:
    assert re.fullmatch(escaped(text), text, re.DOTALL)
    assert bool(re.fullmatch(escaped(text), other, re.DOTALL)) == (text == other)


def test_values_match_at_the_start_of_a_word_without_case_and_accents() -> None:
    for text, value in (
        ("bo", "Bosch"),
        ("BÖ", "black & böker"),
        ("strass", "Hauptstraße 1 Straße"),
        ("ae", "Ægir"),
        ("nor", "Café Norvik"),
        ("café nor", "Cafe Norvik"),
        ("本", "日本"),
        ("\u0421\u0422\u0423", "\u043b\u0435\u0433\u043a\u0438\u0439 \u0441\u0442\u0443\u043b"),
        ("हिन्दी", "नई हिन्दी"),
    ):
        assert matches_value(text, value), (text, value)
        assert re.fullmatch(value_pattern(text), value), (text, value)
    assert not matches_value("bo", "Carbon")
    assert not re.fullmatch(value_pattern("bo"), "Carbon")


@given(
    st.dictionaries(
        st.sampled_from(["A", "A > B", "A > B > C", "A > D", "E", "E > B", "F > G"]), st.integers(1, 9)
    ),
    st.lists(st.sampled_from(["A", "B", "A > B", "E > B", "Z"]), max_size=2),
    st.integers(1, 3),
)
def test_an_open_tree_shows_what_is_chosen_and_loses_no_count(
    counts: dict[str, int], chosen: list[str], size: int
) -> None:
    shown, other = opened(counts, chosen, size)
    paths = [value.value for value in shown]
    assert len(paths) == len(set(paths)) and set(paths) <= set(counts)
    for value in shown:
        assert value.count == counts[value.value]
        assert value.chosen == (value.value in chosen or value.value.rpartition(" > ")[2] in chosen)
    assert all(path in paths for path in counts if path in chosen)
    roots = [path for path in counts if not any(path.startswith(f"{up} > ") for up in counts)]
    assert len([path for path in paths if path in roots]) >= min(size, len(roots))
    assert other >= 0 and math.isfinite(other)
