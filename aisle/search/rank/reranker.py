"""Candidates to a better order: each stage reads the best of what the one before left."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from aisle._arguments import check_real, check_whole
from aisle.encoder import item_text
from aisle.errors import InputError, InvalidQuery
from aisle.mappings import fields
from aisle.mappings.document import item_of
from aisle.search.fusion import Fused
from aisle.search.rank.stage import (
    CascadeStage,
    Clock,
    Recent,
    ScoreCache,
    StageContext,
    ThroughputEstimate,
    digest_of,
)
from aisle.types import RerankSignal


def blend(before: Sequence[float], scores: Sequence[float], weight: float) -> list[float]:
    """A weighted mean of both, each brought to 0 .. 1 over the list (min-max).

    Args:
        before: what ordered the list so far.
        scores: what a model says, of any scale; as many.
        weight: of ``scores``, 0 to 1.

    Returns:
        As many values within 0 and 1. A list whose values are all equal adds the same to each.
    """
    return [
        (1 - weight) * old + weight * new for old, new in zip(_scaled(before), _scaled(scores), strict=True)
    ]


def best_first(values: Sequence[float]) -> list[int]:
    """Positions by falling value; equal ones stay in their order."""
    return sorted(range(len(values)), key=lambda at: -values[at])


def _scaled(values: Sequence[float]) -> list[float]:
    low, high = min(values, default=0.0), max(values, default=0.0)
    width = high - low
    return [(value - low) / width if width > 0 else 0.0 for value in values]


USUAL_WEIGHT: Final = 0.4
"""A small model knows other things than the fusion does, not more: see docs/benchmarks/search-quality.md."""


@dataclass(frozen=True, slots=True)
class RerankOptions:
    """How candidates are reranked: how many, for how long, and how much the model counts.

    Attributes:
        top: how many candidates are reranked at most; None: as many as the reranker's stages take.
        budget_ms: how many milliseconds it may take, reading the texts included; None: no limit. Candidates
            are scored best first; those left when time is up keep their order, below the others.
        weight: share of the model in the final order, 0 to 1 (the model alone); the rest is the fused
            score's.
        chunk: pairs that are scored between two looks at the clock.

    Raises:
        InvalidQuery: a value that cannot be used.
    """

    top: int | None = None
    budget_ms: float | None = None
    weight: float = USUAL_WEIGHT
    chunk: int = 16

    def __post_init__(self) -> None:
        check_whole(chunk=self.chunk, top=1 if self.top is None else self.top)
        check_real(weight=self.weight, budget_ms=1 if self.budget_ms is None else self.budget_ms)
        for name, holds, fix in (
            ("top", self.top is None or self.top >= 1, "1 or more"),
            ("budget_ms", self.budget_ms is None or self.budget_ms > 0, "more than 0 milliseconds"),
            ("weight", 0 <= self.weight <= 1, "0 (the fused order) to 1 (the model alone)"),
            ("chunk", self.chunk >= 1, "1 or more"),
        ):
            if not holds:
                raise InvalidQuery(
                    f"a search cannot be reranked with {name} {getattr(self, name)}", fix=f"give {fix}"
                )


SCORES = 100_000
"""Scores that are remembered: about 15 MB."""

SEARCHES = 1_000
"""Searches whose depth is remembered, for their next pages."""


@dataclass(frozen=True, slots=True)
class RerankResult:
    """Candidates in their final order.

    Attributes:
        order: all of them: those that were reranked, best first, then the others as they were.
        signals: item id to what the models said; only those that were reranked.
        stopped: whether the time was up before all were scored.
    """

    order: list[Fused]
    signals: Mapping[str, RerankSignal]
    stopped: bool


@dataclass(frozen=True, slots=True)
class RerankedOrder:
    """A ranking in its final order.

    Attributes:
        order: all candidates.
        found: what the reranker said, None if nothing was reranked.
        ms: all of it, reading the texts included; server_ms: of that, as OpenSearch ``took``.
    """

    order: list[Fused]
    found: RerankResult | None = None
    ms: float = 0.0
    server_ms: float = 0.0


def texts_body(ids: Sequence[str]) -> dict[str, Any]:
    """Body of the request for the texts that a reranker reads.

    They are not remembered from search to search: an item may be updated in place, and its score must follow.
    """
    return {
        "size": len(ids),
        "_source": [fields.TITLE, fields.TEXT],
        "query": {"ids": {"values": list(ids)}},
        "track_total_hits": False,
    }


def read_texts(answer: Mapping[str, Any]) -> dict[str, str]:
    """Id to encoder text, from the answer to `texts_body`; items deleted meanwhile are absent."""
    return {hit["_id"]: item_text(item_of(hit["_id"], hit["_source"])) for hit in answer["hits"]["hits"]}


@dataclass(frozen=True, slots=True)
class _Entry:
    """A reranked item: the value that orders it, the last model's score, and which stage gave it."""

    fused: Fused
    value: float
    score: float = 0.0
    stage: int = 0


