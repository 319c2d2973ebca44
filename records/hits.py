"""What a search returns: hits that explain themselves (contract 4 of the design)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from records.items import Item


@dataclass(frozen=True, slots=True)
class LegSignal:
    """What one leg said about one hit.

    Attributes:
        leg: name of the leg ("bm25", "dense", ...).
        rank: 1-based rank within the leg's candidate window, None if the leg did not find the item.
        raw_score: the leg's own score (BM25, inner product, ...), None likewise.
        weight: the leg's weight in the fusion.
        contribution: what the leg added to the fused score; the contributions of a hit sum to its score
            for additive fusions (RRF, arithmetic mean).
    """

    leg: str
    rank: int | None
    raw_score: float | None
    weight: float
    contribution: float


@dataclass(frozen=True, slots=True)
class RerankSignal:
    """What a reranker said about one hit.

    Attributes:
        score: of the last model that read it; only differences within a search, and a stage, mean something.
        value: 0 to 1, what ordered the hits of its stage: the share of the model and of the order before.
        stage: which model of a cascade that was, from 1; hits of a later stage stand above the others.
        rank: 1-based, after reranking; rank_before: in the fused order.
    """

    score: float
    value: float
    stage: int
    rank: int
    rank_before: int


@dataclass(frozen=True, slots=True)
class Hit:
    """One result: the item, its final rank (1-based, over all pages), its fused score and why.

    ``rerank`` is None for a hit that was not reranked.
    """

    item: Item
    rank: int
    score: float
    signals: tuple[LegSignal, ...]
    rerank: RerankSignal | None = None

    def to_json(self) -> dict[str, Any]:
        """The same numbers as plain JSON, for ``--json``, the service and the page."""
        item = {
            "id": self.item.id,
            "title": self.item.title,
            "text": self.item.text,
            "brand": self.item.brand,
            "category": self.item.category,
            "price": self.item.price,
            "image": self.item.image,
            "attributes": dict(self.item.attributes),
        }
        return {
            "rank": self.rank,
            "score": self.score,
            "rerank": asdict(self.rerank) if self.rerank else None,
            "item": item,
            "signals": {s.leg: {k: v for k, v in asdict(s).items() if k != "leg"} for s in self.signals},
        }
