"""Invariants of counts and channels."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.encoder.whitening import fit_whitening
from aisle.errors import InputError
from aisle.recommendation import matrices
from aisle.recommendation.channel import best
from aisle.recommendation.channels import ItemToItem, TextCosine, cosine, followers
from aisle.recommendation.counts import CountOptions, ItemCounts, count_items
from aisle.recommendation.ease import ease
from aisle.recommendation.settings import CountSettings, Learned, RecommenderSettings
from aisle.sequences import Sequences, sequences_of

ITEMS = tuple("abcdefg")
# Each makes a dozen sparse matrices; the first call of scipy on a busy machine takes its time.
FEW = settings(deadline=None, max_examples=40)
HISTORY = st.lists(st.integers(0, len(ITEMS) - 1), max_size=12)
HISTORIES = st.lists(HISTORY, min_size=1, max_size=6)
OPTIONS = st.builds(CountOptions, window=st.integers(1, 5), together=st.integers(1, 6))


def of(histories: list[list[int]]) -> Sequences:
    return sequences_of(ITEMS, histories)


@FEW
@given(HISTORIES, OPTIONS)
def test_counts_are_those_of_plain_python(histories: list[list[int]], options: CountOptions) -> None:
    counts = count_items(of(histories), options)
    follows: Counter[tuple[int, int]] = Counter()
    together: Counter[tuple[int, int]] = Counter()
    for history in histories:
        for place, later in enumerate(history):
            for distance in range(1, min(options.window, place) + 1):
                if (earlier := history[place - distance]) != later:
                    follows[earlier, later] += Fraction(options.unit, distance)  # type: ignore[assignment]
        latest = list(dict.fromkeys(reversed(history)))[: options.together]
        together.update((one, other) for one in latest for other in latest if one != other)
    for matrix, wanted in ((counts.follows, follows), (counts.together, together)):
        places = np.argwhere(matrix.toarray()).tolist()
        assert {(a, b): v for (a, b), v in zip(places, matrix.data, strict=True)} == wanted
    assert counts.taken.tolist() == [sum(h.count(i) for h in histories) for i in range(len(ITEMS))]
    assert counts.takers.tolist() == [sum(i in h for h in histories) for i in range(len(ITEMS))]


@FEW
@given(HISTORIES, st.data(), OPTIONS)
def test_counts_by_addition_are_those_of_a_rebuild(
    histories: list[list[int]], data: st.DataObject, options: CountOptions
) -> None:
    """Users who took more, and new ones, on any day, in any order."""
    known = [data.draw(st.integers(0, len(history)), label="known") for history in histories]
    counts = count_items(
        of([history[:length] for history, length in zip(histories, known, strict=True)]), options
    )
    for user in data.draw(st.permutations(range(len(histories))), label="order"):
        counts = counts.updated(of([histories[user][: known[user]]]), of([histories[user]]))
    rebuilt = count_items(of(histories), options)
    assert counts.equals(rebuilt)
    parts = [count_items(of([history]), options) for history in histories]
    total = parts[0]
    for part in parts[1:]:
        total = part + total
    assert total.equals(rebuilt)


@FEW
@given(HISTORIES, st.permutations(range(len(ITEMS))), st.integers(1, len(ITEMS)))
def test_counts_move_to_a_catalogue_that_changed(
    histories: list[list[int]], order: list[int], kept: int
) -> None:
    """The counts of the items that stay are what they were, at their new places."""
    counts = count_items(of(histories))
    moved = counts.over((*(ITEMS[place] for place in order[:kept]), "new"))
    for name in ("follows", "together"):
        before, after = getattr(counts, name).toarray(), getattr(moved, name).toarray()
        assert np.array_equal(after[:kept, :kept], before[np.ix_(order[:kept], order[:kept])])
        assert not after[kept:].any() and not after[:, kept:].any()
    assert moved.takers.tolist() == [*counts.takers[order[:kept]].tolist(), 0]


def test_what_was_not_counted_cannot_be_taken_away() -> None:
    counts = count_items(of([[0, 1]]))
    with pytest.raises(InputError, match="more would be taken away"):
        counts.updated(of([[2, 3]]), of([[2, 3, 4]]))
    with pytest.raises(InputError, match="counted otherwise"):
        counts + count_items(of([[0]]), CountOptions(window=2))
    with pytest.raises(InputError, match="cannot be counted"):
        CountOptions(window=17)


def learned(histories: list[list[int]]) -> Learned:
    vectors = np.random.default_rng(3).standard_normal((len(ITEMS), 4)).astype(np.float32)
    vectors[0] = 0
    return Learned(count_items(of(histories)), fit_whitening(vectors).apply(vectors))


@FEW
@given(HISTORIES, HISTORY, st.floats(0, 1), st.floats(0, 1))
def test_what_each_step_adds_sums_to_the_score(
    histories: list[list[int]], history: list[int], decay: float, last: float
) -> None:
    known = learned(histories)
    assert known.texts is not None
    asked, steps = of([history]), np.array(history, dtype=np.int32)
    every = np.arange(len(ITEMS))
    for channel in (
        ItemToItem("x", followers(known.counts), decay),
        ItemToItem("x", ease(known.counts.together, known.counts.takers, 1.0), decay),
        TextCosine("x", known.texts, decay, last),
        RecommenderSettings(popularity_weight=0.0).channel(known),
    ):
        shares = channel.shares(steps, every).sum(axis=0)
        np.testing.assert_allclose(shares, channel.scores(asked)[0], rtol=1e-3, atol=1e-4)


@FEW
@given(HISTORY, st.floats(0, 1), st.floats(0, 1))
def test_a_text_does_not_speak_for_itself(history: list[int], decay: float, last: float) -> None:
    """The score of an item is that of a history in which it stands without its text."""
    vectors = learned([[0]]).texts
    assert vectors is not None
    found = TextCosine("x", vectors, decay, last).scores(of([history]))[0]
    for item in range(len(ITEMS)):
        steps = np.array(history, dtype=np.int32)
        shares = TextCosine("x", vectors, decay, last).shares(steps, np.array([item]))[:, 0]
        np.testing.assert_allclose(found[item], shares[steps != item].sum(), rtol=1e-3, atol=1e-4)


@FEW
@given(HISTORIES)
def test_scores_of_many_are_those_of_each(histories: list[list[int]]) -> None:
    channel = RecommenderSettings().channel(learned(histories))
    together = channel.scores(of(histories))
    for row, history in zip(together, histories, strict=True):
        np.testing.assert_allclose(row, channel.scores(of([history]))[0], rtol=1e-4, atol=1e-5)


@FEW
@given(
    st.lists(st.sampled_from([0.0, -1.0, 0.5, 2.0]), min_size=1, max_size=20),
    st.integers(1, 25),
    st.data(),
)
def test_the_best_are_those_of_a_sort_without_the_excluded(
    values: list[float], size: int, data: st.DataObject
) -> None:
    allowed = data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    found = best(np.array(values, dtype=np.float32), size, np.array(allowed))
    wanted = sorted((i for i, kept in enumerate(allowed) if kept), key=lambda i: (-values[i], i))[:size]
    assert found.tolist() == wanted


@FEW
@given(HISTORIES, st.sampled_from([0.5, 5.0, 200.0]))
def test_ease_is_the_formula(histories: list[list[int]], added: float) -> None:
    counts: ItemCounts = count_items(of(histories))
    gram = counts.together.toarray() + np.diag(counts.takers + added)
    inverse = np.linalg.inv(gram)
    wanted = -inverse / np.diag(inverse)
    np.fill_diagonal(wanted, 0)
    np.testing.assert_allclose(ease(counts.together, counts.takers, added), wanted, rtol=1e-3, atol=1e-4)


@FEW
@given(HISTORIES, st.floats(0, 10))
def test_cosine_is_symmetric_and_at_most_1(histories: list[list[int]], shrink: float) -> None:
    counts = count_items(of(histories))
    found = cosine(counts.together, counts.takers, shrink).toarray()
    np.testing.assert_allclose(found, found.T)
    assert found.min() >= 0 and found.max() <= 1 + 1e-6


def test_a_user_of_very_many_events_is_counted_in_seconds() -> None:
    steps = np.random.default_rng(0).integers(0, 3000, 300_000).astype(np.int32)
    items = tuple(map(str, range(3000)))
    one = Sequences(items, ("u",), np.array([0, len(steps)], dtype=np.int64), steps)
    counts = count_items(one)
    assert counts.taken.sum() == len(steps) and counts.takers.max() == 1
    assert counts.together.nnz == 100 * 99
    cycle = Sequences(items, ("u",), one.offsets, np.zeros(len(steps), dtype=np.int32))
    assert count_items(cycle).follows.nnz == 0
    assert CountSettings().channel(Learned(counts)).scores(cycle).shape == (1, 3000)


def test_counts_made_in_parts_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(4)
    sequences = of([draw.integers(0, len(ITEMS), length).tolist() for length in (5, 0, 3, 9, 1, 4, 4)])
    whole = count_items(sequences)
    for pairs in (1, 10, 40):
        monkeypatch.setattr(matrices, "PAIRS", pairs)
        assert count_items(sequences).equals(whole)
