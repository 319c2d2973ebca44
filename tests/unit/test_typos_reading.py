"""Which words are asked about, and how the offers are read."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aisle.search.page import Correction
from aisle.search.spelling import MAX_WORD_LENGTH, MAX_WORDS, corrected, read_spelling, spelling_body


def answer(text: str, offers: dict[str, list[str]]) -> Any:
    """As OpenSearch answers `spelling_body`: one entry per word, with offers for those that are missing."""
    body = spelling_body(text)
    assert body is not None
    asked = body["text"]
    return {
        "typed": [
            {
                "text": word.lower(),
                "offset": asked.index(word),
                "length": len(word),
                "options": [{"text": offer, "score": 0.8, "freq": 3} for offer in offers.get(word, [])],
            }
            for word in asked.split()
        ]
    }


def asked_about(text: str) -> list[str]:
    body = spelling_body(text)
    return body["text"].split() if body else []


def test_words_with_digits_and_short_words_are_not_asked_about() -> None:
    assert asked_about("cordles drill 18volt DCD-771C2 kit") == ["cordles", "drill"]
    assert asked_about("women's shoe") == ["women's", "shoe"]
    assert spelling_body("18v 2x4 dcd771c2 the") is None
    assert spelling_body("kit set") is None
    assert spelling_body("d" * MAX_WORD_LENGTH) is not None
    assert spelling_body("d" * (MAX_WORD_LENGTH + 1)) is None


def test_long_texts_are_not_asked_about() -> None:
    assert len(asked_about(" ".join(f"word{chr(97 + n)}" for n in range(MAX_WORDS)))) == MAX_WORDS
    assert spelling_body("word " * (MAX_WORDS + 1)) is None


def test_the_text_is_kept_but_for_the_missing_words() -> None:
    text = "Cordles  drill, 18v (cordles)!"
    assert read_spelling(
        text, answer(text, {"Cordles": ["cordless"], "cordles": ["cordless", "corded"]})
    ) == (Correction("cordless  drill, 18v (cordless)!", {"Cordles": "cordless", "cordles": "cordless"}))


def test_a_word_of_the_synonyms_is_known() -> None:
    text = "Couch cover"
    offered = answer(text, {"Couch": ["pouch"]})
    assert read_spelling(text, offered, frozenset({"couch"})) is None
    assert read_spelling(text, offered) == Correction("pouch cover", {"Couch": "pouch"})


def test_nothing_like_it_is_no_correction() -> None:
    assert read_spelling("xyzzy drill", answer("xyzzy drill", {})) is None


@given(st.text(max_size=80))
def test_a_text_without_corrections_stays_as_it_is(text: str) -> None:
    assert corrected(text, {}).text == text
    body = spelling_body(text)
    if body:
        assert read_spelling(text, {"typed": []}) is None


WORDS = st.sampled_from(["drill", "kit 18v", "l\u00e4mpchen", "dcd771", "women's"])


@given(st.lists(WORDS, min_size=1, max_size=MAX_WORDS))
def test_only_the_words_named_change(words: list[str]) -> None:
    text = " / ".join(words)
    assert corrected(text, {"drill": "grill"}).text == text.replace("drill", "grill")
