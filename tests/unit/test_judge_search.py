"""Exact search and the HNSW graph beside it."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from aisle.errors import InputError, MissingExtra
from aisle.evaluation.encoders import exact as exact_search
from aisle.evaluation.encoders.exact import Floats, exact_neighbours, mean_overlap
from aisle.evaluation.encoders.hnsw import HnswSearch
from aisle.mappings import IndexSettings

IDS = [f"i{number:03d}" for number in range(400)]


def unit(count: int, dims: int = 8, seed: int = 0) -> Floats:
    rows = np.random.default_rng(seed).standard_normal((count, dims)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def test_a_beam_as_wide_as_the_catalogue_finds_what_exact_search_finds() -> None:
    items, queries = unit(400), unit(30, seed=1)
    exact = exact_neighbours(queries, items, IDS, 50)
    assert HnswSearch(ef_search=400)(queries, items, IDS, 50) == exact


def test_a_poor_graph_loses_neighbours() -> None:
    items, queries = unit(400, 32), unit(30, 32, seed=1)
    exact = dict(enumerate(exact_neighbours(queries, items, IDS, 5)))
    poor = HnswSearch(m=2, ef_construction=2, ef_search=1)(queries, items, IDS, 5)
    found = {str(number): ids for number, ids in enumerate(poor)}
    assert mean_overlap(found, {str(number): ids for number, ids in exact.items()}, 5) < 0.9


def test_equal_products_go_by_id_also_at_the_cut() -> None:
    items = np.repeat(unit(1), 40, axis=0)
    ids = [f"i{number:02d}" for number in reversed(range(40))]
    assert exact_neighbours(items[:1], items, ids, 3) == [["i00", "i01", "i02"]]
    (found,) = HnswSearch()(items[:1], items, ids, 40)
    assert len(found) > 5 and found == sorted(found)


def test_several_chunks_make_one_result(monkeypatch: pytest.MonkeyPatch) -> None:
    items, queries = unit(50), unit(9, seed=1)
    whole = exact_neighbours(queries, items, IDS[:50], 7)
    monkeypatch.setattr(exact_search, "_SCORES_AT_ONCE", 120)
    assert exact_neighbours(queries, items, IDS[:50], 7) == whole


@pytest.mark.parametrize("search", [exact_neighbours, HnswSearch()])
def test_no_more_comes_back_than_there_is(search: exact_search.Neighbours) -> None:
    items = unit(3)
    assert [sorted(found) for found in search(items[:2], items, ["a", "b", "c"], 10)] == [["a", "b", "c"]] * 2
    assert search(items[:0], items, ["a", "b", "c"], 10) == []
    assert search(items[:1], items[:0], [], 10) == [[]]


def test_the_graph_is_built_as_the_index_builds_it() -> None:
    assert (HnswSearch().m, HnswSearch().ef_construction) == (
        IndexSettings().m,
        IndexSettings().ef_construction,
    )


@pytest.mark.parametrize("setting", [{"m": 1}, {"ef_construction": 0}, {"ef_search": 0}])
def test_impossible_graphs_are_refused(setting: dict[str, int]) -> None:
    with pytest.raises(InputError, match="HNSW"):
        HnswSearch(**setting)


def test_without_faiss_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingExtra, match="faiss is not installed") as caught:
        HnswSearch()(unit(1), unit(2), ["a", "b"], 1)
    assert "aisle[train]" in caught.value.fix
