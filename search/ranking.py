"""All candidates of one search, fused: what pages are cut from and what evaluation scores."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opensearchpy import NotFoundError, OpenSearch, RequestError

from cluster import translated_errors
from mappings import FusionSpec, IndexMeta, pipeline_name
from records import SearchError
from search.candidates import leg_results
from search.facets import Facets, facets_body, read_facets
from search.filters import Filters
from search.fusion import Fused, LegResult, fuse
from search.legs import Leg, Question, Vector
from search.preflight import LiveIndex, Preflight, QueryEncoder
from search.request import candidates_body

# A release that goes live between check and question costs one more question.
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates, best first.

    Attributes:
        fused: every candidate with its score and contributions.
        results: what each leg found.
        spec: the fusion that made the order.
        release: index that answered.
        total, total_is_exact: as in ``Page``.
        facets: None unless asked for.
        encode_ms, server_ms: time spent on the query's vector, and as OpenSearch ``took``.
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


class Ranker:
    """Asks all legs in one request and fuses what they found; see ``SearchClient`` for the arguments."""

    def __init__(
        self, client: OpenSearch, preflight: Preflight, encoder: QueryEncoder | None, window: int
    ) -> None:
        self._client = client
        self._preflight = preflight
        self._encoder = encoder
        self._window = window

    def rank(
        self, text: str, legs: Sequence[Leg], spec: FusionSpec, filters: Filters, facets: int
    ) -> Ranking:
        """Rank the candidates for a checked question, all from the release that was live when it was asked.

        Raises:
            SearchError: the answer is incomplete, or releases go live faster than they can be checked.
        """
        with translated_errors():
            for _ in range(_ATTEMPTS):
                live = self._preflight.passed(legs, spec)
                try:
                    ranking = self._rank(live, text, legs, spec, filters, facets)
                except (RequestError, NotFoundError):
                    # A new release of another width refuses the vector, one that was just deleted is gone. If
                    # no other release went live, the error stands.
                    self._preflight.forget()
                    if self._preflight.passed(legs, spec) == live:
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
    ) -> Ranking:
        started = time.perf_counter()
        vectors = self._vectors(text, legs, live.meta)
        encode_ms = (time.perf_counter() - started) * 1000
        question = Question(text, vectors, tuple(filters.clauses()), self._window)
        counted = facets_body(facets) if facets else None
        answer = self._ask(legs, spec, candidates_body(legs, question, live.shards, counted))
        hits = answer["hits"]["hits"]
        results = leg_results(hits, spec.legs, self._window)
        total = answer["hits"]["total"]
        return Ranking(
            fused=fuse(spec, results),
            results=results,
            spec=spec,
            release=hits[0]["_index"] if hits else live.meta.release,
            total=total["value"],
            total_is_exact=total["relation"] == "eq",
            facets=read_facets(answer["aggregations"]) if facets else None,
            encode_ms=encode_ms,
            server_ms=float(answer["took"]),
        )

    def _vectors(self, text: str, legs: Sequence[Leg], meta: IndexMeta) -> dict[str, Vector]:
        spaces = {leg.vector_field: meta.spaces[leg.vector_field] for leg in legs if leg.vector_field}
        if self._encoder is None:
            return {}
        return {field: self._encoder.encode_queries([text], space.dims)[0] for field, space in spaces.items()}

    def _ask(self, legs: Sequence[Leg], spec: FusionSpec, body: dict[str, Any]) -> dict[str, Any]:
        params = {}
        if len(legs) > 1:
            params = {"search_pipeline": pipeline_name(spec), "include_named_queries_score": "true"}
        answer: dict[str, Any] = self._client.search(index=self._preflight.name, body=body, params=params)
        if answer["timed_out"] or answer["_shards"]["failed"]:
            failed, shards = answer["_shards"]["failed"], answer["_shards"]["total"]
            raise SearchError(
                f"the answer is incomplete: {failed} of {shards} shards failed",
                fix="see the cluster's health with `aisle status`, then search again",
            )
        return answer
