"""One page of results: its documents, why each hit is where it is, and what the page says of itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from aisle.mappings import FusionSpec
from aisle.search.facets.results import Facets
from aisle.search.fusion import Fused, LegResult
from aisle.search.rules.effects import RuleReport
from aisle.types import Hit, LegSignal, flat_json


@dataclass(frozen=True, slots=True)
class Correction:
    """A query as it was searched in place of the one that was typed.

    Attributes:
        text: the query that was searched instead.
        words: word as it was typed to the word that was searched.
    """

    text: str
    words: Mapping[str, str]


class MatchType(Enum):
    """What decided which results come first."""

    LEGS = "legs"
    """The fused legs alone, as for most queries."""
    CORRECTED = "corrected"
    """The fused legs, asked again without the words that no item has."""
    EXACT = "exact"
    """Items that the query names, by id or part number, come first."""
    SORTED = "sorted"
    """What the items have, see ``Page.sorted_by``."""
    BROWSE = "browse"
    """Nothing was searched for: the order is that of the signals, or the one that was asked for."""


class Matched(Enum):
    """What found the results."""

    WORDS = "words"
    """At least one result has a word of the query, or is named by it."""
    MEANING = "meaning"
    """No item has its words: the results are what is nearest in meaning, however far that is."""
    ALL = "all"
    """Nothing was searched for: the results are all that pass the filters."""
    NOTHING = "nothing"
    """There are no results."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds of one search.

    Attributes:
        total: as the caller sees it.
        encode: turning the query into a vector.
        server: what OpenSearch says it ``took``, all requests together.
        rerank: reranking, reading the texts included; 0 where there was none.
        rank: the learned ranker, asking what it needs to know included; 0 where there was none.
    """

    total: float
    encode: float
    server: float
    rerank: float = 0.0
    rank: float = 0.0


@dataclass(frozen=True, slots=True)
class Degradation:
    """What an answer went without.

    Attributes:
        left_out: ``rerank``, ``ranker`` (the learned one), ``meaning`` (all legs but that of words),
            ``extras`` (facets, highlights, corrections, whatever costs a further request), or ``search`` (an
            earlier answer).
        why: ``deadline`` (the time was over), ``load`` (others waited) or ``cluster`` (it did not answer).
        age_s: of an earlier answer, in seconds.
    """

    left_out: tuple[str, ...]
    why: str
    age_s: float | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of results, and what it says of itself.

    Attributes:
        hits: this page's results, best first.
        page: 1-based.
        size: hits asked for per page.
        reachable: how many results paging can reach: the union of the legs' windows, never more.
        total: how many items have a word of the query, or are named by it, and pass the filters. Where none
            has, how many are shown, see ``matched``. It may be less than ``reachable``: what is only near in
            meaning follows what has the words. In a grouped search both are products.
        total_is_exact: whether ``total`` is a count; of products, a count or an estimate.
        release: index that answered.
        facets: None unless asked for.
        timings: milliseconds.
        path: what decided which results come first.
        matched: what found them: a leg of meaning always finds something, even for a word without sense.
        excluded: words that no result has, as the query or the request says.
        corrected: what was searched instead of the query; None if the query itself was.
        text: the query as it was typed.
        ranked: how many candidates a learned ranker ordered.
        rank_stopped: whether time ran out before it could: the order is that of the fusion.
        reranked: how many candidates were reranked: the first ones, after any items that the query names.
        sorted_by: what the results are sorted by and which way, such as ``price:asc``; ``signals`` for the
            usual order of what is not searched for; None for relevance.
        cursor: for the next page of a list that goes by cursor; None for the last page.
        rerank_stopped: whether time ran out before all of them that should have been were reranked.
        rules: what rules did to the search; None if they were not to act.
        degraded: what the service went without to answer in time; None for a whole answer.
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
    matched: Matched = Matched.WORDS
    corrected: Correction | None = None
    excluded: tuple[str, ...] = ()
    text: str = ""
    ranked: int = 0
    rank_stopped: bool = False
    reranked: int = 0
    rerank_stopped: bool = False
    sorted_by: str | None = None
    cursor: str | None = None
    rules: RuleReport | None = None
    degraded: Degradation | None = None

    def to_json(self) -> dict[str, Any]:
        """The page as plain JSON, each hit with its ``signals``."""
        return {
            "hits": [hit.to_json() for hit in self.hits],
            "page": self.page,
            "size": self.size,
            "reachable": self.reachable,
            "total": self.total,
            "total_is_exact": self.total_is_exact,
            "release": self.release,
            "facets": self.facets.to_json() if self.facets else None,
            "timings_ms": flat_json(self.timings),
            "path": self.path.value,
            "matched": self.matched.value,
            "corrected": asdict(self.corrected) if self.corrected else None,
            "excluded": list(self.excluded),
            "text": self.text,
            # The options that search what was typed.
            "search_instead": {"text": self.text, "typos": False} if self.corrected else None,
            "ranked": self.ranked,
            "rank_stopped": self.rank_stopped,
            "reranked": self.reranked,
            "rerank_stopped": self.rerank_stopped,
            "sorted_by": self.sorted_by,
            "cursor": self.cursor,
            "rules": self.rules.to_json() if self.rules else None,
            "degraded": flat_json(self.degraded) if self.degraded else None,
        }


class SignalBook:
    """Looks up each leg's rank and raw score; built once per search, asked once per hit of the page."""

    def __init__(self, spec: FusionSpec, results: Mapping[str, LegResult]) -> None:
        self._spec = spec
        self._places = {
            leg: {
                id_: (rank, score) for rank, (id_, score) in enumerate(zip(r.ids, r.scores, strict=True), 1)
            }
            for leg, r in results.items()
        }

    def of(self, fused: Fused) -> tuple[LegSignal, ...]:
        """One signal per leg of the fusion, in its order."""
        signals = []
        for leg, weight, contribution in zip(
            self._spec.legs, self._spec.weights, fused.contributions, strict=True
        ):
            rank, score = self._places[leg].get(fused.id, (None, None))
            signals.append(LegSignal(leg, rank, score, weight, contribution))
        return tuple(signals)
