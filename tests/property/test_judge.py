"""What holds of any search and any two result lists."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aisle.evaluation.encoders.exact import exact_neighbours, mean_overlap

IDS = st.lists(st.sampled_from("abcdefgh"), unique=True)
# A busy machine is slow to draw, and that is no fault.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
PAIRS = st.dictionaries(st.sampled_from(["q1", "q2", "q3"]), st.tuples(IDS, IDS), min_size=1)


@PATIENT
@given(pairs=PAIRS, depth=st.integers(1, 9))
def test_overlap_is_a_share(pairs: dict[str, tuple[list[str], list[str]]], depth: int) -> None:
    exact = {query: best for query, (best, _) in pairs.items()}
    found = {query: other for query, (_, other) in pairs.items()}
    if not any(exact.values()):
        return
    overlap = mean_overlap(found, exact, depth)
    assert 0 <= overlap <= 1
    assert mean_overlap(exact, exact, depth) == 1
    reversed_found = {query: ids[:depth][::-1] for query, ids in found.items()}
    assert mean_overlap(reversed_found, exact, depth) == overlap


@PATIENT
@given(seed=st.integers(0, 2**32), items=st.integers(1, 40), depth=st.integers(1, 50))
def test_exact_search_is_a_full_sort_with_ties_by_id(seed: int, items: int, depth: int) -> None:
    # Whole numbers are exact in float32 and make many ties.
    chance = np.random.default_rng(seed)
    matrix = chance.integers(-1, 2, size=(items, 4)).astype(np.float32)
    queries = chance.integers(-1, 2, size=(3, 4)).astype(np.float32)
    ids = [f"i{number}" for number in chance.permutation(items)]
    for query, found in zip(queries, exact_neighbours(queries, matrix, ids, depth), strict=True):
        scored = sorted((-float(row @ query), name) for row, name in zip(matrix, ids, strict=True))
        assert found == [name for _, name in scored[:depth]]
