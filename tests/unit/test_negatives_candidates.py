"""Candidates: BM25 and exact inner products over the whole catalogue."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from aisle.errors import InputError, MissingExtra
from aisle.training.data import mining as dense
from aisle.training.data.mining import bm25_search, dense_candidates, lexical_candidates, nearest
from aisle.training.data.training_set import Pair, PairSource, TrainingSet, training_set

ITEMS = {
    "d4": "4 ft pine board",
    "d8": "8 ft pine board",
    "drill": "cordless drills, set of two",
    "paint": "blue paint",
    "mute": "!!",
}


def shelf(queries: dict[str, str]) -> TrainingSet:
    return training_set(
        [Pair(q, text, "paint", 3, PairSource.JUDGMENTS) for q, text in queries.items()], ITEMS
    )


def test_words_meet_by_their_stem_and_a_digit_counts() -> None:
    found = lexical_candidates(shelf({"q1": "Drill", "q2": "8 ft board"}), 10)
    assert found["q1"] == ("drill",)
    assert found["q2"] == ("d8", "d4")


def test_a_query_of_unknown_words_or_none_finds_nothing() -> None:
    assert lexical_candidates(shelf({"q1": "zebra", "q2": "?"}), 10) == {"q1": (), "q2": ()}


def test_depth_bounds_the_list() -> None:
    assert len(lexical_candidates(shelf({"q": "pine board"}), 1)["q"]) == 1


def test_a_query_batch_does_not_change_what_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    queries = {f"q{i}": text for i, text in enumerate(ITEMS.values())}
    whole = bm25_search(ITEMS, queries, 3)
    monkeypatch.setattr("aisle.training.data.mining._BATCH", 2)
    assert bm25_search(ITEMS, queries, 3) == whole


def test_a_catalogue_without_words_is_refused() -> None:
    with pytest.raises(InputError, match="no item has a word"):
        bm25_search({"a": "!!", "b": "..."}, {"q": "drill"}, 5)


@pytest.mark.parametrize("module", ["bm25s", "Stemmer"])
def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=r"aisle\[train\]"):
        bm25_search(ITEMS, {"q": "drill"}, 5)


@pytest.mark.parametrize("depth", [0, -1])
def test_a_depth_that_finds_nothing_is_refused(depth: int) -> None:
    with pytest.raises(InputError, match="depth"):
        lexical_candidates(shelf({"q": "drill"}), depth)
    with pytest.raises(InputError, match="depth"):
        dense_candidates(shelf({"q": "drill"}), Letters(), depth)


def letters(texts: Sequence[str]) -> NDArray[np.float32]:
    """Unit rows of letter counts."""
    counts = np.array([[1 + text.lower().count(chr(97 + i)) for i in range(26)] for text in texts])
    rows = counts.astype(np.float32)
    unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


class Letters:
    """An encoder for which queries look for the same letters."""

    def __init__(self, more: Sequence[str] = ()) -> None:
        self._more = more

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A row for each, and for each one more."""
        return letters([*texts, *self._more])

    encode_items = encode_queries


def test_dense_candidates_are_those_of_the_full_product(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(5)
    items = {f"i{i}": "".join(chr(97 + c) for c in draw.integers(0, 26, 30)) for i in range(53)}
    pairs = [Pair(f"q{i}", items[f"i{i}"][:8], f"i{i}", 3, PairSource.TITLES) for i in range(11)]
    data = training_set(pairs, items)
    products = letters(list(data.queries.values())) @ letters(list(items.values())).T
    # Blocks smaller than the data: results cross their borders.
    monkeypatch.setattr(dense, "ITEMS_AT_ONCE", 10)
    monkeypatch.setattr(dense, "QUERIES_AT_ONCE", 4)
    found = dense_candidates(data, Letters(), 7)
    for row, query in zip(products, data.queries, strict=True):
        best = np.sort(row)[::-1][:7]
        np.testing.assert_allclose([row[int(item[1:])] for item in found[query]], best, rtol=1e-6)


def test_dense_candidates_end_with_the_catalogue() -> None:
    assert sorted(dense_candidates(shelf({"q": "drill"}), Letters(), 99)["q"]) == sorted(ITEMS)


def test_nearest_gives_rows_and_products_in_order() -> None:
    items = np.eye(3, dtype=np.float32)
    places, values = nearest(np.array([[0.1, 0.9, 0.5]], dtype=np.float32), items, 2)
    assert places.tolist() == [[1, 2]]
    np.testing.assert_allclose(values, [[0.9, 0.5]])


def test_an_encoder_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(InputError, match="shape"):
        dense_candidates(shelf({"q": "drill"}), Letters([""]), 3)
