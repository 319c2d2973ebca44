"""Each pair's share of its query's negatives."""

from __future__ import annotations

from collections import Counter

from records import InputError
from training.negatives.choose import Negatives
from training.pairs.training_set import TrainingSet


def deal_negatives(
    training_set: TrainingSet, negatives: Negatives, per_pair: int
) -> tuple[tuple[str, ...], ...]:
    """Negatives of ``training_set.pairs``, in their order: at most ``per_pair`` for each.

    The pairs of a query take turns through its list and begin again at the end, so two pairs share a negative
    only when the list is too short for both. A query with fewer than ``per_pair`` gives all it has.

    Raises:
        InputError: ``per_pair`` is under 1.
    """
    if per_pair < 1:
        raise InputError(f"per_pair {per_pair} deals nothing", fix="use 1 or more")
    turns: Counter[str] = Counter()
    dealt: list[tuple[str, ...]] = []
    for pair in training_set.pairs:
        pool = negatives.get(pair.query_id, ())
        start = turns[pair.query_id] * per_pair
        turns[pair.query_id] += 1
        dealt.append(tuple(pool[(start + i) % len(pool)] for i in range(min(per_pair, len(pool)))))
    return tuple(dealt)
