"""What a request for similar items answers: its items, who found each, and how long it took. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisle.recommendation.item_to_item.quota import Head
from aisle.recommendation.item_to_item.similar import HeadRank, HeadScorer, Trigger, head_rank
from aisle.search.fusion import Fused
from aisle.search.rules.effects import RuleReport
from aisle.search.similar.plan import PARTS, SimilarRanking
from aisle.types import DiversitySignal, Item, flat_json


@dataclass(frozen=True, slots=True)
class SimilarHit:
    """One similar item and who found it.

    Attributes:
        item: as the index has it.
        rank: from 1.
        head: that its place was given to; None for an item that only a rule pins.
        score: its order in that head's list; scores of different heads are not comparable.
        signals: what each part added to the score: ``vectors``, ``counts`` (what baskets say, of engagement
            alone), then business signals and ``rules``. They sum to it.
        heads: what each head says of it, before business signals and rules; ranks are those of its list after
            them, and None where the head was not asked or has not found it.
        diversity: what diversity made of it; None where none was asked for.
    """

    item: Item
    rank: int
    head: Head | None
    score: float
    signals: Mapping[str, float]
    heads: Mapping[Head, HeadRank]
    diversity: DiversitySignal | None = None

    @property
    def id(self) -> str:
        """Of the item."""
        return self.item.id

    @property
    def title(self) -> str:
        """Of the item."""
        return self.item.title

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "id": self.id,
            "title": self.title,
            "rank": self.rank,
            "head": self.head,
            "score": self.score,
            "signals": dict(self.signals),
            "heads": {head.value: flat_json(found) for head, found in self.heads.items()},
            "diversity": flat_json(self.diversity) if self.diversity else None,
            "item": self.item.to_json(),
        }


@dataclass(frozen=True, slots=True)
class SimilarTimings:
    """Milliseconds of one request.

    Attributes:
        total: as the caller sees it.
        trigger: reading the trigger's document.
        candidates: the request of all channels, and what becomes of their answers.
        documents: the request of the page's documents.
        server: what OpenSearch says its searches ``took``; one after the other, though it may run them
            side by side.
    """

    total: float
    trigger: float
    candidates: float
    documents: float
    server: float


@dataclass(frozen=True, slots=True)
class SimilarPage:
    """An answer from an index.

    Attributes:
        id, title: of the trigger.
        indexed: whether the index has the trigger; else the model's vectors of it were asked with.
        alpha: percent of the places that the engagement head has.
        items: best first.
        pool: candidates that were merged, of both heads, each once.
        release: index that answered.
        timings: milliseconds.
        rules: what rules did; None if they were not to act.
    """

    id: str
    title: str
    indexed: bool
    alpha: float
    items: tuple[SimilarHit, ...]
    pool: int
    release: str
    timings: SimilarTimings
    rules: RuleReport | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "id": self.id,
            "title": self.title,
            "indexed": self.indexed,
            "alpha": self.alpha,
            "items": [item.to_json() for item in self.items],
            "pool": self.pool,
            "release": self.release,
            "timings_ms": flat_json(self.timings),
            "rules": self.rules.to_json() if self.rules else None,
        }


def page_hits(
    shown: Sequence[Fused],
    items: Mapping[str, Item],
    vectors: Mapping[Head, NDArray[np.float32]],
    scorer: HeadScorer,
    trigger: Trigger,
    ranking: SimilarRanking,
    moved: Mapping[str, DiversitySignal],
) -> tuple[SimilarHit, ...]:
    """The page.

    Args:
        shown: best first; those whose documents are gone are left out.
        items: id to its document.
        vectors: of each head, float32 [shown, dims]; zeros for an item without one.
        scorer: of the client.
        trigger: whose similar items they are.
        ranking: that they were cut from.
        moved: item to what diversity made of it.
    """
    ranks = {
        head: {fused.id: rank for rank, fused in enumerate(found, 1)} for head, found in ranking.lists.items()
    }
    ids = [fused.id for fused in shown]
    scores = scorer.scores_of(trigger, ids, vectors[Head.ENGAGEMENT], vectors[Head.RELEVANCE])
    found: list[SimilarHit] = []
    for row, fused in enumerate(shown):
        if fused.id in items:
            place = ranking.merged.get(fused.id)
            heads = {
                head: head_rank(ranks.get(head, {}).get(fused.id), float(scores[head][row])) for head in Head
            }
            found.append(
                SimilarHit(
                    items[fused.id],
                    len(found) + 1,
                    place.head if place else None,
                    fused.score,
                    _signals(fused) if place else {},
                    heads,
                    moved.get(fused.id),
                )
            )
    return tuple(found)


def _signals(fused: Fused) -> dict[str, float]:
    signals = dict(zip(PARTS, fused.contributions, strict=True))
    for added in fused.additions:
        # A number of the catalogue may be called as a part is.
        signals[added.name] = signals.get(added.name, 0.0) + added.value
    return signals
