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
class Hit:
    """One result: the item, its final rank (1-based, over all pages), its fused score and why."""

    item: Item
    rank: int
    score: float
    signals: tuple[LegSignal, ...]
    rerank_score: float | None = None

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
            "rerank_score": self.rerank_score,
            "item": item,
            "signals": {s.leg: {k: v for k, v in asdict(s).items() if k != "leg"} for s in self.signals},
        }
