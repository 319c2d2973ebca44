"""Which words look like part numbers: real queries of homedepot and icecat."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from aisle.mappings.part_numbers import attribute_codes, code_forms, is_part_number
from aisle.search.identifiers import (
    MAX_NUMBERS,
    MAX_WORDS,
    is_whole_number,
    part_numbers,
    spaced_numbers,
)

DATA = Path(os.environ.get("AISLE_DATA", "../shared/data"))


@pytest.mark.parametrize(
    "word",
    [
        *("006R90321", "LS-C300B", "DCD771C2", "dw745", "cf552b-mk52", "t55.521.224", "808501", "cr123a"),
        *(
            "gs5shaxsb01",
            "000-767-816",
            "58236c",
            "1648-ba3",
            "k-1151ra",
            "754-0754",
            "B00005N5PF",
            "p2128",
            "item-0042",
        ),
    ],
)
def test_part_numbers(word: str) -> None:
    assert is_part_number(word)


@pytest.mark.parametrize(
    "word",
    [
        *("2x4", "18v", "60in", "60", "1/2", "12,000", "12000", "12000btu", "18.5", "3-way", "t-111", "r30"),
        *("4x8x12", "36inx37in", "15x23", "12by16", "100ct", "4shelves", "1080p", "battery72517063", "$100"),
        *("vanity", "x10", "3/4'", '42x80"', "7.2volt", "iphone11", "2*3*12", "50%", "", "-----"),
    ],
)
def test_sizes_amounts_and_words(word: str) -> None:
    assert not is_part_number(word)


@pytest.mark.parametrize(
    ("one", "two"), [("usb-c-hub3", "usb-c-hub34"), ("a1-series", "a1-4series"), ("x7abcd", "x74abcd")]
)
def test_a_part_number_has_at_least_two_digits(one: str, two: str) -> None:
    assert not is_part_number(one)
    assert is_part_number(two)


def test_they_are_found_among_other_words() -> None:
    assert part_numbers("dewalt drill DCD771C2, 18v") == ("DCD771C2",)
    assert part_numbers("garden stake 96296 00225") == ("96296", "00225")
    assert part_numbers("60 in. vanity") == ()


@pytest.mark.parametrize("text", ["TM 050 M", "cap-wool-red", "AF_BLK_XS", "k.ap.wool", "b12"])
def test_a_query_that_may_be_one_identifier(text: str) -> None:
    assert is_whole_number(text)


@pytest.mark.parametrize(
    "text", ["t-shirt", "red cap", "wool", "cap-wool-red hat", "a--b", "-a-b-", "18v", "60"]
)
def test_a_query_that_is_none(text: str) -> None:
    assert not is_whole_number(text)


@pytest.mark.parametrize("text", ["'a_' * 900 + '!'", "'_' * 1_900 + '!'", "'a-' * 900", "'a._' * 600"])
def test_a_hostile_query_is_read_at_once(text: str) -> None:
    # In a process of its own: a regular expression that goes astray cannot be stopped from within.
    read = f"from aisle.search.identifiers import is_whole_number\nis_whole_number({text})"
    subprocess.run([sys.executable, "-c", read], check=True, timeout=30)


@pytest.mark.parametrize(
    ("text", "spaced"),
    [
        ("makita RS 25 48", ("RS 25 48",)),
        ("sander RS 25-48", ("RS 25-48",)),
        ("60 in 12 v lamp", ()),
        ("2 x 4 x 8", ()),
        ("iphone 13 128 gb", ()),
        ("12 34 56 78", ()),
        ("AB 12 34 " * 4, ()),
    ],
)
def test_part_numbers_of_several_words(text: str, spaced: tuple[str, ...]) -> None:
    assert spaced_numbers(text) == spaced


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("RS-25-48", "rs 2548"),
        ("0036000291452", "36000291452"),
        ("036000291452", "00036000291452"),
        ("0-306-40615-2", "978-0306406157"),
        ("080442957X", "9780804429573"),
    ],
)
def test_two_spellings_of_one_identifier_share_a_form(one: str, other: str) -> None:
    assert set(code_forms(one)) & set(code_forms(other))


@pytest.mark.parametrize(
    ("one", "other"), [("RS-25-48", "RS-25-49"), ("0306406153", "9780306406157"), ("0012", "12"), ("--", "")]
)
def test_two_identifiers_share_none(one: str, other: str) -> None:
    assert not set(code_forms(one)) & set(code_forms(other))


def test_values_that_look_like_part_numbers_are_found_whatever_their_name() -> None:
    attributes = {
        "MPN": ("1222-HD99",),
        "Replaces": ("1221 HD98; 1220-HD97",),
        "UPC codes": ("036000291452, 036000291469",),
        "Size": ("12 x 14 in.", "120mm"),
        "Colour": ("Teal",),
        "Yield": ("23000.0",),
    }
    assert attribute_codes(attributes) == [
        *("1222hd99", "1221hd98", "1220hd97"),
        *("036000291452", "36000291452", "036000291469", "36000291469"),
    ]


def test_a_description_or_a_list_names_nothing() -> None:
    assert part_numbers("DCD771C2 " + "word " * (MAX_WORDS - 1))
    assert part_numbers("DCD771C2 " + "word " * MAX_WORDS) == ()
    assert len(part_numbers("DCD771C2 " * MAX_NUMBERS)) == MAX_NUMBERS
    assert part_numbers("DCD771C2 " * (MAX_NUMBERS + 1)) == ()


@pytest.mark.parametrize(("name", "least", "most"), [("homedepot", 0.01, 0.025), ("icecat", 0, 0)])
def test_few_real_queries_have_one(name: str, least: float, most: float) -> None:
    path = DATA / name / "queries.jsonl"
    if not path.exists():
        pytest.skip(f"AISLE_DATA has no {name}")
    texts = [orjson.loads(line)["text"] for line in path.read_bytes().splitlines()]
    share = sum(1 for text in texts if part_numbers(text)) / len(texts)
    assert least <= share <= most
