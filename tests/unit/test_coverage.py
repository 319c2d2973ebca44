"""What channels cover of targets, alone and together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from aisle.errors import EvaluationError
from aisle.evaluation.coverage import UNION, covered_targets
from aisle.evaluation.sequences.protocol import EvaluationProtocol, Phase, Split, split
from aisle.recommendation.prefix_channel import PrefixItems, ProjectedPrefixes
from aisle.sequences import Sequences, sequences_of

ITEMS = tuple("abcdefgh")
ONES = np.ones(len(ITEMS), dtype=np.float32)
WALKS = [[0, 1, 2, 3], [4, 5, 6, 7], [0, 2, 4, 6], [1, 3, 5]]


@dataclass(frozen=True, eq=False)
class Fixed:
    """A channel that scores every history alike."""

    name: str
    values: NDArray[np.float32]

    def scores(self, histories: Sequences) -> NDArray[np.float32]:
        return np.broadcast_to(self.values, (len(histories), len(self.values)))

    def shares(self, history: NDArray[np.int32], items: NDArray[np.intp]) -> NDArray[np.float32]:
        return np.zeros((len(history), len(items)), dtype=np.float32)


def asked() -> Split:
    return split(sequences_of(ITEMS, WALKS), EvaluationProtocol(), Phase.VALIDATION)


def proposals(values: NDArray[np.float32], seen: set[int]) -> list[int]:
    """What a channel proposes, best first."""
    return sorted((i for i, v in enumerate(values) if v > 0 and i not in seen), key=lambda i: (-values[i], i))


VALUES = arrays(np.float32, (3, len(ITEMS)), elements=st.sampled_from([0.0, -1.0, 0.5, 1.0, 2.0]))


@settings(deadline=None)
@given(VALUES, arrays(np.float32, (len(ITEMS),), elements=st.integers(0, 4), unique=False))
def test_the_union_is_the_best_of_all_proposals(
    values: NDArray[np.float32], score: NDArray[np.float32]
) -> None:
    data = asked()
    channels = [Fixed(name, row) for name, row in zip("xyz", values, strict=True)]
    found = covered_targets(channels, Fixed("", score), data, beside=(Fixed("beside", values[0]),))
    for user, target in enumerate(data.targets.tolist()):
        seen = set(data.histories.of(user).tolist())
        lists = [proposals(row, seen) for row in values]
        for name, proposed in zip("xyz", lists, strict=True):
            wanted = proposed.index(target) + 1 if target in proposed else len(ITEMS) + 1
            assert found.ranks[name][user] == wanted, (name, proposed, target)
        everything = sorted({item for one in lists for item in one}, key=lambda item: (-score[item], item))
        for budget in range(1, len(ITEMS) + 1):
            there = any(target in one[:budget] for one in lists) and target in everything[:budget]
            assert (found.ranks[UNION][user] <= budget) == there
    assert np.array_equal(found.ranks["beside"], found.ranks["x"])


def test_targets_are_told_apart_by_their_takers() -> None:
    data = asked()
    found = covered_targets((Fixed("all", ONES),), Fixed("", ONES), data)
    strata = found.by_takers(len(ITEMS))
    assert sum(held.users for held in strata.values()) == len(data.targets)
    assert {held.shares["all"] for held in strata.values()} == {1.0}
    nobody = covered_targets((Fixed("none", 0 * ONES),), Fixed("", ONES), data)
    assert nobody.share("none", len(ITEMS)) == nobody.share(UNION, len(ITEMS)) == 0
    for channels in ((), (Fixed("x", ONES), Fixed("x", ONES)), (Fixed(UNION, ONES),)):
        with pytest.raises(EvaluationError, match="cannot be told apart"):
            covered_targets(channels, Fixed("", ONES), data)


def test_prefixes_have_the_mean_score_of_their_items_and_the_popular_come_first() -> None:
    codes = np.array([[0, 0], [0, 0], [0, 1], [1, 0], [1, 0], [-1, -1], [2, 2], [2, 2]], dtype=np.int32)
    prefixes = np.array([[0, 0], [0, 1], [1, 0], [2, 2]], dtype=np.int32)
    often = np.array([0.1, 0.9, 0, 1, 0, 0, 0, 0], dtype=np.float32)
    items = PrefixItems.of(codes, prefixes, often)
    assert items.numbers.tolist() == [0, 0, 1, 2, 2, -1, 3, 3]
    base = Fixed("counts", np.array([4, 0, 1, 1, 1, 9, 0, -5], dtype=np.float32))
    channel = ProjectedPrefixes("prefixes", base, items)
    scores = channel.scores(sequences_of(ITEMS, [[0]]))[0]
    assert np.argsort(-scores, kind="stable")[:2].tolist() == [1, 0], "the more popular of one prefix"
    np.testing.assert_allclose(scores, [2, 2, 1, 1, 1, 0, 0, 0], rtol=2e-3)
