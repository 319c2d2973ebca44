"""Items and queries as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.encoder.text import MAX_CHARS, TEXT_CHARS, clean, item_text, query_text
from aisle.types import Item

ANY_TEXT = st.text(alphabet=st.characters(), max_size=300)


@given(ANY_TEXT)
def test_clean_is_idempotent_bounded_and_encodable(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert len(once) <= MAX_CHARS
    once.encode("utf-8")


@given(ANY_TEXT)
def test_clean_keeps_every_word_of_plain_text(text: str) -> None:
    plain = "".join(char for char in text if char.isascii() and char.isprintable())
    assert clean(plain).split() == plain.split()


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("drill\x00\x07 bit\tset\r\n", "drill bit set"),
        ("\ufeffsoft\u00adware\u200b", "software"),
        ("bad \ud800 half", "bad half"),
        ("Ø 19 mm 日本", "Ø 19 mm 日本"),
        (" \n ", ""),
    ],
)
def test_control_and_invisible_characters_go(dirty: str, expected: str) -> None:
    assert clean(dirty) == expected


def test_of_a_megabyte_of_title_only_the_beginning_is_read() -> None:
    for text in ("drill " * 200_000, " " * 1_000_000 + "drill", "a\x00" * 500_000):
        assert 0 < len(clean(text)) <= MAX_CHARS
    # Read whole, the invisible characters would go and the word would stay.
    assert clean("\u200b" * 1_000_000 + "drill") == ""


def test_item_text_is_title_and_the_beginning_of_the_description() -> None:
    assert item_text(Item("1", "Drill", "18 V, two batteries")) == "Drill. 18 V, two batteries"
    assert item_text(Item("1", " Drill ")) == "Drill"
    assert item_text(Item("1", "Drill 18 V", "Drill 18 V")) == "Drill 18 V"
    assert len(item_text(Item("1", "Drill", "word " * 500))) <= len("Drill. ") + TEXT_CHARS


def test_query_text_is_what_the_user_typed_cleaned() -> None:
    assert query_text(' 3/4" pipe\n') == '3/4" pipe'
