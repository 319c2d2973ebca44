"""Pairs to rows: which items can be no negatives, and texts that occur twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisle.encoder.artifact import Prefixes
from aisle.training.data.examples import Examples, TokenTable
from aisle.training.data.training_set import Pair, PairSource, training_set
from tests.support.tiny_bert import MAX_POSITIONS, tiny_tokenizer


def pair(query_id: str, query: str, item: str, grade: int = 2) -> Pair:
    return Pair(query_id, query, item, grade, PairSource.JUDGMENTS)


ITEMS = {"a": "drill", "b": "drill bits", "c": "saw", "d": "saw", "e": "lamp"}


def test_partly_relevant_items_are_known_and_irrelevant_ones_are_not() -> None:
    data = training_set(
        [pair("1", "drill", "a"), pair("1", "drill", "b", 1), pair("1", "drill", "e", 0)], ITEMS
    )
    made = Examples.of([*data.pairs, pair("2", "x", "b"), pair("3", "y", "e")], data, Prefixes())
    assert {made.items[i] for i in made.known[0]} == {"drill", "drill bits"}


def test_two_items_of_one_text_are_one() -> None:
    data = training_set([pair("1", "saws", "c"), pair("2", "cut", "d")], ITEMS)
    made = Examples.of(data.pairs, data, Prefixes())
    assert made.items == ("saw",)
    assert made.candidates == ((0,), (0,))


def test_two_query_ids_of_one_text_share_what_is_known() -> None:
    data = training_set([pair("1", "tool", "a"), pair("2", "tool", "c")], ITEMS)
    made = Examples.of(data.pairs, data, Prefixes())
    assert made.query == (0, 0)
    assert made.known == (frozenset({0, 1}), frozenset({0, 1}))


def test_prefixes_and_negatives() -> None:
    data = training_set([pair("1", "tool", "a")], ITEMS)
    made = Examples.of(data.pairs, data, Prefixes(query="query: ", item="passage: "), [("e", "b")])
    assert made.queries == ("query: tool",)
    assert [made.items[i] for i in made.candidates[0]] == [
        "passage: drill",
        "passage: lamp",
        "passage: drill bits",
    ]


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    tiny_tokenizer(tmp_path, ["one"])
    return tmp_path / "tokenizer.json"


def test_long_texts_are_cut_and_counted(tokenizer: Path) -> None:
    fits, long = "one " * (MAX_POSITIONS - 2), "one " * (MAX_POSITIONS - 1)
    table = TokenTable.of([fits, long, "one"], tokenizer, MAX_POSITIONS)
    assert table.truncated == 1
    assert [len(row) for row in table.ids] == [MAX_POSITIONS, MAX_POSITIONS, 3]
    # The end of a text stays marked.
    assert table.ids[0] == table.ids[1]
