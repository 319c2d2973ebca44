"""A learned ranker: candidates as the fusion left them to an order that judgments taught, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from aisle.search.fusion import Fused
from aisle.search.rank.evidence import Evidence
from aisle.search.rank.features import FEATURES, features
from aisle.search.rank.titles import TitleReader
from aisle.types import RankerSignal

Floats = NDArray[np.float64]

DEPTH: Final = 200
"""Candidates that a ranker orders unless it says otherwise."""

MAX_DEPTH: Final = 1_000
"""The most that one may: all of them go into one request."""


class RankModel(Protocol):
    """What scores rows of features: ``Trees`` or ``Linear``."""

    def scores(self, rows: Floats, /) -> Floats:
        """float64 [n] of float64 [n, F]."""

    def contributions(self, rows: Floats, /) -> Floats:
        """float64 [n, F]: what each feature adds; with ``base`` they sum to the score."""

    @property
    def base(self) -> float:
        """What is added whatever the features are."""

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """All of it, by name."""


@dataclass(frozen=True, slots=True)
class Ranker:
    """A trained model and how far it looks.

    Attributes:
        name: of its artifact; fingerprint: 64 hex digits.
        model: scores the features.
        depth: candidates that it orders, from the top.
        titles: reads those of the candidates, and remembers them.
    """

    name: str
    fingerprint: str
    model: RankModel
    depth: int = DEPTH
    titles: TitleReader = field(default_factory=TitleReader, compare=False, repr=False)

    def rank(self, evidence: Evidence, fused: Sequence[Fused], pinned: int = 0) -> RankedByModel:
        """Put the candidates in a new order; those that the evidence does not know keep theirs, below.

        What multiplied the fused scores, such as rules and business signals that were asked for, multiplies
        the ranker's too, once these span what the fused ones do (the best is so many times the worst), and
        twice at least: so a boost, or a rule that buries, moves an item about as far as in the fused order.

        Args:
            evidence: of the candidates behind the pinned ones.
            fused: all candidates, best first.
            pinned: so many of the first stay where they are.
        """
        rows = features(evidence, self.titles)
        scores = self.model.scores(rows) if len(rows) else np.zeros(0)
        known = {each.id: each for each in fused}
        asked = [known[each.id] for each in evidence.candidates]
        factors = np.array([_factor(each) for each in asked])
        values = _scaled(scores, _least(asked)) * factors
        order = np.argsort(-values, kind="stable").tolist()
        ranked = [known[evidence.candidates[at].id] for at in order]
        placed = {each.id for each in ranked}
        rest = [each for each in fused[pinned:] if each.id not in placed]
        return RankedByModel(
            [*fused[:pinned], *ranked, *rest],
            self,
            rows,
            {evidence.candidates[at].id: at for at in order},
            scores,
            values,
            {each.id: rank for rank, each in enumerate(fused, 1)},
            pinned,
        )


@dataclass(frozen=True, slots=True)
class RankedByModel:
    """Candidates in the ranker's order, and what it said of them.

    Attributes:
        order: all candidates.
        ranker: that ordered them.
        rows: float64 [n, F], features of those that it ordered; places: id to row, best first.
        scores, values: float64 [n], of the model, and what ordered them.
        ranks: id to its rank in the fused order, from 1.
        pinned: so many were on top before.
    """

    order: list[Fused]
    ranker: Ranker
    rows: Floats
    places: Mapping[str, int]
    scores: Floats
    values: Floats
    ranks: Mapping[str, int]
    pinned: int

    def value(self, id_: str) -> float:
        """What ordered an item, 0 to 1 unless rules lift it; 0 for one that the ranker did not look at."""
        return float(self.values[self.places[id_]]) if id_ in self.places else 0.0

    def signals(self, ids: Sequence[str]) -> dict[str, RankerSignal]:
        """Item to what the ranker said of it, of those that it looked at: reckoned for a page alone."""
        asked = [id_ for id_ in ids if id_ in self.places]
        if not asked:
            return {}
        rows = [self.places[id_] for id_ in asked]
        final = {id_: rank for rank, id_ in enumerate(self.places, self.pinned + 1)}
        moved, base = self.ranker.model.contributions(self.rows[rows]), self.ranker.model.base
        return {
            id_: RankerSignal(
                float(self.scores[row]),
                float(self.values[row]),
                base,
                {
                    FEATURES[at].name: float(by[at])
                    for at in np.argsort(-np.abs(by), kind="stable").tolist()
                    if by[at] != 0.0
                },
                final[id_],
                self.ranks[id_],
            )
            for id_, row, by in zip(asked, rows, moved, strict=True)
        }


@dataclass(frozen=True, slots=True)
class LearnedOrder:
    """What a ranker did to one search.

    Attributes:
        ranked: its order; None where the fused one stays.
        ms: that it took, in milliseconds, its request included; server_ms: that OpenSearch ``took``.
        stopped: whether time ran out before it had an order.
    """

    ranked: RankedByModel | None = None
    ms: float = 0.0
    server_ms: float = 0.0
    stopped: bool = False


def _factor(fused: Fused) -> float:
    """What rules and signals made of a fused score, as a factor."""
    before = _as_fused(fused)
    return fused.score / before if before > 0 else 1.0


def _as_fused(fused: Fused) -> float:
    """The score before rules and signals."""
    return fused.score - sum([added.value for added in fused.additions]) if fused.additions else fused.score


_MOST_OF_THE_BEST: Final = 0.5


def _least(fused: Sequence[Fused]) -> float:
    """What the worst of these is worth beside the best, as they were fused; more than half counts as half."""
    scores = [_as_fused(each) for each in fused]
    best = max(scores, default=0.0)
    return min(_MOST_OF_THE_BEST, max(0.0, min(scores) / best)) if best > 0 else 0.0


def _scaled(scores: Floats, least: float) -> Floats:
    """From ``least`` to 1; equal ones are all 0, and keep the order that they have."""
    if not len(scores):
        return scores
    low, high = float(scores.min()), float(scores.max())
    return least + (1.0 - least) * (scores - low) / (high - low) if high > low else np.zeros_like(scores)
