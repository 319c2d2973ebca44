"""All candidates of one search, fused: what pages are cut from and what evaluation scores. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from aisle.mappings import FusionSpec, fields, pipeline_name
from aisle.mappings.measures import unit_words
from aisle.mappings.vector_types import inner_product
from aisle.search.documents import read_items
from aisle.search.facets.results import FacetCounts, Facets
from aisle.search.fusion import Fused, LegResult, for_query, fuse, reweighted, scaled
from aisle.search.groups import count_body, read_count
from aisle.search.identifiers import named_query
from aisle.search.legs import Leg, Question, words_query
from aisle.search.listing import Cursor, ListedPage, sort_values
from aisle.search.page import Correction, Matched, MatchType
from aisle.search.plan import MAX_CANDIDATES, Plan
from aisle.search.rules.asking import marks, moved, read_factors
from aisle.search.rules.effects import Outcome, RuleEffects
from aisle.search.signals import boosted
from aisle.search.sorting import SortKey
from aisle.search.spelling import read_spelling, spelling_body
from aisle.search.stored import (
    NO_VALUES,
    StoredValues,
    columns_body,
    rows_body,
    stored_values,
    text_hashes,
    with_ids,
)
from aisle.types import Item

NO_ITEMS: Mapping[str, Item] = MappingProxyType({})
_NONE_MISSING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Ranking:
    """All candidates of one search, best first.

    Attributes:
        fused: every candidate with its score and contributions.
        results: what each leg found.
        spec: the fusion that made the order, with the weights that it used: see ``aisle.search.fusion``.
        release: index that answered.
        total, total_is_exact: as in ``Page``.
        facets: None unless asked for.
        encode_ms: spent on the query's vector; server_ms: as OpenSearch ``took``, all requests together.
        text: the query that was searched; a reranker reads this one.
        path: what decided which results come first.
        suggested: words of ``text`` that some shard does not have, and what they may stand for.
        corrected: what was searched instead of what was typed, None if that is what was typed.
        matched: what found the candidates.
        counted: clause of all items that the words match or name, before filters; None without facets, or if
            no leg searches for words.
        counts: facets of ``counted``, which a thread is asking for; None once they are ``facets``.
        excluded: words that no result has, as the query or the request says.
        listed: where a page of a list stands in it; ``fused`` is then that page. None for a search.
        sort: as in `Plan`.
        by_words: candidates that words found, or that the query names.
        pinned_first: how many of ``fused`` are items that the query names. They are on top whatever their
            scores, and a reranker leaves them there.
        values: candidate to the plan's ``stored`` fields, each with its values; fields that an item does not
            have are missing.
        clauses: filters that every candidate passes.
        rules: what rules make of the search; None if they do not act.
        outcomes: what rules did and could not do, without their pins.
        missing: items that rules pin and that cannot be shown, with the reason.
        question: as the legs were asked it, with its vectors; None for a list.
        items: candidate to its document, where these came along.
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
    matched: Matched = Matched.WORDS
    counted: Mapping[str, Any] | None = None
    counts: Future[FacetCounts] | None = None
    pinned_first: int = 0
    excluded: tuple[str, ...] = ()
    listed: ListedPage | None = None
    sort: tuple[SortKey, float] | None = None
    by_words: frozenset[str] = frozenset()
    values: StoredValues = field(default_factory=lambda: NO_VALUES)
    clauses: tuple[dict[str, Any], ...] = ()
    rules: RuleEffects | None = None
    outcomes: tuple[Outcome, ...] = ()
    missing: Mapping[str, str] = field(default_factory=lambda: _NONE_MISSING)
    # Arrays are not compared as one: the text says which question it was.
    question: Question | None = field(default=None, compare=False)
    items: Mapping[str, Item] = field(default_factory=lambda: NO_ITEMS)

    @property
    def sorted_by(self) -> str | None:
        """As in ``Page``."""
        if self.listed is not None:
            return self.listed.sorted_by
        return self.sort[0].title if self.sort else None


