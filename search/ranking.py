"""All candidates of one search, fused: what pages are cut from and what evaluation scores."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opensearchpy import NotFoundError, OpenSearch, RequestError

from cluster import translated_errors
from mappings import FusionSpec, pipeline_name
from records import SearchError
from search.candidates import leg_results
from search.choice import Choice
from search.complete import check_complete
from search.correction import Correction
from search.facets import Facets, facets_body, read_facets
from search.filters import Filters
from search.fusion import Fused, LegResult, fuse
from search.legs import Leg, Question
from search.preflight import LiveIndex, Preflight
from search.query_sides import QuerySides
from search.query_weights import for_query
from search.request import candidates_body
from search.reweight import reweighted
from search.search_path import SearchPath
from search.spelling import read_spelling, spelling_body

# A release that goes live between check and question costs one more question.
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates, best first.

    Attributes:
        fused: every candidate with its score and contributions.
        results: what each leg found.
        spec: the fusion that made the order, with the weights that it used: see ``search.reweight``.
        release: index that answered.
        total, total_is_exact: as in ``Page``.
        facets: None unless asked for.
        encode_ms, server_ms: time spent on the query's vector, and as OpenSearch ``took``.
        text: the query that was searched; a reranker reads this one.
        path: what decided which results come first.
        suggested: words of ``text`` that are missing from a shard, and what they may stand for.
        corrected: what was searched instead of what was typed, None if that is what was typed.
        pinned_first: so many of ``fused`` are items that the query names. They are on top whatever their
            scores, and a reranker leaves them there.
    """

    fused: list[Fused]
    results: Mapping[str, LegResult]
    spec: FusionSpec
    release: str
    total: int
    total_is_exact: bool
    facets: Facets | None
    encode_ms: float
    server_ms: float
    text: str = ""
    path: SearchPath = SearchPath.LEGS
    suggested: Correction | None = None
    corrected: Correction | None = None
    pinned_first: int = 0


class Ranker:
    """Asks all legs in one request and fuses what they found; see ``SearchClient`` for the arguments."""

    def __init__(self, client: OpenSearch, preflight: Preflight, sides: QuerySides, window: int) -> None:
        self._client = client
        self._preflight = preflight
        self._sides = sides
        self._window = window

    def rank(
        self,
        text: str,
        choose: Callable[[FusionSpec | None], Choice],
        filters: Filters,
        facets: int,
        *,
        spelling: bool = False,
    ) -> Ranking:
        """Rank the candidates for a checked question, all from the release that was live when it was asked.

        Args:
            text: the question.
            choose: legs and fusion, given the fusion that the live release was tuned to.
            filters: see ``SearchClient.search``.
            facets: likewise.
            spelling: ask for ``Ranking.suggested``.

        Raises:
            SearchError: the answer is incomplete, or releases go live faster than they can be checked.
        """
        with translated_errors():
            for _ in range(_ATTEMPTS):
                legs, spec = choose(self._preflight.live().meta.fusion)
                live = self._preflight.passed(legs, spec)
                try:
                    ranking = self._rank(live, text, legs, spec, filters, facets, spelling)
                except (RequestError, NotFoundError):
                    # A new release of another width refuses the vector, one that was just deleted is gone. If
                    # no other release went live, the error stands.
                    self._preflight.forget()
                    if self._preflight.live() == live:
                        raise
                    continue
                if ranking.release == live.meta.release:
                    return ranking
                # Another release answered: it must pass, and be asked in its own terms, before that counts.
                self._preflight.forget()
        raise SearchError(
            f"{self._preflight.name} changed its release {_ATTEMPTS} times during one search",
            fix="run one `aisle index` per name at a time",
        )

    def _rank(
        self,
        live: LiveIndex,
        text: str,
        legs: Sequence[Leg],
        spec: FusionSpec,
        filters: Filters,
        facets: int,
        spelling: bool,
    ) -> Ranking:
        started = time.perf_counter()
        vectors, tokens = self._sides.vectors(text, legs, live.meta), self._sides.tokens(text, legs)
        encode_ms = (time.perf_counter() - started) * 1000
        question = Question(text, vectors, tuple(filters.clauses()), self._window, tokens)
        counted = facets_body(facets) if facets else None
        spelled = spelling_body(text) if spelling and live.spells else None
        answer = self._ask(legs, spec, candidates_body(legs, question, live.shards, counted, spelled))
        hits = answer["hits"]["hits"]
        results = leg_results(hits, spec.legs, self._window)
        used = reweighted(for_query(spec, text, results), results)
        total = answer["hits"]["total"]
        return Ranking(
            fused=fuse(used, results),
            results=results,
            spec=used,
            release=hits[0]["_index"] if hits else live.meta.release,
            total=total["value"],
            total_is_exact=total["relation"] == "eq",
            facets=read_facets(answer["aggregations"]) if facets else None,
            encode_ms=encode_ms,
            server_ms=float(answer["took"]),
            text=text,
            suggested=read_spelling(text, answer["suggest"], live.synonyms) if spelled else None,
        )

    def _ask(self, legs: Sequence[Leg], spec: FusionSpec, body: dict[str, Any]) -> dict[str, Any]:
        params = {}
        if len(legs) > 1:
            params = {"search_pipeline": pipeline_name(spec), "include_named_queries_score": "true"}
        answer: dict[str, Any] = self._client.search(index=self._preflight.name, body=body, params=params)
        check_complete(answer)
        return answer
