"""Words of a query as they may be spaced otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.search.spacing import MAX_RUN, joined_pairs, joined_runs


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        *(("head phones", "headphones"), ("playstation 5", "playstation5"), ("T-Shirt", "tshirt")),
        *(
            ("l oreal", "loreal"),
            ("l l bean", "llbean"),
            ("L.L. Bean", "llbean"),
            ("7 up", "7up"),
            ("3 M", "3m"),
        ),
    ],
)
def test_neighbours_are_joined(text: str, pair: str) -> None:
    assert pair in joined_pairs(text)


@pytest.mark.parametrize("text", ["2 x 4", "1 1/2", "4 tiles", "drill", "", "L'Oréal"])
def test_what_is_not_joined(text: str) -> None:
    assert joined_pairs(text) == ()


def test_runs_are_what_may_be_a_brand_or_an_identifier() -> None:
    assert {"on", "onrunning", "shoes"} <= set(joined_runs("on running shoes"))
    # A short word in the middle is a word, and no brand.
    assert "for" not in joined_runs("case for phone")
    assert "rs2548" in joined_runs("sander RS 25-48")


@given(st.text(max_size=80))
def test_any_text_is_read(text: str) -> None:
    squeezed = "".join(filter(str.isalnum, text.lower()))
    for run in (*joined_pairs(text), *joined_runs(text)):
        assert run and run in squeezed
    assert MAX_RUN > 1