def candidates_body(
    legs: Sequence[Leg],
    question: Question,
    shards: int = 1,
    counted: Mapping[str, Any] | None = None,
    spelling: dict[str, Any] | None = None,
    stored: Sequence[str] = (),
    marks: Sequence[dict[str, Any]] = (),
    *,
    shown: bool = False,
) -> dict[str, Any]:
    """Body of the one request that asks all legs.

    ``size`` covers the union of the legs' windows: every candidate comes back with the raw score of each leg
    that matched it, and nothing depends on which of them the server's fusion would have kept. As every shard
    fills the window anew before the server fuses, the union grows with the number of shards. One leg alone
    is asked without ``hybrid``, so it needs no pipeline.

    ``marks`` are clauses with names of their own, which come back with each hit that meets them, whichever
    leg found it; they must add nothing to a score. ``shown`` brings what pages show of each.
    """
    body: dict[str, Any] = {
        **(rows_body(fields.DISPLAY, stored) if shown else columns_body(stored)),
        "track_total_hits": True,
    }
    if len(legs) == 1:
        query = legs[0].query(question)
        body |= {"size": question.window, "query": _marked(query, marks) if marks else query}
    else:
        queries = [_named(leg, question) for leg in legs]
        queries[0]["bool"] |= {"should": list(marks)} if marks else {}
        body["size"] = min(len(legs) * question.window * shards, MAX_CANDIDATES)
        body["query"] = {"hybrid": {"queries": queries, "pagination_depth": question.window}}
    if counted:
        body["aggs"] = counted
    if spelling:
        body["suggest"] = spelling
    return body


def _marked(query: dict[str, Any], marks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"bool": {"must": [query], "should": list(marks)}}


def _named(leg: Leg, question: Question) -> dict[str, Any]:
    # Where `_name` goes differs from query to query; a bool around it names them all alike.
    return {"bool": {"must": [leg.query(question)], "_name": leg.name}}


def candidates_params(fusion: FusionSpec) -> dict[str, str]:
    """URL parameters that go with `candidates_body`."""
    if len(fusion.legs) == 1:
        return {}
    return {"search_pipeline": pipeline_name(fusion), "include_named_queries_score": "true"}


def leg_results(
    hits: Sequence[Mapping[str, Any]],
    legs: Sequence[str],
    window: int,
    texts: Mapping[str, Mapping[str, int]] = MappingProxyType({}),
) -> dict[str, LegResult]:
    """Each leg's own list, rebuilt from the union.

    Args:
        hits: ``hits.hits`` of a hybrid answer with ``matched_queries`` scores, or of a single leg's answer.
        legs: names, in the order asked.
        window: candidates per leg. OpenSearch scores every hit for every leg that matches it, so a hit that
            only the dense leg found can carry a BM25 score from far below BM25's window: that is cut off.
        texts: leg of vectors to the hash of each hit's text. Vectors of one text differ by their jitter alone
            (``indexer.vectors.jittered``), so all hits that have it get the best of their scores, also those
            that another leg found, and are in order of id.

    Returns:
        Leg to at most ``window`` ids, best first; ties in order of id.
    """
    if len(legs) == 1:
        scored = {legs[0]: [(hit["_id"], float(hit["_score"])) for hit in hits]}
    else:
        scored = {leg: [] for leg in legs}
        for hit in hits:
            for leg, score in hit.get("matched_queries", {}).items():
                # Other clauses have names as well.
                if leg in scored:
                    scored[leg].append((hit["_id"], float(score)))
    for leg, hashes in texts.items():
        scored[leg] = _of_texts(scored[leg], hashes)
    return {leg: _best(found, window) for leg, found in scored.items()}


def _of_texts(found: list[tuple[str, float]], hashes: Mapping[str, int]) -> list[tuple[str, float]]:
    scores: dict[int, float] = {}
    for id_, score in found:
        if id_ in hashes:
            scores[hashes[id_]] = max(score, scores.get(hashes[id_], score))
    known = [(id_, scores[text]) for id_, text in hashes.items() if text in scores]
    return known + [(id_, score) for id_, score in found if id_ not in hashes]


def _best(found: list[tuple[str, float]], window: int) -> LegResult:
    found.sort(key=lambda pair: (-pair[1], pair[0]))
    kept = found[:window]
    return LegResult([id_ for id_, _ in kept], [score for _, score in kept])


_COUNTED = "counted"


