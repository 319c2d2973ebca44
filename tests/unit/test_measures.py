"""Numbers with units in every spelling, and numbers that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.mappings.measures import MAX_MEASURES, measure_terms, measures, unit_words


def terms(text: str) -> list[str]:
    return [measure.term for measure in measures(text)]


@pytest.mark.parametrize(
    ("term", "spellings"),
    [
        ("10mm", ["10 mm", "10mm", "10-mm", "1 cm", "10 millimeters", "10\u00a0mm", "10 MM."]),
        ("1200lm", ["1200 lumens", "1,200 Lumens", "1200lm", "1200-lumen"]),
        ("640floz", ["5 gal", "5 gal.", "5-gallon", "5 Gallons", "20 quarts"]),
        ("0.5in", ["1/2 inch", "1/2 in.", "0.5 in", ".5in", '½"', "½ inch", "1/2\u2033", "1/2''"]),
        ("1.5in", ["1 1/2 in", "1-1/2 in.", "1½ inch", '1.5"']),
        ("72in", ["6 ft", "6'", "72 inches", "2 yards"]),
        ("1.5kelvin", []),
        ("2700kelvin", ["2700K", "2700 kelvin"]),
        ("15a", ["15A", "15 A", "15 amps"]),
        ("6ct", ["6-pack", "6 pk", "pack of 6", "6 ct", "6 pieces", "set of 6"]),
        ("100sqft", ["100 sq. ft.", "100 sqft", "100 square feet"]),
        ("16floz", ["16 fl oz", "16 fl. oz.", "1 pint"]),
        ("1500ml", ["1.5 l", "1,5 Liter", "1500ml", "1.5 litres"]),
        ("20degree", ["20 degrees", "20°", "20 °C", "20°F"]),
        ("1e+06mb", ["1 TB", "1000GB"]),
    ],
)
def test_one_measure_in_every_spelling(term: str, spellings: list[str]) -> None:
    for spelling in spellings:
        assert terms(f"a {spelling} thing") == [term], spelling


@pytest.mark.parametrize(
    "text",
    [
        "2 in 1 tool",
        "3-in-1",
        "90's",
        "3 a day",
        "4K TV",
        "20-22",
        "1/0 in",
        "1080p",
        'the 17 "best"',
        "x10",
        "mm",
        "2x4",
    ],
)
def test_what_is_no_measure(text: str) -> None:
    assert terms(text) == []


def test_the_unit_of_the_last_side_is_that_of_all() -> None:
    assert terms("15 x 23 x 30 cm") == terms("15x23x30cm") == ["150mm", "230mm", "300mm"]
    assert terms("1/2 in. x 10 ft. pipe") == ["0.5in", "120in"]


def test_a_document_has_each_measure_and_unit_once() -> None:
    assert measure_terms(["10 mm bolt", "1 cm", "5 V"]) == ["10mm", "mm", "5v", "v"]
    assert unit_words("5 gallon bucket, 10 mm") == {"gallon", "mm"}


@given(st.text(alphabet="0123456789 ½/.,-x'\"inmcftgal", max_size=200))
def test_any_text_is_read(text: str) -> None:
    found = measures(text)
    assert len(found) <= MAX_MEASURES
    assert all(measure.amount > 0 and text[measure.start : measure.end] for measure in found)


def test_a_long_text_costs_no_more_than_its_length() -> None:
    assert len(measures("10 mm " * 10_000)) == MAX_MEASURES
    assert measures("1" * 50_000 + " 1/" * 10_000) == ()
