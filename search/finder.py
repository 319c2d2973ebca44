"""What happens around the legs: exact ids and part numbers first, words that no item has corrected."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from opensearchpy import OpenSearch

from cluster import translated_errors
from mappings import FusionSpec
from search.choice import Choice
from search.complete import check_complete
from search.correction import Correction
from search.exact import exact_body, read_exact
from search.facets import facets_body
from search.filters import Filters
from search.legs import Leg
from search.missing_words import having_body, words_had
from search.part_numbers import part_numbers
from search.pinned import alone, pinned
from search.preflight import Preflight
from search.ranking import Ranker, Ranking
from search.search_path import SearchPath
from search.spelling import corrected

Choose = Callable[[FusionSpec | None], Choice]


@dataclass(frozen=True, slots=True)
class WordCare:
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

    def __init__(self, client: OpenSearch, preflight: Preflight, ranker: Ranker, care: WordCare) -> None:
        self._client = client
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
            path=SearchPath.CORRECTED,
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