def counted_query(plan: Plan, question: Question) -> dict[str, Any] | None:
    """Clause of all items that the words match or name, before filters; None if no leg searches for words."""
    words = words_query(plan.legs, question)
    if words is None or not plan.lookup:
        return words
    return {
        "bool": {
            "should": [words, named_query(plan.text, plan.numbers, plan.spaced)],
            "minimum_should_match": 1,
        }
    }


def plan_body(plan: Plan, question: Question, *, spelling: bool) -> dict[str, Any]:
    """Body of the request for a plan's candidates.

    Args:
        plan: of the search.
        question: the plan's text, or a correction of it.
        spelling: ask as well which of its words no item has.
    """
    asked: dict[str, Any] = {}
    if plan.grouped:
        asked = count_body(plan.live.meta, counted_query(plan, question))
    elif not _counts_itself(plan) and (counted := counted_query(plan, question)):
        asked = {_COUNTED: {"filter": counted}}
    spelled = spelling_body(question.text) if spelling else None
    marked = marks(plan.rules, plan.live.further_languages) if plan.rules else ()
    return candidates_body(
        plan.legs, question, plan.live.shards, asked, spelled, plan.stored, marked, shown=plan.brief
    )


def _counts_itself(plan: Plan) -> bool:
    """Whether the candidates tell how many items the words match, with no aggregation that costs time.

    The number of hits is that of the items that any leg matches. Those that only the leg of meaning does are
    all among the candidates, if these are not cut off; a sparse leg matches more items than come back, and so
    does a leg of meaning that is asked for more than the window.
    """
    whole = len(plan.legs) * plan.window * plan.live.shards <= MAX_CANDIDATES
    whole = whole and plan.live.meta.layout.least_k <= plan.window
    return whole and not plan.lookup and all(leg.vector_field != fields.SPARSE for leg in plan.legs)


def read_ranking(plan: Plan, question: Question, answer: Mapping[str, Any], encode_ms: float) -> Ranking:
    """The ranking of an answer to `plan_body`.

    Args:
        plan: of the search.
        question: as `plan_body` was given it.
        answer: complete, see `check_complete`.
        encode_ms: for the record.
    """
    hits, text = with_ids(answer["hits"]["hits"]), question.text
    values = stored_values(hits)
    found = leg_results(hits, plan.fusion.legs, plan.window, _texts(plan, values))
    results = _as_of_floats(plan, found)
    used = reweighted(for_query(plan.fusion, text, results), results)
    total, is_exact = _total(plan, answer)
    at = plan.at or datetime.now(UTC)
    fused = boosted(fuse(used, results), plan.boosts, plan.live.meta, values, at)
    rules = plan.rules
    if rules is not None:
        fused = scaled(fused, "rules", read_factors(rules, hits))
    if plan.least_similarity is not None:
        fused = _similar(plan, fused, results, plan.least_similarity)
    return Ranking(
        fused=fused,
        results=results,
        spec=used,
        release=hits[0]["_index"] if hits else plan.release,
        # Where words match nothing, what is nearest in meaning is all there is.
        total=total or len(fused),
        total_is_exact=is_exact,
        facets=None,
        encode_ms=encode_ms,
        server_ms=float(answer["took"]),
        text=text,
        suggested=_suggested(plan, text, answer),
        sort=plan.sort,
        by_words=frozenset(id_ for leg in plan.word_legs for id_ in results[leg].ids),
        matched=_matched(plan, results) if fused else Matched.NOTHING,
        counted=counted_query(plan, question) if plan.facets else None,
        values=values,
        clauses=plan.clauses,
        excluded=plan.excluded,
        rules=rules,
        outcomes=(*rules.outcomes, *moved(rules, hits)) if rules else (),
        question=question,
        items=read_items(hits) if plan.brief else NO_ITEMS,
    )


def _as_of_floats(plan: Plan, results: Mapping[str, LegResult]) -> dict[str, LegResult]:
    """The legs' lists with dense scores as float32 vectors have them, whatever the release keeps."""
    kept = plan.live.meta.vectors
    dense = plan.dense_legs
    return {
        name: LegResult(found.ids, list(map(kept.score, found.scores))) if name in dense else found
        for name, found in results.items()
    }


def _texts(plan: Plan, values: StoredValues) -> dict[str, Mapping[str, int]]:
    """Dense leg to the hashes of the candidates' texts, by their ids."""
    return dict.fromkeys(plan.dense_legs, text_hashes(values))


