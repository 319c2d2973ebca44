"""Carries out the plan of a search: the requests that it costs, one after the other."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from aisle.cluster import Cluster
from aisle.errors import AisleError, InvalidQuery
from aisle.mappings import fields
from aisle.search.answers import check_complete
from aisle.search.arrangement import corrected_ranking, is_crowded, pinned
from aisle.search.facets.counting import completed, counts_body, read_counts
from aisle.search.facets.planning import FacetPlan
from aisle.search.facets.products import products_body, read_products
from aisle.search.facets.results import CountsOf, FacetCounts
from aisle.search.groups import count_body
from aisle.search.identifiers import exact_body, read_exact
from aisle.search.legs import QueryEncoders, Question
from aisle.search.listing import FIRST_CURSOR, KEEP_ALIVE, Cursor, Listing, listing_body, read_cursor
from aisle.search.page import Correction, Matched
from aisle.search.plan import Plan
from aisle.search.ranking import (
    Ranking,
    candidates_params,
    counted_query,
    listed_query,
    plan_body,
    read_listing,
    read_ranking,
)
from aisle.search.rules.asking import missing, pins_body
from aisle.search.spelling import having_body, spelling_body, without_words, words_had
from aisle.search.stored import docvalue_fields, stored_values

_COUNTS_OF: Mapping[Matched, CountsOf] = MappingProxyType(
    {Matched.WORDS: CountsOf.WORDS, Matched.ALL: CountsOf.ALL}
)


class ReleaseChanged(Exception):
    """Another release than the one planned for answered."""


@dataclass(frozen=True, slots=True)
class PlanRunner:
    """Asks the cluster what a plan says.

    Attributes:
        cluster: connection.
        name: alias or index that is asked.
        encoders: of the query.
        threads: for facets, which are counted while candidates are searched for.
    """

    cluster: Cluster
    name: str
    encoders: QueryEncoders
    threads: ThreadPoolExecutor

    def run(self, plan: Plan) -> Ranking:
        """Carry a plan out, but for its facets, see `counted`.

        Most queries cost one request. One that looks like a part number costs one more before it; one with
        words that no item has costs one or two more after it.

        Raises:
            ReleaseChanged: another release than the plan's answered.
        """
        named = None
        if plan.lookup and plan.listing is None:
            body = exact_body(plan.text, plan.numbers, plan.spaced, plan.clauses, plan.stored)
            named = read_exact(self._asked(body))
            if named.all:
                _expect(plan, named.release)
        cursor = self._cursor(plan)
        ranking = self._rank(plan, plan.text, cursor, spelling=plan.spelling)
        if ranking.suggested is not None:
            ranking = self._corrected(plan, ranking, ranking.suggested, cursor)
        if cursor is not None and ranking.listed and ranking.listed.cursor is None:
            self.cluster.delete_pit(body={"pit_id": [cursor.pit]})
        if named:
            ranking = pinned(ranking, named)
        return self._with_rules(plan, ranking)

    def _with_rules(self, plan: Plan, ranking: Ranking) -> Ranking:
        """Looks up the items that rules pin and that no leg found: one more request, if there are any."""
        found = {each.id for each in ranking.fused}
        pins = plan.rules.pins if plan.rules and plan.listing is None else ()
        wanted = [pin.id for pin in pins if pin.id not in found]
        if not wanted:
            return ranking
        answer = self._asked(pins_body(wanted, plan.clauses, docvalue_fields(plan.stored)))
        hits = answer["hits"]["hits"]
        if hits:
            _expect(plan, hits[0]["_index"])
        return replace(
            ranking,
            missing=missing(wanted, answer, plan.release),
            values={**ranking.values, **stored_values(hits)},
            server_ms=ranking.server_ms + float(answer["took"]),
        )

    def _cursor(self, plan: Plan) -> Cursor | None:
        """Where the page of a list that goes by cursor begins; None for other pages."""
        listing = plan.listing
        if listing is None or listing.cursor is None:
            return None
        if listing.cursor != FIRST_CURSOR:
            return read_cursor(listing.cursor, listing, plan.release)
        opened = self.cluster.create_pit(index=plan.release, params={"keep_alive": KEEP_ALIVE})
        return Cursor(plan.release, str(opened["pit_id"]), (), 0, listing.mark)

    def _rank(
        self, plan: Plan, text: str, cursor: Cursor | None = None, *, spelling: bool = False
    ) -> Ranking:
        if plan.listing is not None:
            return self._list(plan, plan.listing, text, cursor, spelling=spelling)
        words = _words(plan, text)
        # While the query is encoded and the legs search.
        counting = self._counting(plan, counted_query(plan, words) if plan.facets else None)
        started = time.perf_counter()
        vectors = self.encoders.vectors(text, plan.legs, plan.live.meta)
        tokens = self.encoders.tokens(text, plan.legs)
        encode_ms = (time.perf_counter() - started) * 1000
        question = replace(words, vectors=vectors, tokens=tokens)
        ranking = self._candidates(plan, question, encode_ms, spelling=spelling)
        if plan.grouped and plan.widest > plan.window and is_crowded(ranking, plan.window):
            wider = replace(plan, window=plan.widest)
            again = replace(question, window=plan.widest)
            narrow, ranking = ranking, self._candidates(wider, again, encode_ms, spelling=spelling)
            ranking = replace(ranking, server_ms=ranking.server_ms + narrow.server_ms)
        return replace(ranking, counts=counting)

    def _candidates(self, plan: Plan, question: Question, encode_ms: float, *, spelling: bool) -> Ranking:
        answer = self._asked(plan_body(plan, question, spelling=spelling), candidates_params(plan.fusion))
        ranking = read_ranking(plan, question, answer, encode_ms)
        _expect(plan, ranking.release)
        return ranking

    def _corrected(self, plan: Plan, typed: Ranking, suggested: Correction, cursor: Cursor | None) -> Ranking:
        """The ranking of the corrected words, or of those typed where that finds nothing."""
        # A word that one shard lacks another may have, and one that is spaced otherwise, or written together
        # with another, is no mistake.
        body = having_body(
            typed.text,
            list(suggested.words),
            plan.live.further_languages,
            compounds=plan.live.compounds,
        )
        answer = self._asked(body)
        correction = without_words(typed.text, suggested, words_had(answer))
        typed = replace(typed, server_ms=typed.server_ms + float(answer["took"]))
        if correction is None:
            return typed
        again = self._rank(plan, correction.text, cursor)
        # With filters, the corrected words may find no more than those typed.
        if again.matched is not Matched.WORDS:
            return typed
        return corrected_ranking(typed, again, correction)

    def counted(self, plan: Plan, ranking: Ranking) -> Ranking:
        """The ranking of `run` with its facets, if any are asked for.

        They are counted in requests of their own: in that of the candidates they would count the nearest
        neighbours along, and no facet could ignore its own filter. A thread has been asking since the search
        began, so whatever else there is to do comes before this.
        """
        if plan.facets is None:
            return ranking
        counts_of = _COUNTS_OF.get(ranking.matched, CountsOf.SHOWN)
        found = ranking.counts.result() if ranking.counts else None
        if found is None or found.facets.counts_of is not counts_of:
            counted = ranking.counted
            if counts_of is CountsOf.SHOWN or counted is None:
                counted = {"ids": {"values": [fused.id for fused in ranking.fused]}}
            found = self._facets(plan, plan.facets, counted, counts_of)
        return replace(
            ranking, facets=found.facets, counts=None, server_ms=ranking.server_ms + found.server_ms
        )

    def _counting(self, plan: Plan, counted: Mapping[str, Any] | None) -> Future[FacetCounts] | None:
        """The facets of these items, which a thread is asking for; None if nothing is to be counted."""
        if plan.facets is None or counted is None:
            return None
        browsed = plan.listing is not None and not plan.listing.searched
        counts_of = CountsOf.ALL if browsed else CountsOf.WORDS
        # In the context of the search: its requests are made under the same id, until the same moment.
        return self.threads.submit(copy_context().run, self._facets, plan, plan.facets, counted, counts_of)

    def _facets(
        self, plan: Plan, asked: FacetPlan, counted: Mapping[str, Any], counts_of: CountsOf
    ) -> FacetCounts:
        """The facets of these items: one request, one more for values that it lacks, and one for products."""
        answer = self._counts(plan, asked, counted)
        found = read_counts(asked, counts_of, answer)
        facets, server_ms = found.facets, float(answer["took"])
        if found.further is not None:
            answer = self._counts(plan, found.further, counted)
            facets = completed(facets, read_counts(found.further, counts_of, answer).facets)
            server_ms += float(answer["took"])
        if plan.grouped:
            body = products_body(plan.live.meta, asked, facets, _left(plan, counted), plan.filters)
            answer = self._asked(body, index=plan.release)
            facets = read_products(asked, facets, answer)
            server_ms += float(answer["took"])
        return FacetCounts(facets, server_ms)

    def _counts(self, plan: Plan, asked: FacetPlan, counted: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return self._asked(counts_body(asked, _left(plan, counted), plan.filters), index=plan.release)
        except AisleError as error:
            if "too many buckets" not in error.message:
                raise
            raise InvalidQuery(
                "these facets have more values together than OpenSearch counts at once",
                fix="ask for fewer values of each, or for fewer facets",
            ) from error

    def _list(
        self, plan: Plan, listing: Listing, text: str, cursor: Cursor | None, *, spelling: bool
    ) -> Ranking:
        """A page of a list. One that goes by cursor is a page of the list as it was when it was begun."""
        question = _words(plan, text)
        query = listed_query(plan, question)
        counting = self._counting(plan, query)
        body = listing_body(listing, query, plan.clauses, cursor, grouped=plan.grouped)
        if plan.grouped:
            body["aggs"] = count_body(plan.live.meta, None)
        if spelling and (suggest := spelling_body(text)):
            body["suggest"] = suggest
        answer = self._asked(body) if cursor is None else self._at_point(body)
        ranking = read_listing(plan, question, answer, cursor)
        _expect(plan, ranking.release)
        return replace(ranking, counts=counting)

    def _at_point(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer from the point in time that the body names."""
        expired = InvalidQuery(
            f"the cursor has expired: a list is remembered for {KEEP_ALIVE} from page to page",
            fix=f"begin again with cursor={FIRST_CURSOR!r}",
        )
        try:
            answer: Mapping[str, Any] = self.cluster.search(body=dict(body))
        except AisleError as error:
            # It is an address from outside: whatever does not work about it is its own fault.
            if error.status not in (400, 404):
                raise
            raise expired from error
        if not answer["_shards"]["total"]:
            raise expired
        check_complete(answer)
        return answer

    def _asked(
        self, body: Mapping[str, Any], params: Mapping[str, str] | None = None, index: str | None = None
    ) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = self.cluster.search(
            index=index or self.name, body=dict(body), params=dict(params or {})
        )
        check_complete(answer)
        return answer


def _left(plan: Plan, counted: Mapping[str, Any]) -> dict[str, Any]:
    """These items, less what rules hide or filter: no facet ignores that, even where a filter says so too."""
    return {"bool": {"filter": [counted, *plan.always]}}


def _words(plan: Plan, text: str) -> Question:
    """The question as the legs of words are asked it."""
    return Question(
        text,
        {},
        plan.clauses,
        plan.window,
        further_languages=plan.live.further_languages,
        compounds=plan.live.compounds,
        layouts={fields.DENSE: plan.live.meta.layout},
    )


def _expect(plan: Plan, release: str) -> None:
    if release != plan.release:
        raise ReleaseChanged(release)
