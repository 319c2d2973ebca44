"""The questions that a catalogue suggests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle._try import ExampleQuery, example_queries, trial_name
from aisle.types import Item

SHOP = [
    *(Item(str(n), f"Canvas backpack {n} l", brand="Norvik", identifiers=(f"CB-{n}",)) for n in range(3)),
    *(Item(str(n), f"Folding stroller number {n}", categories=(("Baby", "Strollers"),)) for n in range(3, 5)),
    Item("9", "Sofa", categories=(("Home", "Sofas"),)),
]


def test_words_of_many_titles_a_part_number_and_a_typing_error() -> None:
    assert example_queries(SHOP) == (
        ExampleQuery("canvas backpack norvik", "words of many titles, and a brand"),
        ExampleQuery("CB-0", "a part number"),
        ExampleQuery("fodling stroller", "a typing error: folding"),
    )


def test_what_a_catalogue_lacks_is_not_asked_for() -> None:
    plain = [Item(item.id, item.title) for item in SHOP]
    assert [query.why for query in example_queries(plain)] == [
        "words of many titles",
        "a typing error: folding",
        "words of many titles",
    ]
    assert example_queries([Item("1", "Sofa")]) == (ExampleQuery("Sofa", "a title"),)
    assert example_queries([Item("1", "ソファ", categories=(("家具",),))])[-1] == ExampleQuery(
        "家具", "a category"
    )
    assert example_queries([]) == ()


@given(titles=st.lists(st.text(min_size=1, max_size=30), max_size=8))
def test_any_titles_make_questions_and_the_same_ones_again(titles: list[str]) -> None:
    items = [Item(str(n), title) for n, title in enumerate(titles)]
    found = example_queries(items)
    assert found == example_queries(items) and len(found) <= 3
    assert all(query.text for query in found)
    assert bool(found) == bool(items)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("products.csv", "try-products"),
        ("/data/Été 2024.export.csv.gz", "try-t-2024"),
        ("https://user:secret@shop.example/feed.xml?token=secret", "try-feed"),
        ("hub:owner/Some_Set", "try-some-set"),
        ("shops/", "try-shops"),
        ("-", "try-catalogue"),
    ],
)
def test_a_trial_is_called_like_its_file(data: str, name: str) -> None:
    assert trial_name(data) == name
