"""Plain text of anything is its own plain text, and safe to show."""

from __future__ import annotations

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.encoder.text import clean, query_text
from aisle.markup import one_line, plain_line, plain_text

PIECES = st.sampled_from(
    (
        *(
            "<",
            "</",
            ">",
            "b",
            "p",
            "S",
            "td",
            "script",
            "style",
            "svg",
            " ",
            "\n",
            "&",
            "amp;",
            "lt;",
            "gt;",
        ),
        *("&amp;", "&lt;", "&gt;", "&#39", "&#38;", "&#x200b;", "&shy;", "\u200d", "\u200c", "\u200b", "é"),
        *("e\u0301", "\u0338", "=", '"', "'", "/", "<!--", "-->", "<![CDATA[", "]]>", "<br/>", "<p>", "</b>"),
        *(
            "\ud800",
            "\x00",
            "\x1e",
            "\u0915",
            "\u094d",
            "👩",
            "&#55357;&#56832;",
            "\U000e0061",
            "🏴",
            "\u037e",
        ),
        "\u202e",
    )
)
TEXT = st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=40)


@settings(max_examples=600, deadline=None)
@given(TEXT)
def test_plain_text_is_its_own_plain_text(text: str) -> None:
    plain, line, kept = plain_text(text), plain_line(text), one_line(text)
    assert plain_text(plain) == plain
    assert plain_line(line) == line
    assert one_line(kept) == kept
    assert query_text(query_text(text)) == query_text(text)
    assert all(plain.split("\n")) or not plain
    for found in (plain, line, kept, clean(text)):
        found.encode()
        assert unicodedata.is_normalized("NFC", found)
        assert not any(
            unicodedata.category(mark) in ("Cc", "Cs", "Zl", "Zp") for mark in found.replace("\n", "")
        )
        assert "\u202e" not in found and "\u200b" not in found


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs"], exclude_characters="<&"), max_size=60)
)
def test_no_word_of_plain_text_is_lost(text: str) -> None:
    expected = unicodedata.normalize("NFC", text).replace("\u3164", "").replace("\uffa0", "").split()
    assert plain_text(text).split() == expected
