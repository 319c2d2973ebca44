"""One page of results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from aisle.search.facets import Facets
from aisle.types import Hit


@dataclass(frozen=True, slots=True)
class Correction:
    """Attributes:
    text: the query that was searched instead.
    words: word as it was typed to the word that was searched.
    """

    text: str
    words: Mapping[str, str]


class MatchType(Enum):
    """What decided which results come first."""

    LEGS = "legs"
    """The fused legs alone: what most queries take."""
    CORRECTED = "corrected"
    """The fused legs, asked again without the words that no item has."""
    EXACT = "exact"
    """Items that the query names, by id or part number, come first, or alone."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds of one search.

    Attributes:
        total: as the caller sees it.
        encode: turning the query into a vector.
        server: what OpenSearch says it ``took``, all requests together.
        rerank: reranking, reading the texts included; 0 where there was none.
    """

    total: float
    encode: float
    server: float
    rerank: float = 0.0


@dataclass(frozen=True, slots=True)
class Page:
    """One page over a fixed candidate window.

    Attributes:
        hits: this page's results, best first.
        page: 1-based.
        size: hits asked for per page.
        reachable: how many results paging can reach: the union of the legs' windows, never more.
        total: how many items matched any leg, at least (OpenSearch stops counting at 10,000).
        total_is_exact: whether ``total`` is a count or a lower bound.
        release: index that answered.
        facets: None unless asked for.
        timings: milliseconds.
        path: what decided which results come first.
        corrected: what was searched instead of the query, None if the query was.
        reranked: how many candidates were; they are the first, but for items that the query names.
        rerank_stopped: whether the time was up before all that were to be reranked were.
    """

    hits: tuple[Hit, ...]
    page: int
    size: int
    reachable: int
    total: int
    total_is_exact: bool
    release: str
    facets: Facets | None
    timings: Timings
    path: MatchType = MatchType.LEGS
    corrected: Correction | None = None
    reranked: int = 0
    rerank_stopped: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; each hit with its ``signals``."""
        return {
            "hits": [hit.to_json() for hit in self.hits],
            "page": self.page,
            "size": self.size,
            "reachable": self.reachable,
            "total": self.total,
            "total_is_exact": self.total_is_exact,
            "release": self.release,
            "facets": asdict(self.facets) if self.facets else None,
            "timings_ms": asdict(self.timings),
            "path": self.path.value,
            "corrected": asdict(self.corrected) if self.corrected else None,
            "reranked": self.reranked,
            "rerank_stopped": self.rerank_stopped,
        }
