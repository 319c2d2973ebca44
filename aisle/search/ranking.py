"""All candidates of one search, fused: what pages are cut from and what evaluation scores."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from opensearchpy import OpenSearch

from aisle.cluster import Cluster, translated_errors
from aisle.errors import AisleError, SearchError
from aisle.mappings import FusionSpec, pipeline_name
from aisle.search.facets import Facets, facets_body, read_facets
from aisle.search.filters import Filters
from aisle.search.fusion import Fused, LegResult, fuse, reweighted
from aisle.search.identifiers import Named, exact_body, facets_by_id, on_top, part_numbers, read_exact
from aisle.search.legs import Choice, Leg, QueryEncoders, Question
from aisle.search.page import Correction, MatchType
from aisle.search.preflight import LiveIndex, Preflight
from aisle.search.query_weights import for_query
from aisle.search.request import candidates_body, leg_results
from aisle.search.spelling import corrected, having_body, read_spelling, spelling_body, words_had


def check_complete(answer: Mapping[str, Any]) -> None:
    """Refuse an answer that some shards are missing from: it would look like a smaller catalogue.

    Raises:
        SearchError: how many failed.
    """
    if answer["timed_out"] or answer["_shards"]["failed"]:
        failed, shards = answer["_shards"]["failed"], answer["_shards"]["total"]
        raise SearchError(
            f"the answer is incomplete: {failed} of {shards} shards failed",
            fix="see the cluster's health with `aisle status`, then search again",
        )


# A release that goes live between check and question costs one more question.
_ATTEMPTS = 3
# What a release that is gone, or has other fields, answers.
_REFUSED = (400, 404)


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates, best first.

    Attributes:
        fused: every candidate with its score and contributions.
        results: what each leg found.
        spec: the fusion that made the order, with the weights that it used: see ``aisle.search.fusion``.
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
    path: MatchType = MatchType.LEGS
    suggested: Correction | None = None
    corrected: Correction | None = None
    pinned_first: int = 0


class Ranker:
    """Asks all legs in one request and fuses what they found; see ``SearchClient`` for the arguments."""

    def __init__(self, client: OpenSearch, preflight: Preflight, sides: QueryEncoders, window: int) -> None:
        self._client = Cluster.of(client)
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
                except AisleError as error:
                    if error.status not in _REFUSED:
                        raise
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


def pinned(ranking: Ranking, named: Named) -> Ranking:
    """The items named on top, the rest as they were."""
    if not named.ids:
        return ranking
    return replace(
        ranking,
        fused=on_top(ranking.fused, named.ids, len(ranking.spec.legs)),
        path=MatchType.EXACT,
        pinned_first=len(named.ids),
    )


def alone(text: str, spec: FusionSpec, named: Named, answer: Mapping[str, Any], *, facets: bool) -> Ranking:
    """The one item whose id the query is. No leg was asked, so its score is 0.

    Args:
        text: the query.
        spec: the fusion that would have been asked.
        named: of the one id.
        answer: to ``exact.exact_body``.
        facets: whether facets were asked for.
    """
    return Ranking(
        fused=[Fused(id_, 0.0, (0.0,) * len(spec.legs)) for id_ in named.ids],
        results={leg: LegResult((), ()) for leg in spec.legs},
        spec=spec,
        release=named.release,
        total=1,
        total_is_exact=True,
        facets=read_facets(facets_by_id(answer)) if facets else None,
        encode_ms=0.0,
        server_ms=named.server_ms,
        text=text,
        path=MatchType.EXACT,
        pinned_first=1,
    )


Choose = Callable[[FusionSpec | None], Choice]


@dataclass(frozen=True, slots=True)
class TextOptions:
    """Attributes:
    typos: correct words that no item has, and ask again.
    exact: look for items that the query names by id or part number.
    """

    typos: bool = True
    exact: bool = True


class Finder:
    """Ranks as the legs do, with care for the words of the query, where a leg of words is asked.

    Most queries cost the one request of the `Ranker`. One that looks like a part number costs one more before
    it; one with words that no item has costs one more after it, with several shards two.
    """

    def __init__(self, client: OpenSearch, preflight: Preflight, ranker: Ranker, care: TextOptions) -> None:
        self._client = Cluster.of(client)
        self._preflight = preflight
        self._ranker = ranker
        self._care = care

    def rank(self, text: str, choose: Choose, filters: Filters, facets: int) -> Ranking:
        """See ``Ranker.rank``."""
        live = self._preflight.live()
        legs, spec = choose(live.meta.fusion)
        if all(leg.vector_field is not None for leg in legs):
            return self._ranker.rank(text, choose, filters, facets)
        numbers = part_numbers(text) if self._care.exact else ()
        if not numbers:
            return self._by_legs(text, choose, legs, filters, facets)
        self._preflight.passed(legs, spec)
        counted = facets_body(facets) if facets else None
        answer = self._search(exact_body(text, numbers, filters.clauses(), counted))
        named = read_exact(answer)
        if named.by_id and named.release == live.meta.release:
            return alone(text, spec, named, answer, facets=bool(facets))
        ranking = self._by_legs(text, choose, legs, filters, facets)
        ranking = replace(ranking, server_ms=ranking.server_ms + named.server_ms)
        # A release that went live in between may not have them.
        return pinned(ranking, named) if named.release == ranking.release else ranking

    def _by_legs(
        self, text: str, choose: Choose, legs: Sequence[Leg], filters: Filters, facets: int
    ) -> Ranking:
        ranking = self._ranker.rank(text, choose, filters, facets, spelling=self._care.typos)
        if ranking.suggested is None:
            return ranking
        suggestion, checked_ms = self._missing(text, ranking.suggested)
        spent = replace(ranking, server_ms=ranking.server_ms + checked_ms)
        if suggestion is None:
            return spent
        again = self._ranker.rank(suggestion.text, choose, filters, facets)
        of_words = {leg.name for leg in legs if leg.vector_field is None}
        # With filters, the corrected words may find no more than those typed.
        if not any(found.ids for leg, found in again.results.items() if leg in of_words):
            return spent
        return replace(
            again,
            path=MatchType.CORRECTED,
            corrected=suggestion,
            encode_ms=spent.encode_ms + again.encode_ms,
            server_ms=spent.server_ms + again.server_ms,
        )

    def _missing(self, text: str, suggested: Correction) -> tuple[Correction | None, float]:
        """Without the words that another shard has, and the milliseconds that it took to tell."""
        if self._preflight.live().shards == 1:
            return suggested, 0.0
        answer = self._search(having_body(list(suggested.words)))
        had = words_had(answer)
        missing = {word: better for word, better in suggested.words.items() if word not in had}
        return corrected(text, missing) if missing else None, float(answer["took"])

    def _search(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        with translated_errors():
            answer: Mapping[str, Any] = self._client.search(index=self._preflight.name, body=dict(body))
        check_complete(answer)
        return answer
