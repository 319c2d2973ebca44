"""What holds for every reranking, whatever the scores, the texts and the time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tokenizers import Tokenizer

from aisle.encoder.tokenizer import PairTokenizer, shares
from aisle.search import CascadeStage, Fused, Reranker, RerankOptions
from aisle.search.rank.reranker import best_first, blend
from aisle.search.rank.stage import Recent
from tests.support.tiny_bert import tiny_tokenizer

numbers = st.floats(-1e6, 1e6, width=32)
pairs = st.lists(st.tuples(numbers, numbers), max_size=30)


@given(pairs, st.floats(0, 1))
def test_a_blend_lies_within_0_and_1_and_keeps_what_both_agree_on(
    both: list[tuple[float, float]], weight: float
) -> None:
    before, scores = [old for old, _ in both], [new for _, new in both]
    values = blend(before, scores, weight)
    assert len(values) == len(both)
    assert all(-1e-9 <= value <= 1 + 1e-9 for value in values)
    for (old, new), value in zip(both, values, strict=True):
        for (other_old, other_new), other in zip(both, values, strict=True):
            if old >= other_old and new >= other_new:
                assert value >= other - 1e-9


@given(pairs)
def test_the_ends_of_the_blend_are_the_two_orders(both: list[tuple[float, float]]) -> None:
    before, scores = [old for old, _ in both], [new for _, new in both]
    for weight, kept in ((0.0, before), (1.0, scores)):
        ordered = [kept[at] for at in best_first(blend(before, scores, weight))]
        assert ordered == pytest.approx(sorted(kept, reverse=True), rel=1e-6, abs=1e-6)


@given(pairs, st.floats(0.1, 1), st.floats(0.5, 100, width=32), numbers)
def test_the_scale_of_a_models_scores_does_not_count(
    both: list[tuple[float, float]], weight: float, factor: float, shift: float
) -> None:
    before, scores = [old for old, _ in both], [round(new) for _, new in both]
    moved = [factor * score + shift for score in scores]
    assert blend(before, moved, weight) == pytest.approx(blend(before, scores, weight), abs=1e-3)


class Length:
    """Long texts are good ones."""

    fingerprint = "ab" * 32

    def score(self, query: str, texts: list[str]) -> NDArray[np.float32]:
        return np.array([len(text) for text in texts], dtype=np.float32)


@given(
    st.lists(st.text(alphabet="ab", max_size=6), max_size=25),
    st.integers(1, 30),
    st.integers(1, 10),
    st.integers(0, 5),
    st.sets(st.integers(0, 24)),
    st.floats(0, 1),
)
def test_every_candidate_stays_and_the_others_keep_their_order(
    texts: list[str], top: int, later: int, pinned: int, gone: set[int], weight: float
) -> None:
    fused = [Fused(f"i{at}", 1 / (at + 1), ()) for at in range(len(texts))]
    known = {f"i{at}": text for at, text in enumerate(texts) if at not in gone}
    reranker = Reranker([CascadeStage(Length(), 20), CascadeStage(Length(), later)])  # type: ignore[arg-type]
    found = reranker.rerank("q", fused, known, RerankOptions(top=top, weight=weight), pinned=pinned)
    assert sorted(f.id for f in found.order) == sorted(f.id for f in fused)
    assert found.order[:pinned] == fused[:pinned]
    read = fused[pinned : pinned + min(top, 20)]
    assert set(found.signals) == {f.id for f in read if f.id in known}
    rest = [f for f in found.order[pinned:] if f.id not in found.signals]
    assert rest == [f for f in fused[pinned:] if f.id not in found.signals]
    assert found.order[pinned + len(found.signals) :] == rest
    for rank, each in enumerate(found.order, 1):
        if signal := found.signals.get(each.id):
            assert (signal.rank, signal.rank_before) == (rank, fused.index(each) + 1)
            assert signal.score == len(known[each.id])


@given(st.integers(0, 5), st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers()), max_size=40))
def test_memory_is_bounded_and_never_wrong(most: int, writes: list[tuple[str, int]]) -> None:
    memory: Recent[str, int] = Recent(most)
    latest: dict[str, int] = {}
    for key, value in writes:
        memory.keep([(key, value)])
        latest.pop(key, None)
        latest[key] = value
        assert len(memory) <= most
        kept = list(latest)[max(0, len(latest) - most) :] if most else []
        assert [found for found in memory.find(list(latest)) if found is not None] == [
            latest[key] for key in kept
        ]
        # Reading made them the latest, in this order: that they are already.


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    tiny_tokenizer(folder, ["red", "drill"])
    return folder / "tokenizer.json"


words = st.lists(st.sampled_from(["red", "drill", "x", "é", "9"]), max_size=14).map(" ".join)


@given(words, st.lists(words, min_size=1, max_size=4), st.integers(5, 20))
def test_pairs_are_what_the_library_makes_of_them(
    tokenizer: Path, query: str, texts: list[str], most: int
) -> None:
    library = Tokenizer.from_file(str(tokenizer))
    library.enable_truncation(most, strategy="longest_first")
    made = PairTokenizer(tokenizer, most)(query, texts)
    for text, row, first in zip(texts, made.rows, made.firsts, strict=True):
        expected = library.encode(query, text)
        assert row == expected.ids
        assert [0] * first + [1] * (len(row) - first) == expected.type_ids


@given(st.integers(0, 50), st.integers(0, 50), st.integers(2, 60))
def test_shares_use_the_room_and_no_more(first: int, second: int, room: int) -> None:
    kept = shares(first, second, room)
    assert sum(kept) == min(first + second, room)
    assert kept[0] <= first
    assert kept[1] <= second
