"""The records that readers yield: items, queries, judgments, interactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

Say: TypeAlias = Callable[[str], None]
"""Takes a line about what is being done."""

CountProgress: TypeAlias = Callable[[str, int, int], None]
"""Takes what is being done, how much of it is done, and of how much."""

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Item:
    """One product of a catalogue.

    Attributes:
        id: unique within the catalogue; becomes the document's ``_id`` (at most 512 UTF-8 bytes).
        title: the product's name, never empty.
        text: description, may be empty.
        brand, category: facet values, may be empty.
        price: in the catalogue's own currency, finite and not negative, or None.
        image: URL or path, may be empty.
        attributes: further facets, name to value, in the catalogue's own words.
    """

    id: str
    title: str
    text: str = ""
    brand: str = ""
    category: str = ""
    price: float | None = None
    image: str = ""
    attributes: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, slots=True)
class Query:
    """One question, as a user typed it."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Judgment:
    """How well an item answers a query: grade 0 (not at all) and up."""

    query_id: str
    item_id: str
    grade: int


@dataclass(frozen=True, slots=True)
class Interaction:
    """One step of a user's history; ``at`` orders a user's steps (position or epoch seconds)."""

    user: str
    item: str
    at: float


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
