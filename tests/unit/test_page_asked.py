"""Addresses of pages: what forms send is read, links say the same search with one thing changed."""

from __future__ import annotations

import string
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.errors import InvalidQuery
from aisle.service.web.asked import PageParameters, page_numbers, read_parameters
from aisle.service.web.viewed import read_viewed, write_viewed


def test_what_a_form_leaves_empty_is_not_asked_and_what_nobody_knows_is_left_out() -> None:
    asked = read_parameters(
        [("q", " "), ("price_min", ""), ("price_max", "9.5"), ("brand", "A"), ("brand", "B"), ("utm", "x")]
    )
    assert (asked.q, asked.price_min, asked.price_max, asked.brand) == ("", None, 9.5, ["A", "B"])
    assert asked.pairs == (("brand", "A"), ("brand", "B"), ("price_max", "9.5"))


def test_two_fields_are_one_range_and_replace_the_one_that_was_chosen() -> None:
    asked = read_parameters(
        [("number", "Watt=1..2"), ("number", "Volt=3..4"), ("from:Watt", "5"), ("to:Watt", "")]
    )
    assert asked.number == ["Volt=3..4", "Watt=5.."]
    assert asked.filters().numbers == {"Volt": (3.0, 4.0), "Watt": (5.0, None)}
    assert asked.with_number("Watt", None, None).number == ["Volt=3..4"]
    assert asked.with_number("Volt", 1e6, 0.25).number == ["Watt=5..", "Volt=1000000..0.25"]


@pytest.mark.parametrize("pair", [("page", "0"), ("page", "many"), ("price_min", "nan"), ("size", "1000")])
def test_what_cannot_be_asked_is_said_so(pair: tuple[str, str]) -> None:
    with pytest.raises(InvalidQuery, match=pair[0]):
        read_parameters([pair])


def test_a_choice_starts_at_the_first_page_and_is_taken_back() -> None:
    asked = PageParameters(q="a&b", page=3, brand=["A"])
    assert asked.toggled("brand", "B").query == "?brand=A&brand=B&q=a%26b"
    assert asked.toggled("brand", "A").query == "?q=a%26b"
    assert asked.changed(page=2).query == "?brand=A&q=a%26b&page=2"
    assert PageParameters().query == "?"


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=20)


@given(
    q=TEXTS,
    brand=st.lists(TEXTS, max_size=3, unique=True),
    low=st.floats(allow_nan=False, allow_infinity=False, width=32),
    page=st.integers(1, 900),
    group=st.booleans(),
)
def test_a_link_asks_what_it_says(q: str, brand: list[str], low: float, page: int, group: bool) -> None:
    asked = PageParameters(q=q, brand=brand, price_min=low, page=page, group=group)
    again = read_parameters(parse_qsl(asked.query[1:], keep_blank_values=True))
    assert again == asked


def test_pages_are_the_first_the_last_and_those_near() -> None:
    assert page_numbers(1, 24, 0) == [1]
    assert page_numbers(5, 10, 95) == [1, 3, 4, 5, 6, 7, 10]
    assert page_numbers(99, 10, 25) == [1, 3]


@given(st.lists(st.text(string.printable, min_size=1, max_size=512), max_size=40))
def test_what_was_viewed_fits_a_cookie_newest_last(ids: list[str]) -> None:
    cookie = ""
    for id_ in ids:
        cookie = write_viewed(read_viewed(cookie), id_)
    assert len(cookie) <= 3_800 and set(cookie) <= {*string.ascii_letters, *string.digits, *"-_="}
    assert read_viewed(cookie) == tuple(dict.fromkeys(reversed(ids)))[: len(read_viewed(cookie))][::-1]
    assert bool(ids) == bool(read_viewed(cookie))


@pytest.mark.parametrize("cookie", ["", "%%%", "bm9uZQ==", "WzFd", "eyJhIjogMX0=", "ä"])
def test_a_cookie_that_somebody_changed_is_none(cookie: str) -> None:
    assert read_viewed(cookie) == ()