class Reranker:
    """Models that put the best candidates in a better order, such as a small one for 100 and a large one for
    its best 20.

    Safe to share between threads and clients: what they share is a memory of scores, keyed by query, item
    text and artifact.

    Args:
        stages: models and how many each reads, first to last.
        remembered: scores that are kept in memory.
        clock: in seconds, never going back.

    Raises:
        InputError: no stage.
    """

    def __init__(
        self, stages: Sequence[CascadeStage], *, remembered: int = SCORES, clock: Clock = time.monotonic
    ) -> None:
        if not stages:
            raise InputError("a reranker without a model changes nothing", fix="give at least one stage")
        self.stages = tuple(stages)
        self._paces = [ThroughputEstimate() for _ in stages]
        self._clock = clock
        self._scores: ScoreCache = Recent(remembered)
        self._depths: Recent[bytes, tuple[int, ...]] = Recent(SEARCHES)

    def depth(self, options: RerankOptions) -> int:
        """How many candidates are read at most."""
        return min(self.stages[0].top, options.top or self.stages[0].top)

    def rerank(
        self,
        query: str,
        fused: Sequence[Fused],
        texts: Mapping[str, str],
        options: RerankOptions,
        *,
        before: Mapping[str, float] = MappingProxyType({}),
        pinned: int = 0,
        spent_ms: float = 0.0,
        later_page: bool = False,
    ) -> RerankResult:
        """Put the best candidates in a new order; the same one for every page of a search.

        Args:
            query: as every leg got it.
            fused: all candidates, best first.
            texts: item id to encoder text; a candidate without one is left where it is, below.
            options: how far and how long.
            before: item id to what ordered it so far; one that is missing has its fused score.
            pinned: so many of the first stay where they are.
            spent_ms: of the budget, on reading the texts.
            later_page: stop where the search's first page stopped, if that is remembered.
        """
        deadline = None
        if options.budget_ms is not None:
            deadline = self._clock() + (options.budget_ms - spent_ms) / 1000
        read = fused[pinned : pinned + self.depth(options)]
        current = [_Entry(each, before.get(each.id, each.score)) for each in read if each.id in texts]
        search = digest_of(query, repr(options), *(entry.fused.id for entry in current))
        (depths,) = self._depths.find([search]) if later_page else (None,)
        reached: list[int] = []
        stopped = False
        for number, (stage, pace) in enumerate(zip(self.stages, self._paces, strict=True), 1):
            head = current[: stage.top if depths is None else depths[number - 1]]
            turn = StageContext(stage, pace, self._scores, self._clock, deadline, options.chunk)
            scores = turn.scores(query, [texts[entry.fused.id] for entry in head])
            stopped |= len(scores) < min(stage.top, len(current))
            reached.append(len(scores))
            # Only what the first stage scored is reranked; a later one may leave its rest as it is.
            rest = current[len(scores) :] if number > 1 else []
            current = [*_reordered(head[: len(scores)], scores, options.weight, number), *rest]
        self._depths.keep([(search, tuple(reached))])
        return _finished(fused[:pinned], fused[pinned:], current, stopped)


def _reordered(head: Sequence[_Entry], scores: Sequence[float], weight: float, stage: int) -> list[_Entry]:
    values = blend([entry.value for entry in head], scores, weight)
    return [replace(head[at], value=values[at], score=scores[at], stage=stage) for at in best_first(values)]


def _finished(
    pinned: Sequence[Fused], others: Sequence[Fused], reranked: Sequence[_Entry], stopped: bool
) -> RerankResult:
    ranks = {each.id: rank for rank, each in enumerate(others, len(pinned) + 1)}
    signals = {
        entry.fused.id: RerankSignal(entry.score, entry.value, entry.stage, rank, ranks[entry.fused.id])
        for rank, entry in enumerate(reranked, len(pinned) + 1)
    }
    rest = [each for each in others if each.id not in signals]
    return RerankResult([*pinned, *(entry.fused for entry in reranked), *rest], signals, stopped)
