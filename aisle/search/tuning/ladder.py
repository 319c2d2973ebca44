"""Which rungs of ranking are worth their time: each has to beat, on judged queries, what it stands on. Pure.

fusion → a learned ranker over 200 candidates → a reranker over the best 20 to 100
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from aisle.errors import InputError
from aisle.evaluation import paired_randomisation_test

FUSION: Final = "fusion"
RANKER: Final = "ranker"
RERANKER: Final = "reranker"


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to order results, and whether it is worth its time.

    Attributes:
        name: `FUSION`, `RANKER` or `RERANKER`.
        mean: of the metric, with it and the rungs that were kept before it.
        p50_ms: of a search so, in milliseconds, without documents.
        kept: whether searches should use it.
        delta: what it adds to the rungs below; None for the fusion.
        p_value: of ``delta``, by a paired randomisation test; None likewise.
        wins, losses: queries that it makes better, and worse.
    """

    name: str
    mean: float
    p50_ms: float
    kept: bool = True
    delta: float | None = None
    p_value: float | None = None
    wins: int = 0
    losses: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def rung_above(
    name: str,
    values: Mapping[str, float],
    below: Mapping[str, float],
    p50_ms: float,
    *,
    guard_p: float,
) -> Rung:
    """A rung held to what it stands on.

    Args:
        name: of the rung.
        values: query to the metric with it.
        below: the same queries without it.
        p50_ms: of a search with it.
        guard_p: it stays if it helps with a p-value below this.

    Raises:
        InputError: there are no queries.
    """
    if not values:
        raise InputError("no judged query has a relevant item", fix="judge some, or name another split")
    pairs = [(values[query], below[query]) for query in values]
    with_it, without = [one for one, _ in pairs], [other for _, other in pairs]
    delta = float(np.mean(with_it) - np.mean(without))
    p_value = paired_randomisation_test(with_it, without)
    return Rung(
        name,
        float(np.mean(with_it)),
        p50_ms,
        delta > 0 and p_value < guard_p,
        delta,
        p_value,
        sum(one > other for one, other in pairs),
        sum(one < other for one, other in pairs),
    )


def kept(rungs: Sequence[Rung]) -> frozenset[str]:
    """Names of the rungs that searches should use."""
    return frozenset(rung.name for rung in rungs if rung.kept)
