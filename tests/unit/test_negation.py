"""What a query takes out is read, and what only looks like that stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.search.negation import read_negation


@pytest.mark.parametrize(
    ("text", "kept", "excluded"),
    [
        ("phone case -leather", "phone case", ("leather",)),
        ("phone case without leather", "phone case", ("leather",)),
        ("phone case \u2212leather", "phone case", ("leather",)),
        ("phone case \u2013leather", "phone case", ("leather",)),
        ("freezer \u221220 degrees", "freezer \u221220 degrees", ()),
        ("case -leather -red", "case", ("leather", "red")),
        ("shirt -t-shirt", "shirt", ("t-shirt",)),
        ("pan without a lid or handle", "pan", ("lid", "handle")),
        ("pan without lid, red", "pan red", ("lid",)),
        ("without leather case", "case", ("leather",)),
    ],
)
def test_words_are_taken_out(text: str, kept: str, excluded: tuple[str, ...]) -> None:
    assert read_negation(text, ("en",)) == (kept, excluded)


@pytest.mark.parametrize(
    "text",
    [
        *("t-shirt", "3-pack", "-20 degrees", "20-22", "drill - cordless", "--leather", "-leather"),
        *(
            "without",
            "men without",
            "without it",
            "ohne leder",
            "-",
            "Hülle sans Leder",
            "size 4 -6",
            "rust -o oleum",
        ),
    ],
)
def test_what_only_looks_like_that_stays(text: str) -> None:
    assert read_negation(text, ("en",)) == (text, ())


def test_each_language_has_its_word() -> None:
    assert read_negation("Hülle ohne Leder", ("de",)) == ("Hülle", ("Leder",))
    assert read_negation("coque sans cuir ou métal", ("en", "fr")) == ("coque", ("cuir", "métal"))


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    kept, excluded = read_negation(text, ("en", "de", "fr"))
    assert excluded or kept == text
    assert all(word and not word.startswith("--") for word in excluded)