def _total(plan: Plan, answer: Mapping[str, Any]) -> tuple[int, bool]:
    """How many items the words match, or name, and whether that is a count."""
    if plan.grouped:
        return read_count(answer["aggregations"])
    if "aggregations" in answer:
        return int(answer["aggregations"][_COUNTED]["doc_count"]), True
    total = int(answer["hits"]["total"]["value"])
    if len(plan.legs) == 1:
        return (total if plan.word_legs else 0), True
    by_words, hits = set(plan.word_legs), answer["hits"]["hits"]
    return total - sum(by_words.isdisjoint(hit.get("matched_queries", ())) for hit in hits), True


def _similar(
    plan: Plan, fused: Sequence[Fused], results: Mapping[str, LegResult], least: float
) -> list[Fused]:
    """The items that words found, and of the others those that are similar enough."""
    kept = {id_ for leg in plan.word_legs for id_ in results[leg].ids}
    for leg in plan.legs:
        if leg.vector_field not in (None, fields.SPARSE):
            found = results[leg.name]
            kept |= {
                id_
                for id_, score in zip(found.ids, found.scores, strict=True)
                if inner_product(score) >= least
            }
    return [item for item in fused if item.id in kept]


def _suggested(plan: Plan, text: str, answer: Mapping[str, Any]) -> Correction | None:
    if "suggest" not in answer:
        return None
    return read_spelling(text, answer["suggest"], plan.live.synonyms | unit_words(text))


def _matched(plan: Plan, results: Mapping[str, LegResult]) -> Matched:
    if any(results[leg].ids for leg in plan.word_legs):
        return Matched.WORDS
    return Matched.MEANING if any(result.ids for result in results.values()) else Matched.NOTHING


_LISTED = "a list keeps the order that it is sorted by"


def read_listing(plan: Plan, question: Question, answer: Mapping[str, Any], cursor: Cursor | None) -> Ranking:
    """The page of a list, from the answer to ``listing.listing_body``. No leg scored it: scores are 0.

    Args:
        plan: with a listing.
        question: the plan's text, or a correction of it.
        answer: complete.
        cursor: where the page begins; None where it goes by its number.
    """
    listing = plan.listing
    if listing is None:
        raise ValueError("a plan without a listing")
    hits, legs = answer["hits"]["hits"], plan.fusion.legs
    total, is_exact = answer["hits"]["total"]["value"], True
    if plan.grouped:
        total, is_exact = read_count(answer["aggregations"])
    shown = listing.first + len(hits) if cursor is None else cursor.shown + len(hits)
    further = None
    if cursor is not None and hits and shown < total:
        further = Cursor(plan.release, cursor.pit, tuple(hits[-1]["sort"]), shown, listing.mark).encoded()
    matched = Matched.WORDS if listing.searched else Matched.ALL
    return Ranking(
        fused=[Fused(hit["_id"], 0.0, (0.0,) * len(legs)) for hit in hits],
        results={leg: LegResult((), ()) for leg in legs},
        spec=plan.fusion,
        release=hits[0]["_index"] if hits else plan.release,
        total=total,
        total_is_exact=is_exact,
        facets=None,
        encode_ms=0.0,
        server_ms=float(answer["took"]),
        text=question.text,
        path=MatchType.SORTED if listing.searched else MatchType.BROWSE,
        suggested=_suggested(plan, question.text, answer),
        matched=matched if total else Matched.NOTHING,
        counted=listed_query(plan, question),
        values=stored_values(hits),
        clauses=plan.clauses,
        rules=plan.rules,
        outcomes=(*plan.rules.outcomes, *plan.rules.passed_over(_LISTED)) if plan.rules else (),
        excluded=plan.excluded,
        listed=ListedPage(
            shown - len(hits),
            total if cursor is not None else min(total, MAX_CANDIDATES),
            further,
            sort_values(listing.keys, hits),
            listing.sorted_by,
        ),
    )


def listed_query(plan: Plan, question: Question) -> Mapping[str, Any]:
    """Clause of what a list holds, before filters."""
    searched = counted_query(plan, question) if plan.listing and plan.listing.searched else None
    return searched or {"match_all": {}}
